"""Every way of making the environment, with programs that only pretend."""

import json
from pathlib import Path

import pytest

from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup import packages, private_environment
from layersplit.bridge.setup.interpreter import Interpreter
from layersplit.bridge.setup.private_environment import STAMP, PrivateEnvironment, Wanted
from layersplit.bridge.setup.running import Finished, Stopped
from layersplit.bridge.setup.source import Source

BASE = "/usr/bin/python3.12"


PARTS = {
    "sentence": "3 GB come.",
    "index": "https://torch.example/cpu",
    "card": "cpu",
    "torch": ["torch==2"],
    "requirements": ["diffusers==1"],
    "disk_bytes": 1000,
    "wrong_build": False,
}


class Machine:
    """Runs nothing: answers by what a command contains, and remembers the commands."""

    def __init__(self, folder):
        self.folder = folder
        self.commands = []
        self.announced = []
        self.broken = {}
        self.missing_after = ""
        self.stops_at = "(never)"
        self.parts = PARTS

    def fail(self, part, output):
        self.broken[part] = output

    def __call__(self, command, *, on_line=None):
        self.commands.append(command)
        line = " ".join(command)
        if self.stops_at in line:
            raise Stopped
        for part, output in self.broken.items():
            if part in line:
                return Finished(1, output)
        if "--without-pip" in line or "virtualenv" in line or "venv --python" in line:
            python = packages.bin_folder(self.folder) / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.write_text("")
        if line.endswith("--version"):
            return Finished(0, "pip 24.0 from /usr/lib (python 3.12)")
        if private_environment._PROBE in line:
            return Finished(0, self.missing_after or "whole\n/venv/layersplit/__init__.py")
        if private_environment._LOCAL_PARTS in line:
            return Finished(0, json.dumps(self.parts))
        return Finished(0, "")

    def ran(self, part):
        return any(part in " ".join(command) for command in self.commands)


@pytest.fixture
def checkout(tmp_path):
    package = tmp_path / "checkout" / "core" / "layersplit"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "1.2"\n')
    (tmp_path / "checkout" / "pyproject.toml").write_text("[project]\n")
    return Source(tmp_path / "checkout")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "venv"


@pytest.fixture
def machine(folder, monkeypatch):
    monkeypatch.setattr(packages, "DISTRIBUTION_WHEELS", Path("/nowhere"))
    monkeypatch.setattr("shutil.which", lambda _name: None)
    return Machine(folder)


def make(machine, wanted, tmp_path):
    environment = PrivateEnvironment(machine.folder, machine)
    environment.make(wanted, {}, tmp_path, lambda _text: None, machine.announced.append)
    return environment


def wanted_of(source, **changes):
    return Wanted(source=source, interpreter=changes.pop("interpreter", PYTHON), **changes)


PYTHON = Interpreter(BASE, (3, 12, 1))


def test_the_quick_way_borrows_the_bases_pip(machine, checkout, tmp_path):
    make(machine, wanted_of(checkout), tmp_path)
    install = machine.commands[-2]
    assert install[:6] == [BASE, "-I", "-m", "pip", "--python", str(machine.folder / "bin/python")]
    assert install[-1] == str(checkout.path)
    assert not machine.ran("ensurepip")


def test_a_second_time_nothing_is_made(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout), tmp_path)
    assert environment.fits(wanted_of(checkout))


@pytest.mark.parametrize(
    "change",
    [
        lambda source: (source.package / "new.py").write_text("x"),
        lambda source: (source.path / "pyproject.toml").write_text("[changed]"),
    ],
)
def test_a_changed_source_is_noticed(machine, checkout, tmp_path, change):
    environment = make(machine, wanted_of(checkout), tmp_path)
    change(checkout)
    assert not environment.fits(wanted_of(checkout))


def test_bytecode_is_no_change(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout), tmp_path)
    (checkout.package / "__pycache__").mkdir()
    (checkout.package / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert environment.fits(wanted_of(checkout))


def test_another_python_or_another_extra_is_noticed(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout), tmp_path)
    newer = Interpreter(BASE, (3, 13, 0))
    assert not environment.fits(wanted_of(checkout, interpreter=newer))
    assert not environment.fits(wanted_of(checkout, extras=("local",)))


def test_a_linked_source_may_change(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout, linked=True), tmp_path)
    assert machine.ran("--editable")
    (checkout.package / "new.py").write_text("x")
    assert environment.fits(wanted_of(checkout, linked=True))
    assert not environment.fits(wanted_of(checkout))


def test_a_changed_source_keeps_the_packages_that_are_there(machine, checkout, tmp_path):
    make(machine, wanted_of(checkout), tmp_path)
    (checkout.package / "new.py").write_text("x")
    machine.commands.clear()
    make(machine, wanted_of(checkout), tmp_path)
    assert not machine.ran("--without-pip")
    assert machine.ran("--force-reinstall --no-deps")


