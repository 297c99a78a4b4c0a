"""The real GIMP with its window: keys, dialog, progress, and what can happen in the middle."""

from __future__ import annotations

import time

import numpy as np
import pytest
from gimp_host import DIALOG, MESSAGE, PLUGIN, PROGRESS, WORKER, GimpHost, home_of
from pictures import poster
from PIL import Image

PLACE = "Bilder/Plakat für Ümit"


def open_picture(gimp: GimpHost, name: str, size: tuple[int, int], seed: int = 1) -> np.ndarray:
    """Show a poster as a picture from a file."""
    pixels = poster(size, seed)
    folder = gimp.work / PLACE
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., :3]).save(folder / f"{name} ✓.png")
    gimp.run("gimp", "-s", f"/work/{PLACE}/{name} ✓.png")  # hands it to the GIMP that runs
    gimp.wait_until("it is open", lambda: gimp.call("adopt_newest", name))
    gimp.run("xdotool", "mousemove", "700", "900")
    gimp.wait_until("its title", lambda: gimp.windows(f"{name} ✓"))
    time.sleep(0.5)  # a key pressed before the canvas has the focus is lost
    return pixels


def ask(gimp: GimpHost) -> str:
    """Press the shortcut and wait for the dialog; returns its window."""
    gimp.press_in_gimp("ctrl+shift+k")
    return gimp.wait_until("the dialog", lambda: gimp.windows(DIALOG))[0]


def close(gimp: GimpHost, name: str) -> None:
    """Close the image in front, without a question."""
    gimp.wait_until_idle()
    close_now(gimp, name)


def close_now(gimp: GimpHost, name: str) -> None:
    gimp.call("forget_changes", name)
    gimp.press_in_gimp("ctrl+w")
    gimp.wait_until("it is closed", lambda: not gimp.call("is_open", name))


def is_running(gimp: GimpHost) -> bool:
    return bool(gimp.do("processes", PLUGIN))


def test_the_shortcut_and_enter_give_a_group_which_one_undo_takes_away(
    gimp_window: GimpHost,
) -> None:
    gimp = gimp_window
    pixels = open_picture(gimp, "Größe", (900, 600))
    ask(gimp)
    gimp.screenshot("dialog")
    gimp.press("Return")
    gimp.wait_until("a group", lambda: gimp.groups("Größe"), 90)
    gimp.wait_until_idle()
    gimp.screenshot("layers")
    original, group = gimp.tree("Größe")
    assert group["name"] == "Größe ✓ (layers)"
    assert len(group["children"]) >= 3
    assert len({layer["name"] for layer in group["children"]}) == len(group["children"])
    assert original["visible"]
    assert np.array_equal(gimp.picture("Größe", pixels, top=True)[..., :3], pixels[..., :3])
    gimp.press_in_gimp("ctrl+z")
    gimp.wait_until("one undo", lambda: len(gimp.tree("Größe")) == 1)
    gimp.press_in_gimp("ctrl+y")
    gimp.wait_until("redo", lambda: len(gimp.tree("Größe")) == 2)
    assert gimp.tree("Größe")[-1]["children"] == group["children"]
    assert np.array_equal(gimp.picture("Größe", pixels, top=True)[..., :3], pixels[..., :3])
    close(gimp, "Größe")


def test_escape_leaves_the_dialog_without_a_run(gimp_window: GimpHost) -> None:
    gimp = gimp_window
    open_picture(gimp, "escape", (400, 300))
    ask(gimp)
    gimp.press("Escape")
    gimp.wait_until("it is gone", lambda: not is_running(gimp))
    assert len(gimp.tree("escape")) == 1
    assert not gimp.do("processes", WORKER)
    close(gimp, "escape")


@pytest.mark.parametrize("wait_s", [0.2, 2.5])
def test_cancel_ends_a_run_within_two_seconds(gimp_window: GimpHost, wait_s: float) -> None:
    gimp = gimp_window
    open_picture(gimp, "cancel", (3000, 2000))
    ask(gimp)
    gimp.press("Return")
    window = gimp.wait_until("progress", lambda: gimp.windows(PROGRESS))[0]
    time.sleep(wait_s)
    gimp.screenshot("progress")
    start = time.monotonic()
    gimp.press("Escape", window=window)
    gimp.wait_until("no worker", lambda: not gimp.do("processes", WORKER))
    assert time.monotonic() - start < 3
    gimp.wait_until_idle()
    assert len(gimp.tree("cancel")) == 1
    assert not list((home_of(gimp) / "work").glob("job-*"))
    close(gimp, "cancel")


def test_an_image_that_is_closed_meanwhile_loses_nothing(gimp_window: GimpHost) -> None:
    gimp = gimp_window
    pixels = open_picture(gimp, "closed", (1500, 1000))
    ask(gimp)
    gimp.press("Return")
    gimp.wait_until("a worker", lambda: gimp.do("processes", WORKER))
    gimp.wait_until("it has the picture", lambda: _is_read(gimp))
    close_now(gimp, "closed")
    window = gimp.wait_until("a question", lambda: _question(gimp), 90)
    gimp.screenshot("closed")
    gimp.press("Return", window=window)  # open as a new image
    gimp.wait_until("a new image", lambda: gimp.call("adopt_newest", "new"))
    gimp.wait_until("its layers", lambda: gimp.groups("new"))
    gimp.wait_until_idle()
    assert np.array_equal(gimp.picture("new", pixels)[..., :3], pixels[..., :3])


def _is_read(gimp: GimpHost) -> bool:
    files = list((home_of(gimp) / "work").glob("job-*/source.raw"))
    return bool(files) and files[0].stat().st_size == 1500 * 1000 * 4


def _question(gimp: GimpHost) -> str | None:
    """The window that is no progress any more: it is wider."""
    for window in gimp.windows(MESSAGE):
        shape = gimp.run("xdotool", "getwindowgeometry", "--shell", window)[1]
        values = dict(line.split("=") for line in shape.splitlines())
        if int(values["WIDTH"]) > 430:
            return window
    return None


def test_a_killed_gimp_leaves_no_process_behind(gimp_window: GimpHost) -> None:
    gimp = gimp_window
    open_picture(gimp, "killed", (3000, 2000))
    ask(gimp)
    gimp.press("Return")
    gimp.wait_until("a worker", lambda: gimp.do("processes", WORKER))
    time.sleep(1.0)
    gimp.do("kill", "SIGKILL")
    gimp.wait_until("no worker", lambda: not gimp.do("processes", WORKER), 3)
    gimp.wait_until("no plug-in", lambda: not is_running(gimp), 3)
