"""``local`` without torch, without weights, with wrong settings: a sentence, at once."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from layersplit.domain import Extent, Hints, SplitRequest
from layersplit.errors import SetupError
from layersplit.local import options, parts
from layersplit.providers import local
from layersplit.providers.base import Task
from layersplit.run import Run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setattr(parts, "missing", lambda: ["torch"])


@pytest.fixture
def with_torch(monkeypatch):
    monkeypatch.setattr(parts, "missing", list)


def task(**changes):
    return Task(
        request=SplitRequest(provider="local", **changes),
        extent=Extent(width=10, height=10),
        hints=Hints(),
        reduced=lambda _area: pytest.fail("the picture was touched"),
    )


def test_without_torch_it_is_not_ready_and_says_how_to_get_it(without_torch):
    sentence = local.Local().unready()
    assert "torch is missing" in sentence
    assert "install.py --local" in sentence
    assert "GB to fetch" in sentence


def test_without_torch_a_run_ends_with_the_same(without_torch):
    with pytest.raises(SetupError, match="torch is missing") as raised:
        local.Local().split(task(), Run())
    assert raised.value.exit_status == 5


def test_without_weights_it_says_what_to_fetch_and_how_much(with_torch):
    sentence = local.Local().unready()
    assert "57.7 GB, Apache-2.0" in sentence
    assert "layersplit model fetch full" in sentence


@pytest.mark.parametrize("named", ["/no/such/folder", "nothing"])
def test_a_model_that_is_not_there_is_said_before_torch_starts(with_torch, monkeypatch, named):
    monkeypatch.setattr(local, "import_modules", lambda *_: pytest.fail("torch was started"))
    with pytest.raises(SetupError, match="There is no model at") as raised:
        local.Local().split(task(model=named), Run())
    assert raised.value.exit_status == 5


def test_a_named_model_that_was_not_fetched_is_said(with_torch):
    with pytest.raises(SetupError, match="'4bit' is not on this computer"):
        local.Local().split(task(model="4bit"), Run())


def test_a_torch_that_cannot_be_imported_is_said(with_torch, monkeypatch, tmp_path):
    monkeypatch.setattr(local, "find_weights", lambda _named: None)

    def fail(*_):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(local, "import_modules", fail)
    with pytest.raises(SetupError, match="cannot be started: operator torchvision::nms"):
        local.Local().split(task(), Run())


def torch_of(tmp_path, monkeypatch, *lines):
    """A torch with this version file; returns nothing."""
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "version.py").write_text("\n".join(lines))
    monkeypatch.setattr(
        parts.importlib.util,
        "find_spec",
        lambda _name: SimpleNamespace(origin=str(package / "__init__.py")),
    )


@pytest.mark.parametrize(
    ("card", "lines", "wrong"),
    [
        ("cuda", ["cuda: Optional[str] = None", "hip: Optional[str] = None"], True),
        ("cuda", ["cuda: Optional[str] = '13.0'", "hip: Optional[str] = None"], False),
        ("rocm", ["cuda: Optional[str] = None", "hip: Optional[str] = '7.1'"], False),
        ("rocm", ["cuda: Optional[str] = '13.0'", "hip: Optional[str] = None"], True),
        ("cuda", ["cuda = None"], True),
        ("cpu", ["cuda: Optional[str] = None"], False),
        ("mps", ["cuda: Optional[str] = None"], False),
    ],
)
def test_a_torch_that_cannot_use_the_card_is_noticed(tmp_path, monkeypatch, card, lines, wrong):
    torch_of(tmp_path, monkeypatch, *lines)
    assert parts.is_wrong_build(card) is wrong


def test_the_doctor_names_packages_of_other_versions(monkeypatch):
    versions = {name.split("==")[0]: name.split("==")[-1] for name in parts.REQUIREMENTS}
    versions |= {"torch": "2.13.0+cpu", "psutil": "7.1", "psutil>=6": "7.1"}
    monkeypatch.setattr(parts, "card_here", lambda: "cpu")
    monkeypatch.setattr(parts.importlib.metadata, "version", versions.__getitem__)
    assert parts.unsuited() is None
    versions["diffusers"] = "0.37.1"
    assert "diffusers 0.37.1 is here, and 0.42.1 is what was tried" in parts.unsuited()


def test_large_weights_need_a_torch_that_can_use_the_card(with_torch, monkeypatch):
    monkeypatch.setattr(local, "find_weights", lambda _: SimpleNamespace(size_bytes=18 * 10**9))
    monkeypatch.setattr(parts, "card_here", lambda: "cuda")
    monkeypatch.setattr(parts, "is_wrong_build", lambda _card: False)
    assert local.Local().unready() is None
    monkeypatch.setattr(parts, "is_wrong_build", lambda _card: True)
    assert "a build without the NVIDIA card" in local.Local().unready()
    monkeypatch.setattr(parts, "card_here", lambda: "cpu")
    assert "Choose another provider" in local.Local().unready()


def test_asking_whether_it_is_ready_imports_nothing_heavy():
    code = (
        "import sys; from layersplit.providers import unready; unready('local');"
        "heavy = {'torch', 'diffusers', 'transformers', 'httpx'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_extra_of_the_package_is_the_list_of_the_installer():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = set(project["optional-dependencies"]["local"])
    assert extra == {*parts.TORCH, *parts.REQUIREMENTS}
    pinned = (ROOT / "tests/local/requirements.txt").read_text().splitlines()
    assert {line for line in pinned if not line.startswith("#")} == extra


@pytest.mark.parametrize(
    ("card", "platform", "index"),
    [
        ("cuda", "linux", None),
        ("cuda", "win32", "cu130"),
        ("rocm", "linux", "rocm"),
        ("mps", "darwin", None),
        ("cpu", "linux", "cpu"),
    ],
)
def test_torch_comes_from_where_the_build_for_the_card_is(monkeypatch, card, platform, index):
    monkeypatch.delenv("LAYERSPLIT_TORCH_INDEX", raising=False)
    monkeypatch.setattr(parts.sys, "platform", platform)
    found = parts.installation(card).index
    assert found is None if index is None else index in found
    monkeypatch.setenv("LAYERSPLIT_TORCH_INDEX", "https://mirror.test/simple")
    assert parts.installation(card).index == "https://mirror.test/simple"


def settings(home, **section):
    home.mkdir(parents=True, exist_ok=True)
    (home / "settings.json").write_text(json.dumps({"provider": "local", "local": section}))


def test_the_settings_have_defaults():
    assert options.load_options() == options.Options()


def test_the_settings_are_read(home):
    settings(home, memory_gb=10, idle_minutes=2, compile=True, model="/m", unknown=1)
    read = options.load_options()
    assert (read.memory_gb, read.idle_minutes, read.compile, read.model) == (10, 2, True, "/m")


@pytest.mark.parametrize(
    "section",
    [{"memory_gb": "10"}, {"idle_minutes": -1}, {"compile": 1}, {"model": 3}, {"names": None}],
)
def test_a_setting_of_the_wrong_type_is_said(home, section):
    settings(home, **section)
    with pytest.raises(SetupError, match=f"'{next(iter(section))}' cannot be"):
        options.load_options()


def test_damaged_settings_are_said(home):
    home.mkdir()
    (home / "settings.json").write_text("{")
    with pytest.raises(SetupError, match="settings for 'local' cannot be read"):
        options.load_options()
