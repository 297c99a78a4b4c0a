"""The real Krita, as the tests use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from session import HostError, Session

SRGB: Final = "sRGB-elle-V2-srgbtrc.icc"
ENVIRONMENT: Final = {
    "QT_QPA_PLATFORM": "xcb",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
DIALOG, PROGRESS, MESSAGE = "layersplit_dialog", "layersplit_progress", "layersplit_message"
DTYPES: Final = {"U8": np.uint8, "U16": np.uint16, "F16": np.float16, "F32": np.float32}
Tree = list[dict[str, Any]]


class KritaHost(Session):
    """A desktop with Krita, and its documents by the names that a test gives them."""

    def launch(self, **environment: str) -> None:
        """Start Krita and wait until it answers."""
        self.start("krita", "--nosplash", **{**ENVIRONMENT, **environment})
        self.call("resize_main_window", 1440, 860)

    def new_document(
        self, name: str, pixels: np.ndarray, space: tuple[str, str, str] = ("RGBA", "U8", SRGB)
    ) -> None:
        """Show ``pixels``, (h, w, channels) as Krita orders them, as a document of one layer."""
        height, width = pixels.shape[:2]
        path = self._give(f"{name}.raw", pixels.tobytes())
        self.call("new_document", name, width, height, space, path)

    def tree(self, name: str) -> Tree:
        """The layers, bottom first."""
        tree: Tree = self.call("tree", name)
        return tree

    def groups(self, name: str) -> Tree:
        """The groups at the top level, bottom first."""
        return [node for node in self.tree(name) if node["type"] == "grouplayer"]

    def picture(self, name: str, like: np.ndarray) -> np.ndarray:
        """What the document shows, in the form of ``like``."""
        self.call("picture", name, "/work/picture.raw")
        return self._taken("picture.raw", like)

    def shown_picture(self, name: str) -> np.ndarray:
        """What a person sees: (h, w, 4) u8, R G B A in sRGB."""
        width, height = self.call("shown_picture", name, "/work/shown.raw")
        return self._taken("shown.raw", np.empty((height, width, 4), np.uint8))

    def picture_of_top(self, name: str, like: np.ndarray) -> np.ndarray:
        """What the topmost node gives alone, over nothing."""
        self.call("picture_of_top", name, "/work/top.raw")
        return self._taken("top.raw", like)

    def select(self, name: str, box: list[int], mask: np.ndarray | None = None) -> None:
        """Select a box, or the u8 ``mask`` in it."""
        path = None if mask is None else self._give("selection.raw", mask.tobytes())
        self.call("select", name, box, path)

    def ask(self) -> None:
        """Choose "Split into Layers…" and wait for the dialog, with the worker's list in it."""
        self.call("trigger", "layersplit_split")
        self.wait_until("the dialog is there", lambda: self.window(DIALOG))
        self.wait_until("its list is there", lambda: "fal" in self.call("entries", DIALOG))

    def split_again(self, name: str, groups: int = 1, seconds: float = 60) -> None:
        """Split with the last settings and wait for the group."""
        self.call("trigger", "layersplit_again")
        self.wait_for_groups(name, groups, seconds)

    def wait_for_groups(self, name: str, count: int, seconds: float = 60) -> None:
        """Until the document has ``count`` groups at the top level, and nothing runs any more."""

        def arrived() -> bool:
            self._complain()
            return bool(self.call("group_count", name) == count)

        self.wait_until(f"{count} groups", arrived, seconds)
        self.wait_until("no progress", lambda: not self.window(PROGRESS))

    def window(self, name: str) -> dict[str, Any] | None:
        """One of our windows, when it is visible."""
        return next((window for window in self.call("windows") if window["name"] == name), None)

    def text(self, name: str) -> str:
        """The sentences in a window; empty when it is not there."""
        window = self.window(name)
        return "" if window is None else str(window["text"])

    def undo(self) -> None:
        """Edit > Undo, once."""
        self.call("trigger", "edit_undo")

    def redo(self) -> None:
        """Edit > Redo, once."""
        self.call("trigger", "edit_redo")

    def _complain(self) -> None:
        message = self.window(MESSAGE)
        if message is not None:
            self.screenshot("message")
            raise HostError(f"Krita shows: {message['text']}")

    def _give(self, name: str, content: bytes) -> str:
        (self.work / name).write_bytes(content)
        return f"/work/{name}"

    def _taken(self, name: str, like: np.ndarray) -> np.ndarray:
        content = (self.work / name).read_bytes()
        return np.frombuffer(content, like.dtype).reshape(like.shape)


def home_of(session: Session) -> Path:
    """Layersplit's data folder."""
    return session.work / ".local/share/layersplit"
