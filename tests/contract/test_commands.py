"""The real command against the test servers: split, jobs, key."""

import json
import os
import signal
import subprocess
import sys
import zipfile

import pytest
from fakes.services import environment, picture
from PIL import Image

FAST = {"poll_s": 0.01, "answer_s": 5.0}


@pytest.fixture
def command(home, tmp_path):
    """Run layersplit; returns the finished process."""
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(FAST))

    def run(*arguments, server=None, **options):
        variables = {} if server is None else environment(server)
        return subprocess.run(
            [sys.executable, "-m", "layersplit", *map(str, arguments)],
            env={**os.environ, **variables, "LAYERSPLIT_HOME": str(home)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            **options,
        )

    return run


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(picture(240, 160)[..., :3].copy()).save(path)
    return path


def test_a_picture_becomes_layers_and_the_second_time_nothing_is_sent(server, command, photo):
    first = command(
        "split", photo, "--provider", server.name, "--layers", 3, "--json", server=server
    )
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert report["provider"] == server.name
    assert report["reconstruction"]["max_abs"] == 0
    assert report["job"]
    assert len(report["layers"]) == 3
    assert "sent to" in first.stderr
    if server.variable:
        assert "for 3 layers" in first.stderr
    assert server.key not in first.stderr + first.stdout
    if server.name != "wavespeed":
        return  # the way of the others is the same from here, and processes are slow
    asked = len(server.api.requests)
    second = command(
        "split", photo, "--provider", server.name, "--layers", 3, "--json", server=server
    )
    assert json.loads(second.stdout)["job"] == report["job"]
    assert len(server.api.requests) == asked
    assert "sent to" not in second.stderr
    listed = command("jobs")
    assert "done" in listed.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("name", ["wavespeed", "comfyui"])
def test_a_killed_run_is_listed_and_resumed_into_a_file(start, command, photo, tmp_path, name):
    server = start(name)
    holder = {}
    server.spoil("poll", "hook", hook=lambda: os.kill(holder["pid"], signal.SIGKILL))
    arguments = ["split", str(photo), "--provider", name, "--layers", "3"]
    child = subprocess.Popen(
        [sys.executable, "-m", "layersplit", *arguments],
        env={**os.environ, **environment(server), "LAYERSPLIT_HOME": str(tmp_path / "home")},
        stderr=subprocess.DEVNULL,
    )
    holder["pid"] = child.pid
    assert child.wait(60) == -signal.SIGKILL
    (line,) = command("jobs", "list").stdout.splitlines()
    assert "resume brings its layers" in line
    job = line.split()[0]
    shown = command("jobs", "show", job)
    assert next(iter(server.jobs)) in shown.stdout
    kept = command("jobs", "purge")
    assert "1 unfinished jobs are kept" in kept.stdout
    resumed = command("jobs", "resume", job, "-o", tmp_path / "out.ora", "--json", server=server)
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["job"] == job
    assert zipfile.is_zipfile(tmp_path / "out.ora")
    assert server.billed == 1
    assert "done" in command("jobs").stdout
    assert "1 jobs" in command("jobs", "purge").stdout
    assert command("jobs").stdout == ""


def test_a_wrong_key_a_missing_key_and_no_server_have_their_status(
    start, command, photo, monkeypatch
):
    server = start("fal")
    arguments = ("split", photo, "--provider", "fal")
    monkeypatch.delenv("FAL_KEY")
    missing = command(*arguments)
    assert missing.returncode == 5
    monkeypatch.setenv("FAL_KEY", "sk-wrong")
    refused = command(*arguments)
    assert refused.returncode == 3
    for result in (missing, refused):
        assert "Traceback" not in result.stderr
    server.close()
    gone = command(*arguments, server=server)
    assert gone.returncode == 4
    assert "Nothing answers" in gone.stderr


def test_a_key_is_set_tested_and_forgotten_without_being_shown(start, command, monkeypatch, home):
    server = start("wavespeed")
    monkeypatch.delenv(server.variable)
    set_ = command("key", "set", "wavespeed", input=f"{server.key}\n")
    assert set_.returncode == 0, set_.stderr
    tested = command("key", "test", "wavespeed")
    assert tested.returncode == 0, tested.stderr
    assert "The key works; the balance is $10.00." in tested.stdout
    forgotten = command("key", "forget", "wavespeed")
    assert "is forgotten" in forgotten.stdout
    assert server.key not in (home / "keys.json").read_text()
    for result in (set_, tested, forgotten):
        assert server.key not in result.stdout + result.stderr
    assert command("key", "test", "wavespeed").returncode == 5
    assert command("key", "set", "wavespeed", input="\n").returncode == 2


def test_providers_say_what_is_missing(start, command):
    server = start("comfyui")
    ready = {
        row["name"]: row
        for row in json.loads(command("providers", "--json", server=server).stdout)["providers"]
    }
    assert ready["comfyui"]["ready"]
    assert not ready["fal"]["ready"]
    assert "layersplit key set fal" in ready["fal"]["reason"]
    server.close()
    (row,) = [
        row
        for row in json.loads(command("providers", "--json", server=server).stdout)["providers"]
        if row["name"] == "comfyui"
    ]
    assert "No ComfyUI server answers" in row["reason"]
