"""The client against a scripted worker: what the host gets, whatever the worker does."""

import os
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from uuid import uuid4

import pytest

from layersplit.bridge.client import WorkerClient
from layersplit.bridge.failures import InstallError
from layersplit.bridge.installation import Launch
from layersplit.bridge.messages import (
    Cancel,
    Doctor,
    DoctorReport,
    Failed,
    Hello,
    Options,
    Progress,
    Providers,
    RawPicture,
    Result,
    Split,
)

WORKER = Path(__file__).parents[2] / "fakes" / "worker.py"
CORE = Path(__file__).parents[3] / "core"
SOON_S = 10


class Host:
    """Collects what it is told, and looks at it in order."""

    def __init__(self, greeting="hello", **deadlines):
        self.told = Queue()
        self.starts = 0
        self.mark = uuid4().hex
        self.greeting = greeting
        self.client = WorkerClient(self.told.put, launch=self.launch, **deadlines)

    def launch(self):
        self.starts += 1
        command = [sys.executable, str(WORKER), self.greeting, self.mark]
        return Launch(command, {**os.environ, "PYTHONPATH": str(CORE)})

    def split(self, job, what="ok", provider="classic"):
        options = Options(provider=provider, prompt=what)
        self.client.send(Split(job, "/nowhere", "krita", RawPicture(1, 1), options))

    def next(self, kind, seconds=SOON_S):
        """The next message of this kind; others before it are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.told.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(message, kind):
                return message

    def answer(self, seconds=SOON_S):
        """The next end of a job."""
        return self.next((Result, Failed), seconds)


@pytest.fixture
def hosts():
    made = []

    def make(*arguments, **options):
        made.append(Host(*arguments, **options))
        return made[-1]

    yield make
    for host in made:
        host.client.close(wait_s=1)


def processes(host):
    """The workers of this host that are still there."""
    return [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if host.mark.encode() in content(entry)
    ]


def content(entry):
    try:
        return entry.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def test_no_worker_runs_before_it_is_needed(hosts):
    assert hosts().starts == 0


def test_a_job_ends_with_its_result(hosts):
    host = hosts()
    host.split("1")
    assert isinstance(host.next(Hello), Hello)
    assert host.next(Progress).stage == "prepare"
    assert host.answer() == Result("1", [], {"layers": []})
    assert not host.client.busy


def test_the_worker_stays_for_the_next_job(hosts):
    host = hosts()
    for job in "123":
        host.split(job)
        assert host.answer().job == job
    assert host.starts == 1


def test_messages_are_delivered_where_the_host_wants_them():
    calls = Queue()
    host = Host()
    host.client = WorkerClient(host.told.put, launch=host.launch, deliver=calls.put)
    host.split("1")
    calls.get(timeout=SOON_S)()
    assert isinstance(host.told.get_nowait(), Hello)
    with pytest.raises(Empty):
        host.told.get_nowait()
    host.client.close()


def test_a_host_that_stumbles_over_a_message_gets_the_next_one(hosts, data_folder):
    host = hosts()
    seen = Queue()

    def stumble(message):
        seen.put(message)
        raise RuntimeError("wrapped C/C++ object has been deleted")

    host.client = WorkerClient(stumble, launch=host.launch)
    host.split("1")
    while not isinstance(seen.get(timeout=SOON_S), Result):
        pass
    host.client.close()
    assert "has been deleted" in (data_folder / "logs" / "layersplit.log").read_text()


def test_a_running_job_is_cancelled_by_the_worker(hosts):
    host = hosts()
    host.split("1", "hang")
    host.next(Progress)
    host.client.cancel("1")
    assert host.answer().code == "cancelled"
    assert host.starts == 1


def test_a_queued_job_is_cancelled_and_the_running_one_goes_on(hosts):
    host = hosts()
    host.split("1", "hang")
    host.next(Progress)
    host.split("2")
    host.next(Progress)
    host.client.send(Cancel("2"))
    answer = host.answer()
    assert (answer.job, answer.code) == ("2", "cancelled")
    assert host.client.busy


def test_a_job_is_cancelled_before_the_worker_has_greeted(hosts):
    host = hosts("silent")
    host.split("1")
    host.client.cancel("1")
    assert host.answer(seconds=1).code == "cancelled"


def test_a_job_that_does_not_stop_is_ended_and_the_next_one_is_done(hosts):
    host = hosts(cancel_s=0.3)
    host.split("1", "deaf", provider="wavespeed")
    host.next(Progress)
    host.split("2")
    start = time.monotonic()
    host.client.cancel("1")
    cancelled = host.answer(seconds=1)
    assert (cancelled.job, cancelled.code) == ("1", "cancelled")
    assert time.monotonic() - start < 1
    assert host.answer() == Result("2", [], {"layers": []})
    assert host.starts == 2


def test_a_worker_that_does_not_even_read_is_ended(hosts):
    host = hosts(cancel_s=0.3)
    host.split("1", "frozen")
    host.next(Progress)
    host.client.cancel("1")
    assert host.answer(seconds=1).code == "cancelled"


def test_a_dead_worker_takes_its_job_along_and_says_why(hosts, data_folder):
    host = hosts()
    host.split("1", "die")
    failed = host.answer()
    assert (failed.job, failed.code, failed.may_have_cost) == ("1", "worker-died", False)
    assert "exit status 9" in failed.sentences[0]
    assert "exit status 9" in (data_folder / "logs" / "layersplit.log").read_text()


def test_a_dead_worker_may_have_spent_money(hosts):
    host = hosts()
    host.split("1", "late-die", provider="wavespeed")
    failed = host.answer()
    assert failed.may_have_cost
    assert "history" in failed.sentences[2]
    host.split("2", "late-die", provider="local")
    assert not host.answer().may_have_cost


def test_jobs_that_only_waited_survive_the_worker(hosts):
    host = hosts()
    host.split("1", "hang")
    host.next(Progress)
    host.split("2")
    host.split("3")
    host.next(Progress)
    host.next(Progress)
    for process in processes(host):
        os.kill(process, 9)
    assert (host.answer().code, host.starts >= 1) == ("worker-died", True)
    assert [host.answer().job, host.answer().job] == ["2", "3"]
    assert host.starts == 2


def test_a_worker_that_dies_again_and_again_is_given_up(hosts):
    host = hosts()
    host.split("0", "hang")
    host.next(Progress)
    jobs = [str(number) for number in range(1, 9)]
    for job in jobs:
        host.split(job, "die")
    host.client.cancel("0")
    answers = {host.answer().job for _ in range(9)}
    assert answers == {"0", *jobs}


def test_a_worker_that_never_greets_is_given_up(hosts):
    host = hosts("silent", greeting_s=0.4)
    host.split("1")
    failed = host.answer(seconds=3)
    assert (failed.job, failed.code) == ("1", "no-greeting")


@pytest.mark.parametrize(
    ("greeting", "code", "words"),
    [
        ("old", "protocol", "different versions"),
        ("noise", "protocol", "no JSON"),
        ("gone", "not-runnable", "exit status 7"),
    ],
)
def test_a_worker_that_does_not_fit_is_refused_with_the_remedy(hosts, greeting, code, words):
    host = hosts(greeting)
    host.split("1")
    failed = host.answer()
    assert (failed.job, failed.code) == ("1", code)
    assert words in failed.sentences[0]
    assert "install.py" in failed.sentences[2]


def test_without_an_installation_the_host_is_told_what_to_do(hosts):
    host = hosts()

    def launch():
        raise InstallError("not-installed", detail="it is missing")

    host.client = WorkerClient(host.told.put, launch=launch)
    host.split("1")
    failed = host.answer()
    assert (failed.job, failed.code) == ("1", "not-installed")
    assert not host.client.busy


def test_an_interpreter_that_cannot_run_is_told(hosts, tmp_path):
    host = hosts()
    host.client = WorkerClient(
        host.told.put, launch=lambda: Launch([str(tmp_path / "no-python")], {})
    )
    host.split("1")
    assert host.answer().code == "not-runnable"


def test_a_question_is_answered(hosts):
    host = hosts()
    host.client.send(Doctor())
    assert host.next(DoctorReport).checks == [["packages", None]]


def test_a_question_that_nobody_answers_ends_too(hosts):
    host = hosts(answer_s=0.3)
    host.client.send(Providers())
    failed = host.answer()
    assert (failed.job, failed.code) == (None, "no-answer")


def test_closing_ends_the_worker_and_nothing_is_said_after_it():
    host = Host()
    host.split("1", "hang")
    host.next(Progress)
    assert processes(host)
    start = time.monotonic()
    host.client.close()
    assert time.monotonic() - start < 1
    assert not processes(host)
    with pytest.raises(Empty):
        host.told.get(timeout=0.2)
    host.split("2")
    assert host.answer().code == "closed"


def test_closing_ends_a_worker_that_does_not_listen():
    host = Host()
    host.split("1", "frozen")
    host.next(Progress)
    start = time.monotonic()
    host.client.close(wait_s=0.2)
    assert time.monotonic() - start < 1.5
    assert not processes(host)


def test_a_used_id_is_a_mistake_of_the_host(hosts):
    host = hosts()
    host.split("1", "hang")
    with pytest.raises(ValueError, match="already there"):
        host.split("1", "hang")


def test_no_thread_of_the_client_is_left():
    host = Host()
    host.split("1")
    host.answer()
    host.client.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "layersplit-worker" not in names
