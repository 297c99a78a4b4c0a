"""The real GIMP, as the tests use it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from session import INSIDE, Session

ENVIRONMENT: Final = {"NO_AT_BRIDGE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
BATCH: Final = (
    "--batch-interpreter",
    "python-fu-eval",
    "-b",
    f"import sys; sys.path.append('{INSIDE}'); import gimp_probe; gimp_probe.serve()",
)
HISTORY_KEY: Final = "ctrl+alt+shift+h"
HISTORY_ACTION: Final = '(action "plug-in-layersplit-history" "<Primary><Alt><Shift>h")\n'
PLUGIN: Final = "layersplit-gimp.py"
SEARCH: Final = "^Search Actions$"
WORKER: Final = "layersplit worker"
DIALOG, PROGRESS, MESSAGE = (
    "^(Split into Layers|In Ebenen zerlegen)$",
    "^Layersplit$",
    "^Layersplit$",
)
FORMS: Final = {
    "NON_LINEAR": {"rgb": "R'G'B'A", "grey": "Y'A"},
    "LINEAR": {"rgb": "RGBA", "grey": "YA"},
    "PERCEPTUAL": {"rgb": "R~G~B~A", "grey": "Y~A"},
}
DEPTHS: Final = {"uint8": "u8", "uint16": "u16", "float16": "half", "float32": "float"}
Tree = list[dict[str, Any]]


class GimpHost(Session):
    """A desktop with GIMP, and its images by the names that a test gives them."""

    def launch(self, *, console: bool = False, **environment: str) -> None:
        """Start GIMP and wait until it answers; without a window when ``console``."""
        self._skip_first_run_dialogs()
        self._give_the_history_a_key()
        program = ("gimp-console", "-i", "-d", "-f") if console else ("gimp", "-n", "-s")
        self.start(*program, *BATCH, **{**ENVIRONMENT, **environment})

    def new_image(
        self,
        name: str,
        pixels: np.ndarray,
        precision: str = "U8_NON_LINEAR",
        *,
        kind: str = "rgb",
        profile: str | None = None,
    ) -> None:
        """An image of one layer with ``pixels``: (h, w, 4), or (h, w, 2) for grey."""
        height, width = pixels.shape[:2]
        path = f"/work/{name}.raw"
        (self.work / f"{name}.raw").write_bytes(pixels.tobytes())
        form = form_of(pixels, precision)
        self.call("new_image", name, width, height, kind, precision, form, path, profile)

    def tree(self, name: str) -> Tree:
        """The layers, bottom first."""
        tree: Tree = self.call("tree", name)
        return tree

    def groups(self, name: str) -> Tree:
        """The groups at the top level, bottom first."""
        return [node for node in self.tree(name) if node["type"] == "group"]

    def picture(
        self, name: str, like: np.ndarray, precision: str = "U8_NON_LINEAR", *, top: bool = False
    ) -> np.ndarray:
        """What the image (or its ``top`` layer alone) shows, in the form of ``like``."""
        self.call("picture", name, form_of(like, precision), "/work/shown.raw", top)
        content = (self.work / "shown.raw").read_bytes()
        return np.frombuffer(content, like.dtype).reshape(like.shape)

    def selection(self, name: str, like: np.ndarray) -> np.ndarray:
        """The selection as (h, w) u8 of the size of ``like``."""
        self.call("selection", name, "/work/selection.raw")
        content = (self.work / "selection.raw").read_bytes()
        return np.frombuffer(content, np.uint8).reshape(like.shape[:2])

    def split(self, name: str, drawables: list[str] | None = None, **values: object) -> None:
        """Call the procedure without a user; it must succeed."""
        named = {key.replace("_", "-"): value for key, value in values.items()}
        success, error = self.call("split", name, named, drawables)
        assert success, error

    def main_window(self) -> str:
        """The id of GIMP's window, once it is there."""
        return self.wait_until("GIMP's window", lambda: self.windows("GIMP$"))[0]

    def press_in_gimp(self, keys: str) -> None:
        """Press keys over the picture."""
        self.press(keys, window=self.main_window())

    def choose_action(self, label: str) -> None:
        """Find an entry of GIMP's menus by the words in it, in the user's language, and choose it.

        GIMP's own search is what a test can reach; a menu opens at another place in each version.
        """
        self.press_in_gimp("slash")
        window = self.wait_until("the search", lambda: self.windows(SEARCH))[0]
        self.run("xdotool", "windowfocus", "--sync", window, "type", label)
        time.sleep(1.0)  # it searches while one types
        self.press("Return", window=window)

    def wait_until_idle(self) -> None:
        """Until no call of the plug-in is left: a key pressed a moment too early is lost."""
        self.wait_until("no plug-in runs", lambda: not self.do("processes", PLUGIN), 90)

    def _give_the_history_a_key(self) -> None:
        """A user can; a test cannot reach a menu by its place."""
        for file in (self.work / ".config/GIMP").glob("3.*/shortcutsrc"):
            text = file.read_text(encoding="utf-8")
            if HISTORY_ACTION not in text:
                file.write_text(text + HISTORY_ACTION, encoding="utf-8")

    def _skip_first_run_dialogs(self) -> None:
        for folder in (self.work / ".config/GIMP").glob("3.*"):
            version = self.run("gimp-console", "--version")[1].split()[-1]
            file = folder / "gimprc"
            text = f'(config-version "{version}")\n(show-welcome-dialog no)\n(check-updates no)\n'
            if not file.exists() or text not in file.read_text(encoding="utf-8"):
                file.write_text(text, encoding="utf-8")  # a new one makes GIMP query all plug-ins


def needs_gimp(root: Path) -> None:
    """Skip the test where the root has no GIMP."""
    if not (root / "usr/bin/gimp").exists():
        pytest.skip(f"There is no GIMP in the root '{root.name}'.")


def form_of(pixels: np.ndarray, precision: str) -> str:
    """The babl format of ``pixels`` in an image of ``precision``."""
    curve = precision.partition("_")[2]
    model = "grey" if pixels.shape[-1] == 2 else "rgb"
    return f"{FORMS[curve][model]} {DEPTHS[pixels.dtype.name]}"


def home_of(session: Session) -> Path:
    """Layersplit's data folder."""
    return session.work / ".local/share/layersplit"
