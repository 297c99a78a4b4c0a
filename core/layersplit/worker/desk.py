"""One job at a time: queue, cancel, and the end of a job that does not react to its cancellation.

A job that hangs in a C call cannot be stopped from inside its process. So after FORCE_S the desk
tells the host that the job is cancelled and asks for the end of the whole process; the host starts
a new worker and gives it the jobs that still queued (see bridge/client.py).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from layersplit.bridge import texts
from layersplit.bridge.messages import Failed, Message, Progress, Result, Resume, Split
from layersplit.bridge.money import may_have_cost

STEPS_BACK: Final = 5
FORCE_S: Final = 1.5
"""A cancelled job must be answered within two seconds."""

SCRATCH: Final = "scratch"
"""What a job needs beside its result lies in its own folder, so it goes with it."""

Request: TypeAlias = Split | Resume
Listener: TypeAlias = Callable[[str, float | None, str], None]
Perform: TypeAlias = Callable[[Request, Listener, threading.Event], Result | Failed]


@dataclass(kw_only=True)
class _Job:
    request: Request
    cancelled: threading.Event = field(default_factory=threading.Event)
    stage: str | None = None
    answered: bool = False


def _stand_back() -> None:
    """Let the editor go first where both want the processor; alone, this costs nothing.

    On Linux it holds for this thread and those that it starts, elsewhere for the process. (On
    Windows the host starts the worker so, see bridge/session.py.)
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(STEPS_BACK)


class Desk:
    """Jobs in the order in which they came.

    ``say`` sends a message to the host. ``perform`` does one job in the desk's thread and never
    raises. ``force`` ends the process; it is called when a cancelled job does not stop.
    """

    def __init__(
        self, say: Callable[[Message], None], perform: Perform, force: Callable[[], None]
    ) -> None:
        self._say = say
        self._perform = perform
        self._force = force
        self._changed = threading.Condition()
        self._queue: Final[deque[_Job]] = deque()
        self._running: _Job | None = None
        threading.Thread(target=self._work, name="desk", daemon=True).start()

    def submit(self, request: Request) -> None:
        """Queue a job; an id that is in use is refused, and the first job goes on."""
        with self._changed:
            if self._find(request.job) is not None:
                self._say(texts.failed("duplicate-job", None, name=request.job))
                return
            ahead = len(self._queue) + (self._running is not None)
            self._queue.append(_Job(request=request))
            if ahead:
                sentence = f"Waiting for {ahead} other job{'s' if ahead > 1 else ''}"
                self._say(Progress(request.job, "queued", None, sentence))
            self._changed.notify_all()

    def cancel(self, name: str) -> None:
        """Stop a job: a queued one at once, the running one at its next check or by force."""
        with self._changed:
            job = self._find(name)
            if job is None:
                self._say(texts.failed("unknown-job", name, name=name))
            elif job is not self._running:
                self._queue.remove(job)
                self._say(texts.failed("cancelled", name))
            elif not job.cancelled.is_set():
                job.cancelled.set()
                timer = threading.Timer(FORCE_S, self._give_up, (job,))
                timer.daemon = True
                timer.start()

    def close(self, wait_s: float) -> None:
        """Cancel everything and wait for the running job's answer, at most ``wait_s``."""
        with self._changed:
            for job in (*self._queue, *filter(None, [self._running])):
                self.cancel(job.request.job)
            self._changed.wait_for(lambda: self._running is None, wait_s)

    def abandon(self) -> None:
        """Nobody waits for an answer any more: the running job should stop."""
        running = self._running  # without the lock: this must not wait
        if running is not None:
            running.cancelled.set()

    def _find(self, name: str) -> _Job | None:
        candidates = (*self._queue, *filter(None, [self._running]))
        return next((job for job in candidates if job.request.job == name), None)

    def _work(self) -> None:
        _stand_back()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue))
                job = self._running = self._queue.popleft()
            answer = self._perform(job.request, self._listener(job), job.cancelled)
            with self._changed:
                if not job.answered:
                    self._answer(job, answer)
                self._running = None
                self._changed.notify_all()

    def _listener(self, job: _Job) -> Listener:
        def listen(stage: str, fraction: float | None, sentence: str) -> None:
            job.stage = stage
            if not job.cancelled.is_set():
                self._say(Progress(job.request.job, stage, fraction, sentence))

        return listen

    def _answer(self, job: _Job, answer: Result | Failed) -> None:
        """Send the one answer of a job; whatever a cancelled one came to, it was cancelled."""
        job.answered = True
        if job.cancelled.is_set():
            if isinstance(answer, Failed):
                answer = replace(answer, code="cancelled")
            else:
                answer = texts.failed("cancelled", job.request.job)
        self._say(answer)

    def _give_up(self, job: _Job) -> None:
        with self._changed:
            if job.answered:
                return
            paid = may_have_cost(job.request, job.stage)
            words = "cancelled/by force, paid" if paid else "cancelled/by force"
            self._answer(job, texts.failed(words, job.request.job))
        self._force()
