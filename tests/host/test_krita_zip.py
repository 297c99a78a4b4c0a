"""The plug-in as one zip, by Krita's own importer, in a profile in which install.py never ran."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from homes import add_probe
from krita_host import DIALOG, KritaHost, home_of
from pictures import poster, to_bgra
from session import Session

IMPORTER = "/usr/share/krita/pykrita/plugin_importer/plugin_importer.py"
IMPORT = f"""
import builtins, runpy
builtins.i18n = str  # as inside Krita
runpy.run_path({IMPORTER!r}, run_name="__main__")
"""
RESOURCES = "/work/.local/share/krita"
MESSAGE = "layersplit_message"


@pytest.fixture(scope="module")
def imported(
    krita_place: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with nothing but what the importer has put there, and switched on as it does."""
    root, _, wheels = krita_place
    home = tmp_path_factory.mktemp("zip")
    with contextlib.closing(Session(root, home, wheels, name="import")) as session:
        status, said, errors = session.run("python3", "/repository/install.py", "--zip", "/work")
        assert status == 0, errors
        (parcel,) = [line for line in said.splitlines() if "krita" in line]
        session.run("mkdir", "-p", RESOURCES, "/work/.config")
        status, said, errors = session.run("python3", "-c", IMPORT, parcel, RESOURCES)
        assert (status, said) == (0, "Imported plugin: Layersplit\n"), errors
    switch = "[python]\nenable_layersplit_krita=true\n"
    (home / ".config" / "kritarc").write_text(switch, encoding="utf-8")
    add_probe(home)
    return home


@pytest.fixture(scope="module")
def desktop(imported: Path, krita_place: tuple[Path, Path, Path]) -> Iterator[KritaHost]:
    root, _, wheels = krita_place
    with contextlib.closing(KritaHost(root, imported, wheels, name="krita-zip")) as krita:
        krita.launch(PIP_NO_INDEX="1", PIP_FIND_LINKS="/wheels")
        yield krita


def test_the_imported_plugin_sets_itself_up_and_splits(desktop: KritaHost) -> None:
    krita = desktop
    assert krita.call("shortcut", "layersplit_split") == "Ctrl+Shift+K"
    pixels = to_bgra(poster())
    krita.new_document("zip", pixels)
    krita.call("trigger", "layersplit_split")
    krita.wait_until("the reason", lambda: "is not there" in krita.text(DIALOG))
    krita.call("press_button", DIALOG, "Set Up")
    krita.wait_until("ready", lambda: krita.call("is_button_enabled", DIALOG, "Split"), 600)
    krita.call("press_button", DIALOG, "Split")
    krita.wait_for_groups("zip", 1)
    assert np.array_equal(krita.picture_of_top("zip", pixels), pixels)
    assert (home_of(krita) / "install.json").is_file()


def test_a_copy_without_its_sources_says_that_it_cannot_be_set_up(desktop: KritaHost) -> None:
    krita = desktop
    vendored = f"{RESOURCES}/pykrita/layersplit_krita/_vendor"
    krita.run("rm", "-r", f"{vendored}/layersplit-source", str(krita_record(krita)))
    krita.new_document("bare", to_bgra(poster()))
    krita.call("stop_worker")
    krita.call("trigger", "layersplit_split")
    krita.wait_until("the reason", lambda: "is not there" in krita.text(DIALOG))
    krita.call("press_button", DIALOG, "Set Up")
    krita.wait_until("a message", lambda: krita.window(MESSAGE))
    assert "came without the part that splits pictures" in krita.text(MESSAGE)
    assert "python3 install.py" in krita.window(MESSAGE)["details"]
    krita.call("close_windows")


def krita_record(krita: KritaHost) -> str:
    """install.json as the root sees it."""
    return f"/work/{(home_of(krita) / 'install.json').relative_to(krita.work)}"
