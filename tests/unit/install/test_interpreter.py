import os
import stat
import sys

import pytest

from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup import interpreter
from layersplit.bridge.setup.interpreter import Interpreter, ask, candidates, find_interpreter


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def python_of(path, version):
    """A program that answers the question as a Python of this version would."""
    major, minor, micro = version
    return program(
        path,
        f'#!/bin/sh\necho \'{{"version": [{major}, {minor}, {micro}], "path": "{path}", '
        '"is_base": true, "venv": true, "ensurepip": true, "pip": true}\'\n',
    )


posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def test_a_virtual_environment_leads_to_its_base():
    found = ask(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:3]
    assert os.path.realpath(found.path) == os.path.realpath(sys._base_executable)
    assert found.path != sys.executable or sys.prefix == sys.base_prefix


def test_what_is_no_python_is_none(tmp_path):
    assert ask(str(tmp_path / "gone")) is None


@posix
def test_a_program_that_answers_nonsense_is_none(tmp_path):
    assert ask(program(tmp_path / "python", "#!/bin/sh\necho hello\n")) is None
    assert ask(program(tmp_path / "python2", "#!/bin/sh\nexit 127\n")) is None


@posix
def test_the_running_python_is_preferred(tmp_path):
    old = python_of(tmp_path / "run" / "python", (3, 11, 2))
    python_of(tmp_path / "bin" / "python3.13", (3, 13, 0))
    env = {"PATH": str(tmp_path / "bin")}
    assert find_interpreter(env, tmp_path, prefer=old).path == old


@posix
def test_an_old_python_gives_way_to_the_newest_on_the_path(tmp_path):
    old = python_of(tmp_path / "run" / "python", (3, 9, 18))
    new = python_of(tmp_path / "bin" / "python3.12", (3, 12, 1))
    python_of(tmp_path / "bin" / "python3.11", (3, 11, 7))
    env = {"PATH": str(tmp_path / "bin")}
    assert find_interpreter(env, tmp_path, prefer=old).path == new


@posix
def test_without_a_new_python_the_old_ones_are_named(tmp_path):
    old = python_of(tmp_path / "run" / "python", (3, 9, 18))
    with pytest.raises(InstallError, match=r"found only 3\.9\.18") as caught:
        find_interpreter({"PATH": ""}, tmp_path, prefer=old)
    assert caught.value.code == "install-old-python"


def test_without_any_python_that_is_said(tmp_path):
    with pytest.raises(InstallError, match="found none"):
        find_interpreter({"PATH": ""}, tmp_path, prefer=None)


@posix
def test_a_sandboxed_host_gets_a_python_below_the_home(tmp_path):
    running = python_of(tmp_path / "usr" / "python3", (3, 12, 0))
    home = tmp_path / "home"
    inside = python_of(home / ".local/share/uv/python/cpython-3.12.4-linux/bin/python3", (3, 12, 4))
    env = {"PATH": ""}
    assert find_interpreter(env, home, prefer=running, self_contained=True).path == inside
    assert find_interpreter(env, home, prefer=running).path == running


def test_the_newest_comes_first_by_number_and_not_by_letter(tmp_path):
    for name in ("3.9.1", "3.13.0", "3.11.7"):
        program(tmp_path / ".pyenv" / "versions" / name / "bin" / "python3", "")
    found = candidates({"PATH": ""}, tmp_path, prefer=None, self_contained=True)
    assert [path.split("/")[-3] for path in found] == ["3.13.0", "3.11.7", "3.9.1"]


def test_the_version_reads_as_people_write_it():
    assert Interpreter("/p", (3, 12, 1)).text == "3.12.1"
    assert interpreter.OLDEST == (3, 11)
