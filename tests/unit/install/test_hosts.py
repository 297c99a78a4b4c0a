import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup import hosts
from layersplit.bridge.setup.flow import Options, Setup
from layersplit.bridge.setup.home import Lock, check_space, prepare_home
from layersplit.bridge.setup.hosts import (
    Machine,
    gimp_console,
    gimp_is_running,
    krita_program,
    wanted_krita,
)
from layersplit.bridge.setup.places import krita_places
from layersplit.bridge.setup.running import Programs, Stopped
from layersplit.bridge.setup.source import Source

posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def program(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


@pytest.fixture
def machine(tmp_path):
    return Machine("linux", {"PATH": str(tmp_path / "bin")}, tmp_path / "home")


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


class Told:
    def __init__(self):
        self.lines = []

    def now(self, title, text):
        pass

    def done(self, title, text):
        self.lines.append((title, text))


def wanted(machine):
    places = krita_places(machine.platform, machine.env, machine.home)
    return [place.package for place in wanted_krita(places, machine)]


@posix
def test_a_krita_that_was_never_started_gets_its_plug_in_too(machine, tmp_path):
    assert wanted(machine) == []
    program(tmp_path / "bin" / "krita")
    assert wanted(machine) == ["native or AppImage"]


def test_a_flatpak_that_was_never_started_is_seen(machine):
    (machine.home / ".local/share/flatpak/app/org.kde.krita").mkdir(parents=True)
    assert wanted(machine) == ["Flatpak"]


def test_krita_is_found_where_other_systems_keep_programs(tmp_path):
    windows = Machine("win32", {"ProgramFiles": str(tmp_path)}, tmp_path)
    assert krita_program(windows) is None
    krita = program(tmp_path / "Krita (x64)" / "bin" / "krita.exe")
    assert krita_program(windows) == str(krita)
    (tmp_path / "Applications" / "krita.app").mkdir(parents=True)
    mac = Machine("darwin", {}, tmp_path)
    assert krita_program(mac) == str(tmp_path / "Applications" / "krita.app")


@posix
@pytest.mark.parametrize(("version", "found"), [("2.10.34", False), ("3.0.4", True)])
def test_only_a_gimp_3_is_asked_to_make_a_profile(machine, tmp_path, version, found):
    text = f"#!/bin/sh\necho 'GNU Image Manipulation Program version {version}'\n"
    console = program(tmp_path / "bin" / "gimp-console", text)
    assert gimp_console(machine) == (str(console) if found else None)


@posix
def test_a_gimp_that_was_never_started_makes_its_own_profile(machine, tmp_path):
    profile = machine.home / ".config" / "GIMP" / "3.0"
    text = f"#!/bin/sh\n/bin/mkdir -p '{profile}'\necho 'version 3.0.4'\n"
    program(tmp_path / "bin" / "gimp-console-3.0", text)
    told = Told()
    setup = Setup(Source(tmp_path), Options(only="gimp"), told, machine=machine)
    assert [place.folder for place in setup._hosts()[1]] == [profile]
    assert told.lines == []


@posix
def test_a_gimp_that_fails_at_that_is_left_to_its_owner(machine, tmp_path):
    text = "#!/bin/sh\necho 'version 3.0.4'\ntest \"$1\" = --version\n"
    program(tmp_path / "bin" / "gimp-console-3.0", text)
    told = Told()
    setup = Setup(Source(tmp_path), Options(only="gimp"), told, machine=machine)
    assert setup._hosts() == ([], [])
    assert "start it once" in told.lines[0][1]


@pytest.mark.parametrize(
    ("name", "is_gimp"),
    [
        ("gimp", True),
        ("gimp-3.0", True),
        ("gimp-3.2", True),
        ("gimp-console-3.", True),
        ("gimp-3.0.exe", True),
        ("gimpressionist", False),
        ("krita", False),
        ("layersplit-gimp", False),
    ],
)
def test_a_running_gimp_is_recognised(machine, monkeypatch, name, is_gimp):
    monkeypatch.setattr(hosts, "_process_names", lambda _machine: ["bash", name])
    assert gimp_is_running(machine) is is_gimp


@posix
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system has no /proc")
@pytest.mark.parametrize(
    ("variables", "writes_here"),
    [
        ({"HOME": "{home}"}, True),
        ({"HOME": "{home}/snap/gimp/393", "SNAP_REAL_HOME": "{home}"}, True),
        ({}, True),
        ({"HOME": "/work"}, False),
    ],
)
def test_a_gimp_of_another_home_does_not_write_here(machine, tmp_path, variables, writes_here):
    shutil.copy2(shutil.which("sleep"), tmp_path / "gimp-3.0")
    own = {name: value.format(home=machine.home) for name, value in variables.items()}
    process = subprocess.Popen([tmp_path / "gimp-3.0", "60"], env=own)
    try:
        names = list(hosts._names_in_proc(machine.home))
    finally:
        process.kill()
        process.wait()
    assert ("gimp-3.0" in names) is writes_here


def test_a_source_that_is_none_is_refused_before_anything_is_made(tmp_path, data_folder):
    with pytest.raises(InstallError, match="no complete copy"):
        Setup(Source(tmp_path / "gone"), Options(), Told()).run()
    assert not data_folder.exists()


def test_only_one_set_up_runs_at_a_time():
    prepare_home()
    with Lock(), pytest.raises(InstallError, match="Another set-up"), Lock():
        pass
    with Lock():
        pass


def test_the_data_folder_is_private_and_goes_with_what_was_made_for_it(tmp_path, monkeypatch):
    home = tmp_path / "a" / "b" / "layersplit"
    monkeypatch.setenv("LAYERSPLIT_HOME", str(home))
    ledger = prepare_home()
    assert home.stat().st_mode & 0o077 == 0
    assert ledger.folders() == [tmp_path / "a", tmp_path / "a" / "b", home]


def test_too_little_space_is_said_with_the_figures():
    prepare_home()
    with pytest.raises(InstallError, match=r"MiB are free at .* MiB are needed"):
        check_space(2**60)


@posix
def test_a_program_that_is_stopped_ends_at_once():
    stop = threading.Event()
    run = Programs(stop=stop)
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Stopped):
        run(["sleep", "30"])
    with pytest.raises(Stopped):
        run(["sleep", "30"])


@posix
def test_a_program_that_takes_for_ever_is_ended():
    assert Programs(deadline_s=0.2)(["sleep", "30"]).status != 0


@posix
def test_a_program_does_not_see_another_pythons_variables(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/krita")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_CERT", "/etc/company.pem")
    said = Programs()(["env"]).output
    assert "PYTHONPATH" not in said
    assert "PIP_TARGET" not in said
    assert "PIP_CERT=/etc/company.pem" in said
