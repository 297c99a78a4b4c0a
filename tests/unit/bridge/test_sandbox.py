"""A host in a package that hides the system: it hears so, and what to do."""

from pathlib import Path

import pytest

from layersplit.bridge import installation, sandbox
from layersplit.bridge.failures import InstallError
from layersplit.bridge.installation import Installation, read_installation, worker_launch
from layersplit.bridge.setup import interpreter
from layersplit.bridge.setup.home import prepare_home


@pytest.fixture(params=["Flatpak", "Snap"])
def inside(request, monkeypatch):
    if request.param == "Flatpak":
        monkeypatch.setenv("FLATPAK_ID", "org.kde.krita")
    else:
        monkeypatch.setenv("SNAP", "/snap/krita/99")
        monkeypatch.setenv("SNAP_NAME", "krita")
    return request.param


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({}, None),
        ({"FLATPAK_ID": "org.gimp.GIMP"}, "Flatpak"),
        ({"SNAP": "/snap/gimp/1", "SNAP_NAME": "gimp"}, "Snap"),
        ({"SNAP": "/home/me/snap"}, None),
        ({"APPIMAGE": "/home/me/krita.AppImage", "APPDIR": "/mnt/krita"}, None),
    ],
)
def test_the_package_is_known_by_its_variables(variables, kind):
    assert sandbox.sandbox(variables) == kind


def test_a_flatpak_is_known_by_its_mark_too(tmp_path, monkeypatch):
    for name in ("FLATPAK_ID", "SNAP", "SNAP_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sandbox, "FLATPAK_MARK", tmp_path / "info")
    assert sandbox.sandbox() is None
    (tmp_path / "info").touch()
    assert sandbox.sandbox() == "Flatpak"


def test_a_python_that_the_sandbox_hides_is_said(data_folder, inside):
    record = Installation(python="/usr/bin/python-of-the-system", version="1").as_json()
    (data_folder / "install.json").write_text(record)
    with pytest.raises(InstallError, match="cannot be used from here") as caught:
        worker_launch({})
    fact, meaning, remedy = caught.value.sentences
    assert "python-of-the-system is missing" in fact
    assert inside in meaning
    assert "uv python install" in remedy
    assert caught.value.code == "not-installed"  # its button is Set Up


def test_a_damaged_record_is_not_blamed_on_the_sandbox(data_folder, inside):
    (data_folder / "install.json").write_text("{")
    with pytest.raises(InstallError, match="is not there"):
        read_installation()


def test_a_record_that_may_not_be_read_is_said(data_folder, inside, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InstallError, match="cannot be read") as caught:
        installation.read_installation()
    assert inside in caught.value.sentences[1]


def test_a_folder_that_the_sandbox_closes_is_said(data_folder, inside, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InstallError, match="Permission denied") as caught:
        prepare_home()
    assert inside in caught.value.sentences[1]
    assert "AppImage" in caught.value.sentences[2]


def test_a_sandbox_without_a_python_is_said(inside, tmp_path):
    with pytest.raises(InstallError, match=inside) as caught:
        interpreter.find_interpreter({"PATH": ""}, tmp_path, prefer=None, self_contained=True)
    assert "found none" in caught.value.sentences[0]
    assert "uv python install" in caught.value.sentences[2]
