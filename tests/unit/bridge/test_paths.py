import sys
from pathlib import Path

import pytest

from layersplit.bridge import paths


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """A user without any of the variables."""
    for name in ("LAYERSPLIT_HOME", "XDG_DATA_HOME", "HOST_XDG_DATA_HOME", "FLATPAK_ID",
                 "SNAP_REAL_HOME", "LOCALAPPDATA"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(paths.sys, "platform", "linux")
    monkeypatch.setattr(paths, "POINTER", tmp_path / "data-folder")
    return tmp_path


def test_a_chosen_folder_wins(monkeypatch, nobody):
    (nobody / "data-folder").write_text("/elsewhere")
    monkeypatch.setenv("LAYERSPLIT_HOME", str(nobody / "mine"))
    assert paths.data_folder() == nobody / "mine"


def test_an_empty_variable_counts_as_none(monkeypatch, nobody):
    monkeypatch.setenv("LAYERSPLIT_HOME", "")
    assert paths.data_folder() == nobody / ".local/share/layersplit"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".local/share/layersplit"),
        ("darwin", "Library/Application Support/layersplit"),
        ("win32", "AppData/Local/layersplit"),
    ],
)
def test_every_system_has_its_usual_place(monkeypatch, nobody, platform, folder):
    monkeypatch.setattr(paths.sys, "platform", platform)
    assert paths.data_folder() == nobody / folder


def test_a_sandboxed_host_finds_the_same_folder_as_everybody(monkeypatch, nobody):
    monkeypatch.setenv("FLATPAK_ID", "org.kde.krita")
    monkeypatch.setenv("XDG_DATA_HOME", str(nobody / ".var/app/org.kde.krita/data"))
    assert paths.data_folder() == nobody / ".local/share/layersplit"
    monkeypatch.setenv("HOST_XDG_DATA_HOME", str(nobody / "d"))
    assert paths.data_folder() == nobody / "d" / "layersplit"


def test_a_snap_finds_it_in_the_real_home(monkeypatch, nobody):
    monkeypatch.setenv("SNAP_REAL_HOME", str(nobody / "real"))
    monkeypatch.setenv("XDG_DATA_HOME", str(nobody / "snap/krita/1/.local/share"))
    assert paths.data_folder() == nobody / "real/.local/share/layersplit"


def test_an_editor_from_the_menu_finds_a_moved_folder(nobody):
    (nobody / "data-folder").write_bytes("/disk/jürgen".encode())
    assert paths.data_folder() == Path("/disk/jürgen")


def test_the_command_in_the_private_environment_finds_a_moved_folder(monkeypatch, nobody):
    monkeypatch.setattr(sys, "prefix", str(nobody / "moved" / "venv"))
    assert paths.data_folder() == nobody / ".local/share/layersplit"
    (nobody / "moved").mkdir()
    (nobody / "moved" / "install.json").write_text("{}")
    assert paths.data_folder() == nobody / "moved"


def test_everything_lies_in_the_data_folder(nobody):
    home = paths.data_folder()
    places = [
        paths.install_record(), paths.venv_folder(), paths.settings_file(), paths.jobs_folder(),
        paths.work_folder(), paths.cache_folder(), paths.logs_folder(), paths.log_file(),
    ]  # fmt: skip
    assert all(home in place.parents for place in places)
    assert len(set(places)) == len(places)
