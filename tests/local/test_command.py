"""The real command on the tiny model, in a process of its own, without a network."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path, picture):
    file = tmp_path / "photo.png"
    Image.fromarray(picture).save(file)
    return file


def command(*arguments, **changes):
    return subprocess.Popen(
        [sys.executable, "-m", "layersplit", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **changes},
    )


def test_a_picture_becomes_a_layered_file_that_adds_up(photo, model_folder):
    started = command(
        "split", photo, "--provider", "local", "--model", model_folder,
        "--layers", 3, "--steps", 1, "--seed", 1, "--prompt", "a square", "--json",
    )  # fmt: skip
    out, err = started.communicate(timeout=240)
    assert started.returncode == 0, err
    report = json.loads(out)
    assert report["provider"] == "local"
    assert report["reconstruction"]["max_abs"] == 0
    assert 1 <= len(report["layers"]) <= 3
    assert any("plan 'resident' and seed 1" in note for note in report["notes"])
    assert "stack.xml" in zipfile.ZipFile(report["output"]).namelist()
    assert "Traceback" not in err


def test_a_folder_of_pictures_loads_the_model_once(tmp_path, photo, picture, model_folder):
    (tmp_path / "in").mkdir()
    photo.rename(tmp_path / "in" / "one.png")
    Image.fromarray(picture[:, ::-1]).save(tmp_path / "in" / "two.png")
    started = command(
        "split", tmp_path / "in", "-o", tmp_path / "out", "--provider", "local",
        "--model", model_folder, "--layers", 1, "--steps", 1, "--guidance", 1, "--prompt", "x",
    )  # fmt: skip
    out, err = started.communicate(timeout=240)
    assert started.returncode == 0, err
    assert out.split() == [str(tmp_path / "out" / name) for name in ("one.ora", "two.ora")]
    told = [line for line in err.splitlines() if "Plan resident" in line]
    assert ["of loading before it" in line for line in told] == [True, False]


def test_control_c_stops_it_within_two_seconds(photo, model_folder):
    started = command(
        "split", photo, "--provider", "local", "--model", model_folder,
        "--steps", 100, "--layers", 10, "--prompt", "a square",
    )  # fmt: skip
    time.sleep(6)  # somewhere between the start of torch and the first steps
    assert started.poll() is None, started.communicate()
    start = time.monotonic()
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert time.monotonic() - start < 4  # two, and as much again for a crowded test machine
    assert started.returncode == 130
    assert "Traceback" not in err


def test_a_missing_model_is_three_sentences_and_status_5(photo):
    started = command("split", photo, "--provider", "local", "--model", "/no/such/model")
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (5, "")
    assert err.startswith("There is no model at '/no/such/model'.")
    assert "Traceback" not in err


def test_the_plans_can_be_asked_for(model_folder):
    started = command("model", "plan", "--model", model_folder)
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    assert [line.split()[1] for line in out.splitlines() if line.startswith("fits")][:2] == [
        "resident",
        "staged",
    ]
    assert out.splitlines()[-1].startswith("Plan resident")


def test_what_can_be_fetched_is_listed():
    started = command("model", "list")
    out, err = started.communicate(timeout=60)
    assert started.returncode == 0, err
    assert "full    57.7 GB  Apache-2.0  not here" in out