def test_an_update_that_fails_leaves_the_old_environment_usable(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout), tmp_path)
    old = wanted_of(checkout)
    stamp = (machine.folder / STAMP).read_text()
    (checkout.package / "new.py").write_text("x")
    machine.fail(" install ", "Temporary failure in name resolution")
    with pytest.raises(InstallError, match="temporary failure in name resolution"):
        make(machine, old, tmp_path)
    assert (machine.folder / STAMP).read_text() == stamp
    assert environment.is_stamped


def test_an_interrupted_environment_is_made_anew(machine, checkout, tmp_path):
    make(machine, wanted_of(checkout), tmp_path)
    (machine.folder / STAMP).unlink()
    (machine.folder / "half").write_text("")
    make(machine, wanted_of(checkout), tmp_path)
    assert not (machine.folder / "half").exists()


@pytest.mark.parametrize("stamp", ["", "{", '{"digest": 3}'])
def test_a_damaged_stamp_is_no_stamp(machine, checkout, tmp_path, stamp):
    environment = make(machine, wanted_of(checkout), tmp_path)
    (machine.folder / STAMP).write_text(stamp)
    assert not environment.fits(wanted_of(checkout))
    make(machine, wanted_of(checkout), tmp_path)
    assert environment.fits(wanted_of(checkout))


def test_a_missing_package_is_noticed(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout), tmp_path)
    machine.missing_after = "damaged: numpy"
    assert not environment.fits(wanted_of(checkout))


def test_an_update_that_was_stopped_in_the_middle_counts_as_broken(machine, checkout, tmp_path):
    make(machine, wanted_of(checkout), tmp_path)
    (checkout.package / "new.py").write_text("x")
    machine.stops_at = " install "
    with pytest.raises(Stopped):
        make(machine, wanted_of(checkout), tmp_path)
    assert not (machine.folder / STAMP).exists()


def test_an_environment_that_is_incomplete_after_all_gets_no_stamp(machine, checkout, tmp_path):
    machine.missing_after = "damaged: numpy"
    with pytest.raises(InstallError, match="damaged: numpy"):
        make(machine, wanted_of(checkout), tmp_path)
    assert not (machine.folder / STAMP).exists()


def test_a_python_without_pip_uses_its_ensurepip(machine, checkout, tmp_path):
    bare = Interpreter(BASE, (3, 12, 1), has_pip=False)
    make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert machine.ran("bin/python -I -m ensurepip")
    assert machine.ran("bin/python -I -m pip install")


def test_an_old_pip_that_cannot_work_for_others_is_passed_by(machine, checkout, tmp_path):
    machine.fail("--version", "pip 20.0")
    make(machine, wanted_of(checkout), tmp_path)
    assert machine.ran("ensurepip")
    assert not machine.ran("--python")


def test_a_debian_without_ensurepip_uses_the_systems_wheel(
    machine, checkout, tmp_path, monkeypatch
):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "pip-23.0.1-py3-none-any.whl").write_bytes(b"")
    monkeypatch.setattr(packages, "DISTRIBUTION_WHEELS", wheels)
    machine.fail("-m pip --version", "No module named pip")
    bare = Interpreter(BASE, (3, 11, 2), has_pip=False, has_ensurepip=False)
    make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert machine.ran("pip-23.0.1-py3-none-any.whl/pip install")


def test_a_pip_that_lies_beside_install_py_is_used(machine, checkout, tmp_path):
    (checkout.path / "pip.pyz").write_bytes(b"")
    machine.fail("-m pip --version", "No module named pip")
    bare = Interpreter(BASE, (3, 11, 2), has_pip=False, has_ensurepip=False)
    make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert machine.ran("pip.pyz install")


def test_uv_is_used_where_there_is_nothing_else(machine, checkout, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: "/bin/uv" if name == "uv" else None)
    machine.fail("-m pip --version", "No module named pip")
    machine.fail("-m virtualenv", "No module named virtualenv")
    bare = Interpreter(BASE, (3, 12, 1), has_venv=False, has_pip=False, has_ensurepip=False)
    make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert machine.ran("/bin/uv venv --python " + BASE)
    assert machine.ran("/bin/uv pip install --python")


def test_a_python_without_venv_is_told_what_to_install(machine, checkout, tmp_path):
    machine.fail("-m virtualenv", "No module named virtualenv")
    bare = Interpreter(BASE, (3, 12, 1), has_venv=False)
    with pytest.raises(InstallError, match="cannot make virtual environments") as caught:
        make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert "python3-venv" in caught.value.sentences[2]


