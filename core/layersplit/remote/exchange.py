"""Waiting for something slow without missing a cancel or a deadline.

A blocked socket cannot be interrupted, so the work runs in a thread of its own that is left behind
when the user does not want to wait any longer. Such a thread ends by its socket's own time-out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from layersplit.errors import Cancelled
from layersplit.run import Run

T = TypeVar("T")

LOOK_S: Final = 0.05
"""How often a cancel is looked for while nothing else happens."""


class _Outcome(Generic[T]):
    """What became of one piece of work."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._late: Callable[[T], None] | None = None
        self.done = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            value = self._work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.error = error
            self.done.set()
            return
        with self._lock:
            self.value = value
            self.done.set()
            late = self._late
        if late is not None:
            late(value)

    def leave(self, late: Callable[[T], None] | None) -> bool:
        """Stop waiting: ``late`` gets what comes afterwards. False: it came just now."""
        with self._lock:
            if self.done.is_set():
                return False
            self._late = late
            return True

    def take(self) -> T:
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # the work returned it


def _start(work: Callable[[], T]) -> _Outcome[T]:
    outcome = _Outcome(work)
    threading.Thread(target=outcome.run, daemon=True, name="layersplit-network").start()
    return outcome


def in_background(
    work: Callable[[], T],
    *,
    run: Run,
    limit_s: float,
    grace_s: float = 0.0,
    late: Callable[[T], None] | None = None,
) -> T:
    """Do ``work`` in a thread and return what it returns, or raise what it raises.

    Raises Cancelled when the job is stopped, ``grace_s`` later so that an answer which is on its
    way can still arrive, and TimeoutError after ``limit_s``. What ``work`` returns after that goes
    to ``late``, in its own thread.
    """
    outcome = _start(work)
    give_up = time.monotonic() + limit_s
    leave_at: float | None = None
    while not outcome.done.wait(LOOK_S):
        now = time.monotonic()
        if leave_at is None and run.cancelled.is_set():
            leave_at = now + grace_s
        stopped = leave_at is not None and now >= leave_at
        if (stopped or now >= give_up) and outcome.leave(late):
            raise Cancelled if stopped else TimeoutError
    return outcome.take()


def in_parallel(
    works: Sequence[Callable[[], T]],
    *,
    run: Run,
    width: int,
    limit_s: float,
    finished: Callable[[int], None],
) -> list[T]:
    """Do all ``works``, at most ``width`` at a time; their results in order.

    ``finished`` is told the number done so far. The first failure is raised at once. Raises
    Cancelled and TimeoutError like :func:`in_background`.
    """
    give_up = time.monotonic() + limit_s
    outcomes: list[_Outcome[T]] = []
    reported = 0
    while True:
        active = sum(not outcome.done.is_set() for outcome in outcomes)
        while active < width and len(outcomes) < len(works):
            outcomes.append(_start(works[len(outcomes)]))
            active += 1
        for outcome in outcomes:
            if outcome.done.is_set():
                outcome.take()
        done = sum(outcome.done.is_set() for outcome in outcomes)
        if done > reported:
            finished(done)
            reported = done
        if done == len(works):
            return [outcome.take() for outcome in outcomes]
        run.check()
        if time.monotonic() >= give_up:
            raise TimeoutError
        waiting = next(outcome for outcome in outcomes if not outcome.done.is_set())
        waiting.done.wait(LOOK_S)
