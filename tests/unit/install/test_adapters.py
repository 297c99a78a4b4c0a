import os
import shutil

import pytest

from layersplit.bridge.setup.adapters import UNDOERS, Adapters, moved_home, remove_strays
from layersplit.bridge.setup.ledger import Ledger
from layersplit.bridge.setup.places import GimpPlace, KritaPlace
from layersplit.bridge.setup.source import Source

SHORTCUT = '(action "plug-in-layersplit" "<Primary><Shift>k")\n'


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(autouse=True)
def usual_home(monkeypatch):
    monkeypatch.delenv("LAYERSPLIT_HOME", raising=False)


@pytest.fixture
def source(tmp_path):
    """The smallest checkout that has all parts."""
    root = tmp_path / "checkout"
    write(root / "core/layersplit/__init__.py", '__version__ = "1"\n')
    write(root / "core/layersplit/split.py", "import numpy\n")
    write(root / "core/layersplit/bridge/__init__.py")
    write(root / "core/layersplit/bridge/messages.py")
    write(root / "core/layersplit/bridge/__pycache__/messages.pyc")
    write(root / "krita_plugin/layersplit_krita.desktop", "[Desktop Entry]\n")
    write(root / "krita_plugin/layersplit_krita.action", "<ActionCollection/>\n")
    write(root / "krita_plugin/layersplit_krita/__init__.py", "krita")
    write(root / "gimp_plugin/layersplit-gimp/layersplit-gimp.py", "#!/usr/bin/env python3\n")
    write(root / "gimp_plugin/layersplit-gimp/layersplit_gimp/__init__.py", "gimp")
    return Source(root)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "data" / "written.json", tmp_path / "data" / "backups", UNDOERS)


@pytest.fixture
def krita(tmp_path):
    return KritaPlace("named", tmp_path / "krita", tmp_path / "kritarc")


@pytest.fixture
def gimp(tmp_path):
    return GimpPlace("named", tmp_path / "GIMP" / "3.0")


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


VENDORED = [
    "_vendor/layersplit/__init__.py",
    "_vendor/layersplit/bridge/__init__.py",
    "_vendor/layersplit/bridge/messages.py",
]


def test_krita_gets_its_plug_in_with_the_bridge_and_nothing_more(source, ledger, krita):
    Adapters(source, ledger).install_krita(krita)
    plugin = krita.resources / "pykrita" / "layersplit_krita"
    assert set(names(plugin)) == {"__init__.py", *VENDORED}
    assert names(krita.resources / "actions") == ["layersplit_krita.action"]
    assert krita.kritarc.read_text() == "[python]\nenable_layersplit_krita=true\n"


def test_gimps_program_is_executable_and_its_shortcut_is_set(source, ledger, gimp):
    Adapters(source, ledger).install_gimp(gimp, running=False)
    plugin = gimp.folder / "plug-ins" / "layersplit-gimp"
    bridge = {"layersplit_gimp/" + name for name in VENDORED}
    assert set(names(plugin)) == {"layersplit-gimp.py", "layersplit_gimp/__init__.py", *bridge}
    assert os.name == "nt" or os.access(plugin / "layersplit-gimp.py", os.X_OK)
    assert (gimp.folder / "shortcutsrc").read_text() == "(file-version 1)\n" + SHORTCUT


def test_a_running_gimp_keeps_its_shortcuts_and_the_person_is_told(source, ledger, gimp):
    said = Adapters(source, ledger).install_gimp(gimp, running=True)
    assert not (gimp.folder / "shortcutsrc").exists()
    assert "close it and run install.py again" in " ".join(said)
    assert "Ctrl+Shift+K" in Adapters(source, ledger).install_gimp(gimp, running=False)


def test_the_owner_of_a_taken_key_is_named(source, ledger, gimp):
    text = '(file-version 1)\n(action "layers-new" "<Primary><Shift>k")\n'
    write(gimp.folder / "shortcutsrc", text)
    said = Adapters(source, ledger).install_gimp(gimp, running=False)
    assert "belongs to 'layers-new'" in " ".join(said)
    assert (gimp.folder / "shortcutsrc").read_text() == text


def test_a_second_time_is_up_to_date(source, ledger, krita, gimp):
    adapters = Adapters(source, ledger)
    adapters.install_krita(krita)
    adapters.install_gimp(gimp, running=False)
    assert adapters.install_krita(krita)[:2] == ["plug-in up to date", "on"]
    assert adapters.install_gimp(gimp, running=False)[0] == "plug-in up to date"


