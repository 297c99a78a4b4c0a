"""The pictures of docs/: dialog, progress, result and history in the real Krita and the real GIMP.

    .test-env/bin/python tests/host/screenshots.py              into docs/pictures
    .test-env/bin/python tests/host/screenshots.py FOLDER de    elsewhere, in another language

Made in a root file system of tests/host/roots.py, with the picture that comes with Layersplit.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gimp_host import DIALOG as GIMP_DIALOG
from gimp_host import PROGRESS as GIMP_PROGRESS
from gimp_host import GimpHost
from homes import installed_home
from krita_host import DIALOG, PROGRESS, KritaHost
from PIL import Image
from roots import root_for
from session import HOME, REPOSITORY, Session
from wheels import wheels_for

PICTURES: Final = REPOSITORY / "docs" / "pictures"
SAMPLE: Final = REPOSITORY / "core/layersplit/samples/poster.png"
SIZE: Final = ("1400", "860")
COLOURS: Final = 255


class Camera:
    """Keeps parts of the screen as small PNG files in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(
        self, session: Session, name: str, window: str | None = None, width: int | None = None
    ) -> None:
        """The screen, or one window with its frame; ``width``: made smaller to that."""
        picture = Image.open(session.screenshot(name)).convert("RGB")
        if window is not None:
            picture = picture.crop(frame_of(session, window))
        if width is not None and picture.width > width:
            height = round(picture.height * width / picture.width)
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        small = picture.quantize(COLOURS, kmeans=4, dither=Image.Dither.FLOYDSTEINBERG)
        path = self._folder / f"{name}.png"
        small.save(path, optimize=True)
        print(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size // 1000} kB")


def frame_of(session: Session, window: str) -> tuple[int, int, int, int]:
    """Where a window is on the screen, with its title bar."""
    said = session.run("xwininfo", "-id", window)[1]
    shape = re.findall(r"(?:Absolute upper-left [XY]|Width|Height): +(\d+)", said)
    x, y, width, height = map(int, shape)
    left, right, top, bottom = borders_of(session, window)
    return x - left, y - top, x + width + right, y + height + min(bottom, left)


def borders_of(session: Session, window: str) -> tuple[int, int, int, int]:
    """What the window manager adds: left, right, top, bottom."""
    said = session.run("xprop", "-id", window, "_NET_FRAME_EXTENTS")[1]
    if "=" not in said:
        return 0, 0, 0, 0
    left, right, top, bottom = (int(value) for value in said.split("=")[1].split(","))
    return left, right, top, bottom


def language() -> dict[str, str]:
    """The variable for another language than English."""
    return {"LANGUAGE": sys.argv[2]} if len(sys.argv) > 2 else {}


def sample_in(session: Session) -> str:
    """The sample in the user's home, where it can be written to, as a user's picture can."""
    shutil.copy(SAMPLE, session.work / SAMPLE.name)
    return f"{HOME}/{SAMPLE.name}"


def drag(session: Session, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag with the mouse, slowly enough for every toolkit."""
    for action in (
        ("mousemove", *start), ("mousedown", 1), ("mousemove_relative", "--", -3, -3),
        ("mousemove", *end), ("mouseup", 1),
    ):  # fmt: skip
        session.run("xdotool", *map(str, action))
        time.sleep(0.3)


def only(session: Session, title: str) -> str:
    """The window with this title, once it is there."""
    return session.wait_until(title, lambda: session.windows(title))[-1]


def in_krita(krita: KritaHost, camera: Camera) -> None:
    """Everything in Krita."""
    krita.launch(**language())
    krita.call("open_document", "poster", sample_in(krita))
    krita.run("xdotool", "mousemove", "700", "930")
    krita.ask()
    time.sleep(1)
    title = krita.window(DIALOG)["title"]
    camera.take(krita, "krita-dialog", only(krita, f"^{title}"))
    krita.call("choose", DIALOG, "fal")
    krita.call("open_fold", DIALOG)
    time.sleep(1)
    camera.take(krita, "krita-dialog-service", only(krita, f"^{title}"))
    krita.call("choose_row", DIALOG, 0)
    krita.press("Return")
    krita.wait_until("progress", lambda: krita.window(PROGRESS))
    krita.wait_until("work", lambda: "0:0" in krita.text(PROGRESS))
    time.sleep(1.5)
    camera.take(krita, "krita-progress", only(krita, "^Layersplit$"))
    krita.wait_for_groups("poster", 1)
    krita.call("unfold_group", "poster")
    krita.call("show_docker", "layersplit_history")
    for docker in ("ColorSelectorNg", "PresetDocker", "sharedtooldocker"):
        krita.call("hide_docker", docker)
    krita.call("widen_docker", "KisLayerBox", 330)  # whole names
    time.sleep(6)  # the message over the canvas goes
    camera.take(krita, "krita-layers", krita.call("main_window_id"), width=1100)


def in_gimp(gimp: GimpHost, camera: Camera) -> None:
    """Everything in GIMP."""
    gimp.launch(**language())
    gimp.run("gimp", "-s", sample_in(gimp))
    gimp.wait_until("it is open", lambda: gimp.call("adopt_newest", "poster"))
    gimp.run("xdotool", "mousemove", "700", "930")
    window = gimp.wait_until("its title", lambda: gimp.windows("poster"))[0]
    gimp.run("xdotool", "windowsize", window, *SIZE)
    gimp.run("xdotool", "windowmove", window, "4", "24")
    time.sleep(1)
    gimp.press_in_gimp("ctrl+shift+j")  # the whole picture in the window
    time.sleep(1)
    gimp.press_in_gimp("ctrl+shift+k")
    window = gimp.wait_until("the dialog", lambda: gimp.windows(GIMP_DIALOG))[0]
    time.sleep(3)
    camera.take(gimp, "gimp-dialog", window)
    gimp.press("Return")
    window = gimp.wait_until("progress", lambda: gimp.windows(GIMP_PROGRESS))[0]
    time.sleep(2.5)
    camera.take(gimp, "gimp-progress", window)
    gimp.wait_until("a group", lambda: gimp.groups("poster"), 90)
    gimp.wait_until_idle()
    drag(gimp, (1170, 487), (1050, 487))  # whole names in the list of layers
    drag(gimp, (1230, 524), (1230, 210))  # and all of them
    gimp.run("xdotool", "mousemove", "700", "930")
    time.sleep(1)
    camera.take(gimp, "gimp-layers", gimp.main_window(), width=1100)


@contextlib.contextmanager
def place() -> Iterator[tuple[Path, Path, Path]]:
    """A root, a home of its own in which install.py has run, and wheels."""
    root = root_for("trixie")
    wheels = wheels_for(root)
    with installed_home("trixie", f"screenshots-{os.getpid()}", root, wheels) as home:
        yield root, home, wheels


def main() -> None:
    """Take all of them."""
    camera = Camera(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
    with place() as (root, home, wheels):
        for host, name, look in ((KritaHost, "krita", in_krita), (GimpHost, "gimp", in_gimp)):
            with contextlib.closing(host(root, home, wheels, name=f"shots-{name}")) as session:
                look(session, camera)


if __name__ == "__main__":
    main()