def test_without_any_installer_the_remedy_is_named(machine, checkout, tmp_path):
    machine.fail("-m pip --version", "No module named pip")
    bare = Interpreter(BASE, (3, 12, 1), has_pip=False, has_ensurepip=False)
    with pytest.raises(InstallError, match="no pip") as caught:
        make(machine, wanted_of(checkout, interpreter=bare), tmp_path)
    assert "python3-venv" in caught.value.sentences[2]


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("WARNING: Retrying ... NewConnectionError('Name or service not known')", "offline"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "no-space"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate"),
        ("ERROR: No matching distribution found for numpy>=2.1", "no-version"),
        ("ERROR: something else", "packages"),
        ("", "packages"),
    ],
)
def test_what_pip_says_becomes_a_sentence(machine, checkout, tmp_path, output, code):
    machine.fail(" install ", output)
    with pytest.raises(InstallError) as caught:
        make(machine, wanted_of(checkout), tmp_path)
    assert caught.value.code == "install-" + code
    assert not (machine.folder / STAMP).exists()


def test_wheels_that_were_brought_along_need_no_network(machine, checkout, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make(machine, wanted_of(checkout, wheels=wheels), tmp_path)
    assert machine.commands[-2][-1] == str(checkout.path)
    assert machine.ran(f"--no-index --find-links {wheels}")
    (wheels / "layersplit-1.2-py3-none-any.whl").write_bytes(b"")
    (machine.folder / STAMP).unlink()
    make(machine, wanted_of(checkout, wheels=wheels, extras=("local",)), tmp_path)
    assert machine.ran("layersplit==1.2")
    assert machine.commands[-2][-4:] == ["--find-links", str(wheels), "torch==2", "diffusers==1"]


def test_the_gpu_part_is_announced_and_comes_from_the_right_place(machine, checkout, tmp_path):
    make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert machine.announced == ["3 GB come."]
    torch, rest = machine.commands[-3], machine.commands[-2]
    assert torch[-4:] == ["--no-deps", "--index-url", "https://torch.example/cpu", "torch==2"]
    assert rest[-2:] == ["torch==2", "diffusers==1"]
    assert "--index-url" not in rest


def test_a_disk_that_is_too_small_for_the_gpu_part_is_noticed_first(machine, checkout, tmp_path):
    machine.parts = {**PARTS, "disk_bytes": 10**18}
    with pytest.raises(InstallError) as caught:
        make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert caught.value.code == "install-no-space"
    assert machine.announced == ["3 GB come."]
    assert not machine.ran("torch==2")


def test_a_torch_without_this_computers_card_is_replaced(machine, checkout, tmp_path):
    machine.parts = {**PARTS, "wrong_build": True, "index": None, "card": "cuda"}
    make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert machine.commands[-3][-3:] == ["--no-deps", "--force-reinstall", "torch==2"]


def test_gigabytes_that_have_arrived_are_kept_until_all_is_there(machine, checkout, tmp_path):
    downloads = machine.folder.with_name("downloads")
    downloads.mkdir()
    machine.fail("diffusers==1", "ERROR: Temporary failure in name resolution")
    with pytest.raises(InstallError):
        make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert machine.ran(f"--cache-dir {downloads} --no-deps")
    assert downloads.exists()
    machine.broken.clear()
    make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert not downloads.exists()


def test_the_users_own_cache_of_pip_is_left_to_pip(machine, checkout, tmp_path):
    (tmp_path / ".cache" / "pip").mkdir(parents=True)
    make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    assert not machine.ran("--cache-dir")


def test_shared_packages_are_used_where_they_are(machine, checkout, tmp_path):
    site = machine.folder / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    environment = PrivateEnvironment(machine.folder, machine)
    environment._share(tmp_path / "theirs")
    assert (site / "layersplit-shared.pth").read_text() == f"{tmp_path / 'theirs'}\n"


def test_no_cache_of_pip_is_left_where_there_was_none(tmp_path):
    assert packages.cache_options({}, tmp_path) == ["--no-cache-dir"]
    assert packages.cache_options({"PIP_CACHE_DIR": "/c"}, tmp_path) == []
    env = {"XDG_CACHE_HOME": str(tmp_path / "x"), "LOCALAPPDATA": str(tmp_path)}
    (tmp_path / "x" / "pip").mkdir(parents=True)
    (tmp_path / "Library" / "Caches" / "pip").mkdir(parents=True)
    (tmp_path / "pip" / "Cache").mkdir(parents=True)
    assert packages.cache_options(env, tmp_path) == []


def test_the_stamp_says_from_what_it_was_made(machine, checkout, tmp_path):
    environment = make(machine, wanted_of(checkout, extras=("local",)), tmp_path)
    stamp = json.loads((machine.folder / STAMP).read_text())
    assert (stamp["python"], stamp["python_version"]) == (BASE, "3.12.1")
    assert environment.extras() == ["local"]


def test_a_folder_that_cannot_be_written_is_said(machine, checkout, tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InstallError, match="cannot be written: Permission denied"):
        make(machine, wanted_of(checkout), tmp_path)