def test_an_earlier_plug_in_from_a_zip_comes_back(source, ledger, krita):
    write(krita.resources / "pykrita/layersplit_krita/__init__.py", "from a zip")
    write(krita.kritarc, "[python]\nenable_layersplit_krita=false\n")
    Adapters(source, ledger).install_krita(krita)
    assert "=true" in krita.kritarc.read_text()
    assert ledger.undo() == []
    plugin = krita.resources / "pykrita" / "layersplit_krita"
    assert (plugin / "__init__.py").read_text() == "from a zip"
    assert names(plugin) == ["__init__.py"]
    assert krita.kritarc.read_text() == "[python]\nenable_layersplit_krita=false\n"


def test_links_follow_the_checkout(source, ledger, krita, gimp):
    adapters = Adapters(source, ledger, linked=True)
    adapters.install_krita(krita)
    adapters.install_gimp(gimp, running=False)
    plugin = krita.resources / "pykrita" / "layersplit_krita"
    assert plugin.is_symlink()
    assert (plugin / "_vendor/layersplit/bridge/messages.py").is_file()
    assert not (plugin / "_vendor/layersplit/split.py").exists()
    write(source.path / "krita_plugin/layersplit_krita/__init__.py", "new")
    assert (plugin / "__init__.py").read_text() == "new"
    assert ledger.undo() == []
    assert not (source.path / "krita_plugin/layersplit_krita/_vendor").exists()
    assert (source.path / "krita_plugin/layersplit_krita/__init__.py").exists()


def test_copies_replace_links_and_links_copies(source, ledger, krita):
    Adapters(source, ledger, linked=True).install_krita(krita)
    Adapters(source, ledger).install_krita(krita)
    plugin = krita.resources / "pykrita" / "layersplit_krita"
    assert not plugin.is_symlink()
    Adapters(source, ledger, linked=True).install_krita(krita)
    assert plugin.is_symlink()
    assert ledger.undo() == []
    assert not plugin.is_symlink()
    assert not krita.resources.exists()


def test_what_gimp_copied_to_its_next_version_is_found(source, ledger, gimp):
    Adapters(source, ledger).install_gimp(gimp, running=False)
    newer = GimpPlace("native", gimp.folder.with_name("3.2"))
    shutil.copytree(gimp.folder, newer.folder)
    write(newer.folder / "plug-ins/other/other.py")
    last = newer.folder / "plug-in-settings" / "GimpProcedureConfigRun-plug-in-layersplit.last"
    write(last, "(prompt 'private')")
    ledger.undo()
    remove_strays([], [gimp, newer])
    assert names(newer.folder) == ["plug-ins/other/other.py", "shortcutsrc"]
    assert (newer.folder / "shortcutsrc").read_text() == "(file-version 1)\n"


def test_an_adapter_points_at_a_data_folder_that_was_moved(
    source, ledger, gimp, tmp_path, monkeypatch
):
    assert moved_home([], [gimp]) is None
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "disk ü"))
    Adapters(source, ledger).install_gimp(gimp, running=False)
    assert moved_home([], [gimp]) == tmp_path / "disk ü"
    monkeypatch.delenv("LAYERSPLIT_HOME")
    Adapters(source, ledger).install_gimp(gimp, running=False)
    assert moved_home([], [gimp]) is None


def test_a_strangers_folder_of_our_name_is_not_ours(krita, gimp):
    write(krita.resources / "pykrita/layersplit_krita/__init__.py", "a stranger's")
    write(gimp.folder / "plug-ins/layersplit-gimp/layersplit-gimp.py", "a stranger's")
    remove_strays([krita], [gimp])
    assert (krita.resources / "pykrita/layersplit_krita/__init__.py").exists()
    assert (gimp.folder / "plug-ins/layersplit-gimp/layersplit-gimp.py").exists()


def test_a_copy_without_plug_ins_says_so(source, ledger, krita, gimp):
    shutil.rmtree(source.path / "krita_plugin")
    shutil.rmtree(source.path / "gimp_plugin")
    assert "no Krita plug-in" in Adapters(source, ledger).install_krita(krita)[0]
    assert "no GIMP plug-in" in Adapters(source, ledger).install_gimp(gimp, running=False)[0]
