"""The worker process, driven over its channel as a host drives it."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.worker_process import REAL, TRICKY, WorkerProcess, job

from layersplit import __version__
from layersplit.bridge.folders import LOCK
from layersplit.bridge.messages import (
    MAX_LINE_BYTES,
    PROTOCOL,
    Bye,
    Cancel,
    Doctor,
    DoctorReport,
    Failed,
    Options,
    Progress,
    ProviderList,
    Providers,
    Result,
    Resume,
    decode_line,
)
from layersplit.capabilities import CAPABILITIES
from layersplit.worker.desk import STEPS_BACK

GONE_S = 0.2
TRIES = 5
"""Other programs may take the processor; once in so many times they do not."""


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "job"
    path.mkdir()
    (path / "source.raw").write_bytes(bytes(24))
    return path


@pytest.fixture
def worker(home):
    with WorkerProcess(home, REAL) as process:
        yield process


@pytest.fixture
def tricky(home):
    with WorkerProcess(home, TRICKY) as process:
        yield process


def log_of(home):
    return (home / "logs" / "layersplit.log").read_text(encoding="utf-8")


def test_the_greeting_is_the_first_line_and_comes_at_once(home):
    times, memory = [], []
    for _ in range(3):
        with WorkerProcess(home, REAL) as process:
            line = process.lines.get(timeout=20)
            times.append(time.monotonic() - process.started)
            status = Path(f"/proc/{process.process.pid}/status").read_text()
            memory.append(int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024)
            greeting = decode_line(line)
            assert (greeting.protocol, greeting.version) == (PROTOCOL, __version__)
            assert greeting.providers == list(CAPABILITIES)
    assert min(times) < 0.4
    assert max(memory) < 60


def test_greeting_needs_nothing_but_the_standard_library():
    program = (
        "import sys; import layersplit.worker.service;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " - set(sys.stdlib_module_names)))"
    )
    imported = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = {core_path()!r}; {program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout.strip() in ("['__main__', 'layersplit']", "['layersplit']")


def core_path():
    return [str(Path(__file__).parents[2] / "core")]


def test_it_is_gone_when_its_input_ends(home):
    waits = []
    for _ in range(3):
        with WorkerProcess(home, REAL) as process:
            process.greeting()
            waits.append(process.end_of_input())
            assert process.process.returncode == 0
    assert min(waits) < GONE_S


@pytest.mark.parametrize("trick", ["wait", "stuck", "scratch"])
def test_it_is_gone_in_the_middle_of_a_job(home, folder, trick):
    # Being gone comes before being tidy: on a machine that is busy, one round may leave something.
    outcomes = []
    while (True, False) not in outcomes and len(outcomes) < TRIES:
        with WorkerProcess(home, TRICKY) as process:
            process.send(job("1", folder, trick), job("2", folder, trick))
            process.running()
            process.next(Progress)
            outcomes.append((process.end_of_input() < GONE_S, (folder / "scratch").exists()))
        shutil.rmtree(folder / "scratch", ignore_errors=True)
    assert (True, False) in outcomes


def test_it_is_gone_in_the_middle_of_a_real_job(home, folder, worker):
    side, noise = 1500, random.Random(1)  # noqa: S311 - no secret
    (folder / "source.raw").write_bytes(noise.randbytes(side * side * 4))
    message = job("1", folder, "")
    picture = type(message.picture)(side, side)
    worker.send(type(message)("1", str(folder), "gimp", picture, Options()))
    worker.next(Progress)
    time.sleep(1.0)
    assert worker.end_of_input() < 2 * GONE_S
    assert not (folder / "scratch").exists()


def test_the_pictures_of_a_host_that_vanished_are_removed(folder, tricky):
    (folder / LOCK).write_bytes(b"")
    (folder / "layer-0.raw").write_bytes(bytes(24))
    tricky.send(job("1", folder))
    tricky.running()
    tricky.end_of_input()
    assert not folder.exists()


def test_a_killed_host_takes_its_worker_along_even_out_of_a_locked_c_call(tmp_path, home):
    """End of file is never seen there; the kernel's death signal is what works."""
    pid_file = tmp_path / "pid"
    program = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from fakes.worker_process import job, TRICKY
