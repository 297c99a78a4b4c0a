"""The plug-ins as zip files: what is in them, and that they are complete."""

import shutil
import stat
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import layersplit
from layersplit.bridge import errands
from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup.parcels import pack
from layersplit.bridge.setup.source import CORE_FILES, KRITA_FILES, PARCEL, Source

ROOT = Path(__file__).parents[3]
KRITA, GIMP = "layersplit_krita", "layersplit-gimp"


@pytest.fixture(scope="module")
def parcels(tmp_path_factory):
    krita, gimp = pack(Source(ROOT), tmp_path_factory.mktemp("zips"))
    return {"krita": krita, "gimp": gimp}


def names(parcel):
    with zipfile.ZipFile(parcel) as content:
        assert content.testzip() is None
        return content.namelist()


def test_the_names_say_program_and_version(parcels):
    assert parcels["krita"].name == f"layersplit-krita-{layersplit.__version__}.zip"
    assert parcels["gimp"].name == f"layersplit-gimp-{layersplit.__version__}.zip"


def test_kritas_importer_finds_what_it_looks_for(parcels):
    """An entry for the module's folder with __init__.py in it, and the files beside it."""
    found = names(parcels["krita"])
    assert f"{KRITA}/" in found
    assert f"{KRITA}/__init__.py" in found
    assert set(KRITA_FILES) <= set(found)
    assert [name for name in found if name.endswith(".desktop")] == [f"{KRITA}.desktop"]


def test_gimps_program_is_executable(parcels):
    with zipfile.ZipFile(parcels["gimp"]) as content:
        mode = content.getinfo(f"{GIMP}/{GIMP}.py").external_attr >> 16
    assert mode & stat.S_IXUSR
    assert mode & stat.S_IXOTH


@pytest.mark.parametrize(
    ("host", "place"),
    [("krita", f"{KRITA}/_vendor"), ("gimp", f"{GIMP}/layersplit_gimp/_vendor")],
)
def test_bridge_catalogues_and_sources_are_in_it_and_nothing_that_was_made(parcels, host, place):
    found = names(parcels[host])
    assert f"{place}/layersplit/bridge/messages.py" in found
    assert f"{place}/layersplit/bridge/languages/de/LC_MESSAGES/layersplit.mo" in found
    assert f"{place}/layersplit/split.py" not in found
    for name in CORE_FILES:
        assert f"{place}/{PARCEL}/{name}" in found
    assert f"{place}/{PARCEL}/core/layersplit/split.py" in found
    assert f"{place}/{PARCEL}/core/layersplit/samples/poster.png" in found
    assert not [name for name in found if "__pycache__" in name or name.endswith(".pyc")]


def test_what_the_build_needs_is_in_it():
    """The project file names a readme and a licence; without them nothing can be built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {project["readme"], *project["license-files"], "pyproject.toml"} == set(CORE_FILES)


def test_the_same_sources_give_the_same_bytes(parcels, tmp_path):
    again, _ = pack(Source(ROOT), tmp_path)
    assert again.read_bytes() == parcels["krita"].read_bytes()


def test_an_unpacked_plugin_is_set_up_from_its_own_sources(parcels, tmp_path, monkeypatch):
    with zipfile.ZipFile(parcels["krita"]) as content:
        content.extractall(tmp_path)
    vendored = tmp_path / KRITA / "_vendor"
    monkeypatch.setattr(layersplit, "__file__", str(vendored / "layersplit" / "__init__.py"))
    place = errands.set_up_source()
    assert place == vendored / PARCEL
    assert Source(place).version == layersplit.__version__
    assert Source(place).digest() == Source(ROOT).digest()
    (place / "core" / "layersplit" / "split.py").write_text("")
    assert Source(place).digest() != Source(ROOT).digest()


def test_an_incomplete_copy_cannot_be_packed(tmp_path):
    shutil.copytree(ROOT / "core" / "layersplit" / "bridge", tmp_path / "core" / "layersplit")
    with pytest.raises(InstallError, match="no complete copy"):
        pack(Source(tmp_path), tmp_path / "zips")
    assert not (tmp_path / "zips").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_install_py_writes_them_and_installs_nothing(tmp_path, capsys, monkeypatch):
    from layersplit.bridge.setup.command import main  # noqa: PLC0415 - beside its only use

    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "data"))
    assert main(["--zip", str(tmp_path / "zips")], ROOT) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not (tmp_path / "data").exists()
