"""install.py as a person runs it: into a home that was made for the test, twice, broken, removed.

To be quick, the private environment borrows the packages of the test's own (--packages-from);
Layersplit itself is really built and installed. The slow test does without that.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from queue import Queue

import pytest

from layersplit.bridge.client import WorkerClient
from layersplit.bridge.messages import Hello, ProviderList, Providers
from layersplit.bridge.setup.private_environment import PrivateEnvironment
from layersplit.bridge.setup.running import Programs

ROOT = Path(__file__).parents[2]
PACKAGES = sysconfig.get_paths()["purelib"]
LINE = "enable_layersplit_krita=true"
SHORTCUT = '(action "plug-in-layersplit" "<Primary><Shift>k")'

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="homes are made the POSIX way here"),
    pytest.mark.xdist_group("install"),
]


NEEDED = (
    "core",
    "krita_plugin",
    "gimp_plugin",
    "install.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)


class Person:
    """A home, a checkout, and what its owner types."""

    def __init__(self, home, checkout):
        self.home = home
        self.checkout = checkout
        self.data = home / ".local" / "share" / "layersplit"
        self.resources = home / ".local" / "share" / "krita"
        self.kritarc = home / ".config" / "kritarc"
        self.gimp = home / ".config" / "GIMP" / "3.0"
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        }

    def command(self, *arguments, quick=True):
        quickly = ["--packages-from", PACKAGES] if quick else []
        return [sys.executable, str(self.checkout / "install.py"), *arguments, *quickly]

    def install(self, *arguments, quick=True):
        return subprocess.run(
            self.command(*arguments, quick=quick),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            cwd=self.home,
        )

    def uninstall(self, *arguments):
        return self.install("--uninstall", *arguments, quick=False)

    def tree(self):
        """Every name, and every byte."""
        return {
            str(path.relative_to(self.home)): (
                str(path.readlink())
                if path.is_symlink()
                else path.read_bytes()
                if path.is_file()
                else None
            )
            for path in self.home.rglob("*")
        }

    def record(self):
        return json.loads((self.data / "install.json").read_text())

    def splits(self):
        """Whether the installed worker greets."""
        done = subprocess.run(
            [self.record()["python"], "-I", "-m", "layersplit", "worker"],
            input=b"",
            env=self.environment,
            capture_output=True,
            check=True,
        )
        return b'"hello"' in done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of this one: nobody edits it while the tests run."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "_vendor")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


def names_in(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def made(tmp_path_factory, checkout):
    """A home with both hosts in it and Layersplit installed, to be copied by the tests."""
    person = Person(tmp_path_factory.mktemp("first") / "home", checkout)
    for folder in (person.gimp, person.resources / "pykrita", person.kritarc.parent):
        folder.mkdir(parents=True, exist_ok=True)
    person.kritarc.write_text("theme=dark\n[python]\nenable_other=true\n")
    (person.gimp / "shortcutsrc").write_text('(file-version 1)\n(action "edit-cut" "F2")\n')
    (person.resources / "pykrita" / "other.desktop").write_text("[Desktop Entry]\n")
    before = person.tree()
    sources = names_in(checkout)
    first = person.install()
    assert names_in(checkout) == sources  # nothing is left behind there
    assert first.returncode == 0, first.stdout + first.stderr
    return person, before, first


def test_a_first_run_installs_and_proves_it(made):
    person, _, first = made
    sample = person.data / "sample.ora"
    assert str(sample) in first.stdout
    assert zipfile.ZipFile(sample).testzip() is None
    assert person.splits()
    plugin = person.resources / "pykrita" / "layersplit_krita"
    assert (plugin / "_vendor" / "layersplit" / "bridge" / "client.py").is_file()
    assert plugin.with_suffix(".desktop").is_file()
    assert (person.resources / "actions" / "layersplit_krita.action").is_file()
    assert LINE in person.kritarc.read_text().split("\n")
    entry = person.gimp / "plug-ins" / "layersplit-gimp" / "layersplit-gimp.py"
    assert os.access(entry, os.X_OK)
    vendored = entry.parent / "layersplit_gimp" / "_vendor" / "layersplit"
    assert sorted(path.name for path in vendored.iterdir()) == ["__init__.py", "bridge"]
    assert SHORTCUT in (person.gimp / "shortcutsrc").read_text().split("\n")


def test_a_second_run_changes_nothing_and_is_quick(made):
    person, _, _ = made
    before = person.tree()
    start = time.monotonic()
    second = person.install()
    assert second.returncode == 0
    assert "is ready" in second.stdout
    assert str(person.data / "sample.ora") in second.stdout
    assert time.monotonic() - start < 40
    assert person.tree() == before


def test_a_host_finds_its_worker(made, monkeypatch):
    """What a plug-in does: the bridge, install.json, a question, an answer."""
    monkeypatch.setenv("LAYERSPLIT_HOME", str(made[0].data))
    told = Queue()
    client = WorkerClient(told.put)
    client.send(Providers())
    greeting, answer = told.get(timeout=20), told.get(timeout=60)
    client.close()
    assert isinstance(greeting, Hello)
    assert isinstance(answer, ProviderList)


def test_a_file_that_is_gone_or_torn_is_noticed(made):
    person, _, _ = made
    environment = PrivateEnvironment(person.data / "venv", Programs())
    assert environment.fault() is None
    module = next((person.data / "venv").rglob("layersplit/split.py"))
    whole = module.read_bytes()
    for damage in (lambda: module.write_bytes(whole[:-1]), module.unlink):
        damage()
        assert "split.py" in environment.fault()
    module.write_bytes(whole)
    assert environment.fault() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: (data / "venv" / "bin" / "python").unlink(),
        lambda data: (data / "install.json").write_text('{"python": "/ho'),
        lambda data: (data / "install.json").unlink(),
    ],
    ids=["no python", "torn record", "no record"],
)
def test_what_is_broken_is_repaired(made, damage):
    person, _, _ = made
    damage(person.data)
    repaired = person.install()
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert person.splits()
    assert zipfile.ZipFile(person.data / "sample.ora").testzip() is None


def test_a_run_that_was_killed_is_finished_by_the_next_one(made):
    person, _, _ = made
    shutil.rmtree(person.data / "venv")
    process = subprocess.Popen(
        person.command(),
        env=person.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = person.install()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert person.splits()


@pytest.fixture
def person(tmp_path, checkout):
    home = tmp_path / "hömé"
    home.mkdir()
    return Person(home, checkout)


def test_without_a_host_it_says_so_and_still_works(person, made):
    person.environment["LAYERSPLIT_HOME"] = str(made[0].data)  # saves making one
    done = person.install()
    assert done.returncode == 0, done.stdout + done.stderr
    if shutil.which("krita") is None:
        assert "not found" in done.stdout
        assert "--krita-dir" in done.stdout
    assert str(made[0].data / "sample.ora") in done.stdout


def test_a_second_set_up_at_the_same_time_waits_for_its_turn(made):
    person, _, _ = made
    with (person.data / "setup.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = person.install()
    assert refused.returncode == 5
    assert "Another set-up" in refused.stderr


def test_uninstalling_leaves_no_trace(made):
    """After all that use the same home."""
    person, before, _ = made
    assert person.install().returncode == 0
    removed = person.uninstall()
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert person.tree() == before
    again = person.uninstall()
    assert again.returncode == 0
    assert "not installed" in again.stdout
    assert person.tree() == before


def test_named_folders_a_moved_home_and_one_part_only(person, tmp_path):
    """One run for what needs a whole installation: it takes seconds."""
    person.environment["LAYERSPLIT_HOME"] = str(tmp_path / "data ü")
    krita, gimp = tmp_path / "art" / "krita", tmp_path / "GIMP" / "3.2"
    rc = tmp_path / "art" / "kritarc"
    krita.mkdir(parents=True)
    (krita / "kritarc").write_text("a=1\n")
    programs = person.home / ".local" / "bin"
    programs.mkdir(parents=True)
    person.environment["PATH"] += os.pathsep + str(programs)
    before = person.tree()
    done = person.install("--krita-dir", str(krita), "--gimp-dir", str(gimp))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not rc.exists()
    layersplit = subprocess.run(
        [programs / "layersplit", "--version"], capture_output=True, text=True, check=True
    )
    assert layersplit.stdout.startswith("layersplit ")
    vendored = krita / "pykrita" / "layersplit_krita" / "_vendor"
    question = (
        f"import sys; sys.path.append({str(vendored)!r});"
        "from layersplit.bridge.paths import data_folder; print(data_folder())"
    )
    environment = {"HOME": str(person.home), "PATH": "/usr/bin"}  # as from the menu
    asked = subprocess.run(
        [sys.executable, "-I", "-S", "-c", question],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert asked.stdout.decode().strip() == str(tmp_path / "data ü")
    assert LINE in (krita / "kritarc").read_text()
    assert (krita / "pykrita" / "layersplit_krita" / "__init__.py").is_file()
    assert (gimp / "plug-ins" / "layersplit-gimp" / "layersplit-gimp.py").is_file()
    assert person.uninstall("--only", "gimp").returncode == 0
    assert not gimp.exists()
    assert (krita / "pykrita").exists()
    assert person.uninstall().returncode == 0
    assert (krita / "kritarc").read_text() == "a=1\n"
    assert [path.name for path in krita.iterdir()] == ["kritarc"]
    assert not (tmp_path / "data ü").exists()
    assert person.tree() == before


def test_a_linked_installation_follows_the_checkout(person):
    person.resources.mkdir(parents=True)
    done = person.install("--link", "--only", "krita")
    assert done.returncode == 0, done.stdout + done.stderr
    plugin = person.resources / "pykrita" / "layersplit_krita"
    try:
        assert plugin.resolve() == person.checkout / "krita_plugin" / "layersplit_krita"
        assert (plugin / "_vendor" / "layersplit" / "bridge" / "client.py").is_file()
    finally:
        assert person.uninstall().returncode == 0
    assert not plugin.exists()
    assert not (person.checkout / "krita_plugin" / "layersplit_krita" / "_vendor").exists()


def test_a_home_that_cannot_be_written_is_one_clear_sentence(person, tmp_path):
    (tmp_path / "file").write_text("")
    person.environment["LAYERSPLIT_HOME"] = str(tmp_path / "file" / "home")
    refused = person.install()
    assert refused.returncode == 5
    assert "cannot be written" in refused.stderr
    assert "LAYERSPLIT_HOME" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_incomplete_copy_says_so(person, tmp_path):
    shutil.copy(ROOT / "install.py", tmp_path)
    refused = subprocess.run(
        [sys.executable, tmp_path / "install.py"],
        env=person.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 5
    assert "not complete" in refused.stderr


def test_an_unknown_option_is_a_wrong_argument(person):
    assert person.install("--fly").returncode == 2


@pytest.mark.slow
def test_the_real_thing_from_a_clean_clone(person, tmp_path):
    """As the README says, packages fetched and all."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    done = subprocess.run(
        [sys.executable, "install.py"],
        cwd=clone,
        env=person.environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if "offline" in done.stderr or "is not to be had" in done.stderr:
        pytest.skip("the packages cannot be fetched here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(person.data / "sample.ora") in done.stdout
    status = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"], cwd=clone, capture_output=True, check=True
    )
    assert status.stdout == b""
    assert person.uninstall().returncode == 0
    assert not person.data.exists()