from layersplit.bridge.client import WorkerClient
from layersplit.bridge.environment import worker_environment
from layersplit.bridge.installation import Launch
from layersplit.bridge.messages import Progress
import threading
begun = threading.Event()
client = WorkerClient(
    lambda message: isinstance(message, Progress) and begun.set(),
    launch=lambda: Launch([sys.executable, "-I", "-u", *TRICKY],
                          worker_environment(os.environ, home={str(home)!r})),
)
client.send(job("1", {str(tmp_path)!r}, "locked"))
begun.wait(20)
time.sleep(0.8)  # by now the C call has begun
open({str(pid_file)!r}, "w").write(str(client._session._process.pid))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    pid = int(pid_file.read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()


def test_nothing_that_anybody_prints_reaches_the_channel(folder, tricky):
    tricky.send(job("1", folder, "chatter"))
    assert isinstance(tricky.answer(), Result)  # every line before it was a message, too
    heard = b"".join(tricky.said)
    for who in (b"from print", b"from write", b"from descriptor 1", b"from C", b"from a child"):
        assert who in heard


def test_a_thousand_malformed_lines_are_answered_and_do_not_end_it(worker):
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(1000):
        garbage = chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
        worker.send_bytes((garbage if number % 2 else b'{"type":"split","job":7}') + b"\n")
    worker.greeting()
    for _ in range(1000):
        failed = worker.answer()
        assert (failed.job, failed.code) == (None, "malformed")
    worker.send(Doctor())
    assert isinstance(worker.next(DoctorReport), DoctorReport)


def test_an_endless_line_is_refused_without_being_kept(worker):
    worker.greeting()
    for _ in range(40):
        worker.send_bytes(b"x" * MAX_LINE_BYTES)
    worker.send_bytes(b"\n")
    assert "longer than" in worker.answer().sentences[0]
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) < 60 * 1024


@pytest.mark.parametrize(
    "line",
    [b"", b'{"type":"hello","protocol":1,"version":"1","providers":[]}', b"\x00\xff\xfe"],
)
def test_a_line_that_no_host_sends_is_answered(worker, line):
    worker.send_bytes(line + b"\n")
    assert worker.answer().code == "malformed"


def test_a_host_that_does_not_read_does_not_keep_it_alive(home):
    assert any(seconds_to_leave_unread(home) < GONE_S for _ in range(TRIES))


