"""The plug-in as one zip, unpacked into a GIMP profile in which install.py never ran."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gimp_host import DIALOG, PLUGIN, GimpHost, home_of
from session import Session
from test_gimp_window import close, open_picture

SETTING_UP = "^Setting up Layersplit$"


@pytest.fixture(scope="module")
def unpacked(gimp_place: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with nothing but the plug-in's folder, as ``unzip`` leaves it."""
    root, _, wheels = gimp_place
    home = tmp_path_factory.mktemp("zip")
    with contextlib.closing(Session(root, home, wheels, name="unpack")) as session:
        status, said, errors = session.run("python3", "/repository/install.py", "--zip", "/work")
        assert status == 0, errors
        (parcel,) = [line for line in said.splitlines() if "gimp" in line]
        version = session.run("gimp-console", "--version")[1].split()[-1]
        place = home / ".config/GIMP" / version.rpartition(".")[0] / "plug-ins"
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(home / Path(parcel).name) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, place))
            path.chmod(entry.external_attr >> 16 & 0o777 or 0o755)
    return home


@pytest.fixture(scope="module")
def gimp(unpacked: Path, gimp_place: tuple[Path, Path, Path]) -> Iterator[GimpHost]:
    root, _, wheels = gimp_place
    with contextlib.closing(GimpHost(root, unpacked, wheels, name="gimp-zip")) as session:
        session.launch(PIP_NO_INDEX="1", PIP_FIND_LINKS="/wheels")
        yield session


def test_the_unpacked_plugin_sets_itself_up_and_splits(gimp: GimpHost) -> None:
    pixels = open_picture(gimp, "zip", (480, 320))
    gimp.choose_action("Split into Layers")
    window = gimp.wait_until("the dialog", lambda: gimp.windows(DIALOG))[0]
    gimp.screenshot("not-set-up")
    gimp.press("alt+u", window=window)  # Set Up…
    gimp.wait_until("set-up", lambda: gimp.windows(SETTING_UP))
    gimp.wait_until("done", lambda: not gimp.windows(SETTING_UP), 600)
    assert (home_of(gimp) / "install.json").is_file()
    assert gimp.do("processes", PLUGIN)  # the dialog waits for the user

    def started() -> bool:
        gimp.press("Return", window=window)  # once the list of providers has come
        return not gimp.windows(DIALOG)

    gimp.wait_until("it starts", started)
    gimp.wait_until("a group", lambda: gimp.groups("zip"), 90)
    gimp.wait_until_idle()
    assert np.array_equal(gimp.picture("zip", pixels, top=True)[..., :3], pixels[..., :3])
    close(gimp, "zip")
