"""Progress over unequal parts, and when an idle model is let go."""

import threading
import time
from types import SimpleNamespace

import pytest

from layersplit.errors import Cancelled
from layersplit.local import timeline
from layersplit.local.session import Session, should_free
from layersplit.local.timeline import Timeline
from layersplit.run import Run


@pytest.fixture
def told():
    return []


@pytest.fixture
def run(told):
    return Run(lambda _stage, fraction, sentence: told.append((fraction, sentence)))


def test_parts_get_room_by_what_they_take(run, told):
    line = Timeline(run, {"load": 10, "denoise": 80, "decode": 10})
    line.enter("load", "Loading")
    line.enter("denoise", "Separating")
    line.enter("decode", "Decoding")
    assert told == [
        (0.0, "Loading"),
        (pytest.approx(0.1), "Separating"),
        (pytest.approx(0.9), "Decoding"),
    ]


def test_it_never_goes_back(run, told):
    line = Timeline(run, {"a": 1, "b": 1})
    line.enter("b", "B")
    line.enter("a", "A")
    assert [fraction for fraction, _ in told] == [0.5, 0.5]


def test_it_tells_at_most_ten_times_a_second_but_always_looks(run, told):
    line = Timeline(run, {"a": 1})
    line.enter("a", "A")
    for _ in range(1000):
        line.at(0.5)
    assert len(told) <= 3
    run.cancelled.set()
    with pytest.raises(Cancelled):
        line.at(0.6)


def test_it_says_how_long_the_rest_takes(run, told, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timeline.time, "monotonic", lambda: now[0])
    line = Timeline(run, {"a": 1})
    line.enter("a", "Working", tells_time=True)
    now[0] = 20.0
    line.at(0.25)
    assert told[-1] == (0.25, "Working, about 60 seconds left")


@pytest.mark.parametrize(
    ("idle", "then", "now", "answer"),
    [
        (5, 10e9, 10e9, False),
        (601, 10e9, 10e9, True),
        (5, 0.9e9, 0.9e9, False),  # we filled the card ourselves
        (5, 3e9, 0.5e9, True),  # another program came
        (5, 30e9, 20e9, False),  # another program came, there is room for both
        (5, None, None, False),
    ],
)
def test_an_idle_model_leaves_when_it_is_time_or_in_the_way(idle, then, now, answer):
    assert should_free(idle_s=idle, limit_s=600, free_then=then, free_now=now) is answer


def waiting(session, released, minutes):
    with session.running(minutes):
        session.model = SimpleNamespace(release=released.set)


def test_the_model_is_freed_after_its_idle_time():
    released = threading.Event()
    session = Session(lambda: None, look_every_s=0.01)
    waiting(session, released, 0.05 / 60)
    assert released.wait(5)
    assert session.model is None


def test_another_program_gets_the_memory():
    released = threading.Event()
    free = [5e9]
    session = Session(lambda: free[0], look_every_s=0.01)
    waiting(session, released, 10)
    assert not released.wait(0.1)
    free[0] = 0.5e9
    assert released.wait(5)


def test_a_new_run_keeps_the_model():
    released = threading.Event()
    session = Session(lambda: None, look_every_s=0.01)
    waiting(session, released, 0.2 / 60)
    with session.running(10):
        time.sleep(0.4)
        assert session.model is not None
    assert not released.is_set()
