"""The process is killed, or the user cancels, at every point of a job: one bill, and the layers."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.services import FAST, SERVERS, environment, split

from layersplit.errors import Cancelled, SubmissionUnknownError
from layersplit.remote.journal import UNFINISHED, Journal, State
from layersplit.run import Run

TESTS = Path(__file__).resolve().parent.parent
CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from fakes.services import FAST, SERVERS, split
class There:
    name = sys.argv[1]
split(There, job="mine")
"""
POINTS = [
    ("wavespeed", "upload", "hook-before"),
    ("wavespeed", "put", "hook"),
    ("wavespeed", "submit", "hook-before"),
    ("wavespeed", "submit", "hook"),
    ("wavespeed", "poll", "hook"),
    ("wavespeed", "download", "hook-before"),
    ("runcomfy", "quote", "hook"),
    ("runcomfy", "poll", "hook-before"),
    ("runcomfy", "fetch", "hook"),
    ("runcomfy", "download", "hook"),
    ("fal", "poll", "hook"),
    ("fal", "fetch", "hook-before"),
    ("fal", "download", "hook"),
    ("replicate", "submit", "hook-before"),
    ("replicate", "submit", "hook"),
    ("replicate", "poll", "hook"),
    ("replicate", "download", "hook"),
    ("comfyui", "upload", "hook"),
    ("comfyui", "submit", "hook-before"),
    ("comfyui", "submit", "hook"),
    ("comfyui", "poll", "hook"),
    ("comfyui", "download", "hook"),
]


def killed_at(server, home, step, kind):
    """Run the provider in a process of its own and kill that at ``step``; returns its status."""
    holder = {}
    server.spoil(step, kind, hook=lambda: os.kill(holder["pid"], signal.SIGKILL))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.name, str(TESTS)],
        env={**os.environ, **environment(server), "LAYERSPLIT_HOME": str(home)},
        stderr=subprocess.PIPE,
    )
    holder["pid"] = child.pid
    _out, words = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, words.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize(("name", "step", "kind"), POINTS)
def test_a_killed_process_costs_one_job_and_its_layers_arrive(start, home, name, step, kind):
    server = start(name)
    killed_at(server, home, step, kind)
    for faulty in (server.api, server.cdn):
        faulty.faults.clear()
    assert server.billed <= 1
    answer = split(server, job="mine")
    assert len(answer.layers) == 3
    assert server.billed == 1
    assert Journal().read("mine").state is State.RECEIVED
    again = split(server, job="mine")
    assert server.billed == 1
    assert np.array_equal(again.layers[1].pixels, answer.layers[1].pixels)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("name", ["runcomfy", "fal"])
def test_where_nobody_can_look_the_doubt_is_said_and_nothing_is_sent(start, home, name):
    server = start(name)
    killed_at(server, home, "submit", "hook")
    assert server.billed == 1
    for _ in range(2):
        with pytest.raises(
            SubmissionUnknownError, match=r"answer to the request .* was lost"
        ) as said:
            split(server, job="mine")
        assert "may be billed" in said.value.meaning
        assert said.value.may_have_cost
    assert server.submissions == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("name", ["wavespeed", "replicate", "comfyui"])
def test_a_list_proves_that_there_is_no_job_only_after_a_while(start, home, name):
    server = start(name)
    killed_at(server, home, "submit", "reset-before")
    began = Journal().read("mine").sent
    answer = split(server, job="mine", timing=replace(FAST, settle_s=3.0))
    assert len(answer.layers) == 3
    assert server.billed == 1
    (job,) = server.jobs.values()
    assert job.created - began >= 3.0


def test_the_same_request_again_goes_on_with_the_unfinished_job(server, home):
    if sys.platform == "win32":
        pytest.skip("SIGKILL")
    killed_at(server, home, "poll", "hook")
    answer = split(server)  # no job is named: somebody just runs the same command again
    assert len(answer.layers) == 3
    assert answer.job == "mine"
    assert server.billed == 1


def test_the_remote_id_is_on_disk_before_the_first_question(server):
    seen = []
    server.spoil("poll", "hook", hook=lambda: seen.append(Journal().read("mine")))
    split(server, job="mine")
    assert seen[0].state is State.SUBMITTED
    assert seen[0].remote_id in server.jobs


def test_the_intent_is_on_disk_before_the_submission(server):
    seen = []
    server.spoil("submit", "hook-before", hook=lambda: seen.append(Journal().read("mine")))
    split(server, job="mine", remember=lambda folder: (folder / "kept").touch())
    assert seen[0].state is State.SENDING
    assert (Journal().folder("mine") / "kept").exists()


def cancelled_at(server, step, kind):
    """Cancel when ``step`` is reached; returns the note and how long it took."""
    run = Run()
    moment = []

    def stop():
        moment.append(time.monotonic())
        run.cancelled.set()

    server.spoil(step, kind, hook=stop)
    with pytest.raises(Cancelled) as caught:
        split(server, run=run, job="mine")
    return caught.value.note, time.monotonic() - moment[0]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("wavespeed", "upload"),
        ("comfyui", "upload"),
        *((name, step) for name in SERVERS for step in ("poll", "download")),
    ],
)
def test_a_cancel_works_within_two_seconds_and_says_what_it_costs(start, name, step):
    server = start(name, polls=3)
    note, seconds = cancelled_at(server, step, "hook")
    assert seconds < 2.0
    if step == "upload":
        assert server.submissions == 0
        assert Journal().read("mine") is None
        return
    entry = Journal().read("mine")
    assert entry.state is State.CANCELLED
    assert note.strip()
    assert entry.sentences == (note,)
    if server.variable:
        assert "charge" in note


@pytest.mark.parametrize("name", ["runcomfy", "fal", "replicate", "comfyui"])
def test_a_cancel_reaches_the_service(start, name):
    server = start(name, polls=6)
    cancelled_at(server, "poll", "hook")
    assert all(job.cancelled for job in server.jobs.values())
    assert len(server.jobs) == 1


def test_a_running_job_that_runcomfy_will_not_stop_is_said_to_be_charged(start):
    server = start("runcomfy", polls=50)
    server.spoil("poll", "hook", times=3, hook=lambda: None)
    note, _seconds = cancelled_at(server, "poll", "hook")
    remote_id = next(iter(server.jobs))
    assert "finishes and charges it" in note
    assert remote_id in note


def test_a_cancel_while_the_service_is_silent_does_not_wait_for_it(server):
    server.spoil("cancel", "stall-before", times=5)
    _note, seconds = cancelled_at(server, "poll", "stall-before")
    assert seconds < 2.0
    assert Journal().read("mine").state is State.CANCELLED


def test_a_cancel_during_the_submission_keeps_what_is_known(server):
    run = Run()
    server.spoil("submit", "hook", hook=lambda: (run.cancelled.set(), time.sleep(0.7)))
    with pytest.raises(Cancelled) as caught:
        split(server, run=run, job="mine")
    assert caught.value.note
    for _ in range(100):  # the answer is written down when it comes after all
        if Journal().read("mine").remote_id is not None:
            break
        time.sleep(0.02)
    entry = Journal().read("mine")
    assert entry.remote_id in server.jobs
    assert entry.state in UNFINISHED
    assert len(split(server, job="mine").layers) == 3
    assert server.billed == 1
