import json
import sys

import pytest

from layersplit.bridge import installation
from layersplit.bridge.failures import InstallError
from layersplit.bridge.installation import Installation, read_installation, worker_launch


def write(folder, text):
    (folder / "install.json").write_text(text, encoding="utf-8")


def test_a_record_is_read_as_it_was_written(data_folder):
    written = Installation(python="/venv/bin/python", version="1.2", extras=["local"])
    write(data_folder, written.as_json())
    assert read_installation() == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        ("", "damaged"),
        ('{"python": "/ven', "damaged"),
        ("[]", "another version"),
        ('{"format": 99, "python": "/p", "version": "1"}', "another version"),
        ('{"format": 1, "version": "1"}', "another version"),
        ('{"format": 1, "python": "", "version": "1"}', "another version"),
        ('{"format": 1, "python": 3, "version": "1"}', "another version"),
    ],
)
def test_a_broken_record_is_no_installation(data_folder, text, reason):
    if text is not None:
        write(data_folder, text)
    with pytest.raises(InstallError, match=reason) as caught:
        read_installation()
    assert caught.value.code == "not-installed"
    assert "install.py" in caught.value.sentences[2]


def test_an_interpreter_that_is_gone_is_no_installation(data_folder):
    write(data_folder, Installation(python=str(data_folder / "gone"), version="1").as_json())
    with pytest.raises(InstallError, match="gone is missing"):
        worker_launch({})


def test_the_worker_is_started_in_isolation(data_folder):
    write(data_folder, Installation(python=sys.executable, version="1").as_json())
    launch = worker_launch({"PYTHONPATH": "/krita", "PATH": "/bin"})
    assert launch.command[:2] == [sys.executable, "-I"]
    assert launch.command[-3:] == ["-m", "layersplit", "worker"]
    assert launch.environment["LAYERSPLIT_HOME"] == str(data_folder)
    assert "PYTHONPATH" not in launch.environment


def test_fields_of_a_newer_version_are_passed_by(data_folder):
    body = {"format": 1, "python": "/p", "version": "2", "mood": "good"}
    write(data_folder, json.dumps(body))
    assert read_installation().version == "2"


@pytest.mark.skipif(sys.platform == "win32", reason="file names are text there")
def test_a_path_with_an_umlaut_is_usable_where_file_names_are_ascii(monkeypatch):
    """As inside Krita under LANG=C, where Python's file names are ASCII with escapes."""
    monkeypatch.setattr(
        installation.os, "fsdecode", lambda path: path.decode("ascii", "surrogateescape")
    )
    path = installation.native_path("/home/jürgen")
    assert path.encode("ascii", "surrogateescape") == "/home/jürgen".encode()