def seconds_to_leave_unread(home):
    process = subprocess.Popen(
        [sys.executable, "-I", "-u", *REAL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LAYERSPLIT_HOME": str(home)},
    )
    with process:
        for _ in range(5000):  # the answers are more than a pipe holds
            process.stdin.write(b"nonsense\n")
        process.stdin.flush()
        time.sleep(0.5)
        start = time.monotonic()
        process.stdin.close()
        process.wait(10)
        return time.monotonic() - start


def test_it_tells_what_each_provider_can_do(worker):
    worker.send(Providers())
    rows = {row["name"]: row for row in worker.next(ProviderList).providers}
    assert list(rows) == list(CAPABILITIES)
    assert rows["classic"]["ready"]
    assert rows["classic"]["layers"] == [1, 10]


def test_a_question_is_answered_while_a_job_runs(folder, tricky):
    tricky.send(job("1", folder))
    tricky.running()
    tricky.send(Doctor())
    assert ["packages", None] in tricky.next(DoctorReport).checks


def test_a_running_job_is_cancelled(folder, tricky):
    tricky.send(job("1", folder))
    tricky.running()
    start = time.monotonic()
    tricky.send(Cancel("1"))
    failed = tricky.answer()
    assert (failed.job, failed.code) == ("1", "cancelled")
    assert failed.sentences[1] == "It is not charged."
    assert time.monotonic() - start < 1


def test_jobs_queue_and_a_queued_one_is_cancelled_at_once(folder, tricky):
    tricky.send(job("1", folder), job("2", folder), job("3", folder, "nothing"))
    waiting = [tricky.next(Progress) for _ in range(4)]
    assert [(entry.job, entry.stage) for entry in waiting if entry.stage == "queued"] == [
        ("2", "queued"),
        ("3", "queued"),
    ]
    tricky.send(Cancel("2"))
    failed = tricky.answer()
    assert (failed.job, failed.code) == ("2", "cancelled")
    tricky.send(Cancel("1"))
    assert tricky.answer().job == "1"
    assert tricky.answer() == Result("3", [], {"layers": []})


def test_a_job_that_hangs_in_c_is_cancelled_within_two_seconds(folder, tricky):
    tricky.send(job("1", folder, "stuck", options=Options(provider="fal", prompt="stuck")))
    tricky.running()
    start = time.monotonic()
    tricky.send(Cancel("1"))
    failed = tricky.answer(seconds=2)
    assert time.monotonic() - start < 2
    assert (failed.job, failed.code, failed.may_have_cost) == ("1", "cancelled", False)
    assert tricky.process.wait(2) == 75


def test_a_used_id_is_refused_and_the_first_job_goes_on(folder, tricky):
    tricky.send(job("1", folder))
    tricky.running()
    tricky.send(job("1", folder))
    failed = tricky.answer()
    assert (failed.job, failed.code) == (None, "duplicate-job")
    tricky.send(Cancel("1"))
    assert tricky.answer().code == "cancelled"
    tricky.send(job("1", folder, "nothing"))
    assert isinstance(tricky.answer(), Result)


def test_cancelling_what_is_not_there_is_answered(worker):
    worker.send(Cancel("ghost"))
    failed = worker.answer()
    assert (failed.job, failed.code) == ("ghost", "unknown-job")


def test_a_failure_keeps_its_three_sentences(folder, tricky):
    tricky.send(job("1", folder, "fail"))
    assert tricky.answer() == Failed(
        "1", "provider", ["It broke.", "Sad.", "Mend it."], may_have_cost=True
    )


def test_a_fault_goes_to_the_log_and_not_to_the_user(home, folder, tricky):
    tricky.send(job("1", folder, "raise"))
    failed = tricky.answer()
    assert failed.code == "internal"
    assert "secret cause" not in json.dumps(failed.sentences)
    assert "Traceback" in log_of(home)
    assert "secret cause" in log_of(home)
    assert f"Layersplit {__version__}" in log_of(home)
    tricky.send(job("2", folder, "nothing"))
    assert isinstance(tricky.answer(), Result)


def test_a_report_that_json_cannot_write_still_ends_the_job(folder, tricky):
    tricky.send(job("1", folder, "nan"))
    failed = tricky.answer()
    assert (failed.job, failed.code) == ("1", "internal")


def test_goodbye_cancels_and_ends(folder, tricky):
    tricky.send(job("1", folder), job("2", folder))
    tricky.running()
    tricky.send(Bye())
    assert {tricky.answer().job, tricky.answer().job} == {"1", "2"}
    assert tricky.process.wait(5) == 0
    assert folder.exists()  # it belongs to a host that is alive


def test_ctrl_c_in_the_hosts_terminal_is_the_hosts_affair(worker):
    worker.greeting()
    worker.send(Doctor())
    worker.next(DoctorReport)
    worker.process.send_signal(signal.SIGINT)
    worker.send(Doctor())
    assert isinstance(worker.next(DoctorReport), DoctorReport)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 5}, "24 bytes"),
        ({"depth": "u9"}, "u9"),
        ({"order": "argb"}, "argb"),
        ({"width": 0}, "nothing to split"),
        ({"width": -2}, "nothing to split"),
        ({"width": 2**40}, "1099511627776"),
        ({"selection": [0, 0, 9, 9]}, "selection"),
        ({"selection": [0, 0]}, "0, 0"),
        ({"selection": [0, 0, 1, 1]}, "selection"),
    ],
)
def test_a_picture_that_is_not_what_it_says_is_refused(folder, worker, changes, words):
    request = job("1", folder, "")
    values = {**vars(request.picture), **changes}
    worker.send(type(request)("1", str(folder), "krita", type(request.picture)(**values)))
    failed = worker.answer(seconds=60)
    assert (failed.job, failed.code) == ("1", "input")
    assert words in " ".join(failed.sentences)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(provider="nobody"), "nobody"),
        (Options(layers=99), "99"),
        (Options(layers=0), "0"),
        (Options(colours="loud"), "loud"),
        (Options(boxes=[[1, 2]]), "[1, 2]"),
        (Options(boxes=[[50, 50, 3, 3]]), "outside"),
        (Options(points=[[1]]), "[1]"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(folder, worker, options, words):
    worker.send(job("1", folder, options=options))
    failed = worker.answer(seconds=60)
    assert (failed.job, failed.code) == ("1", "input")
    assert words in " ".join(failed.sentences)


def test_a_folder_that_is_not_there_is_refused(tmp_path, worker):
    worker.send(job("1", tmp_path / "gone", ""))
    assert worker.answer(seconds=60).code == "input"


@pytest.mark.parametrize("name", ["never-was", "../../etc", ""])
def test_a_job_that_the_journal_does_not_know_is_refused(folder, worker, name):
    worker.send(Resume(name, str(folder), "krita"))
    failed = worker.answer(seconds=60)
    assert (failed.job, failed.code) == (name, "input")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells it on Linux")
def test_work_stands_back_and_answers_do_not(folder, tricky):
    """The editor's own threads come first; a question is still answered at once."""
    tricky.send(job("1", folder))
    tricky.running()
    steps = {}
    for task in Path(f"/proc/{tricky.process.pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        steps[int(task.name)] = int(fields[16])
    assert steps[tricky.process.pid] == os.nice(0)
    assert os.nice(0) + STEPS_BACK in steps.values()
