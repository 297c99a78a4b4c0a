"""The worker as a host sees it: send requests, get messages, never wait.

    client = WorkerClient(on_message, deliver=post_to_ui_thread)
    client.send(Split(...))            starts the worker if there is none; returns at once
    client.cancel("job")               answered by ``failed`` with code ``cancelled`` within 2 s
    client.close()                     at the end of the host

``on_message`` gets everything the worker says, and for what it can no longer say a ``Failed`` made
here. The promise: **every job ends with exactly one Result or Failed**, whatever happens to the
worker; a Failed with ``job`` None concerns a question (providers, doctor) or no job at all.

A worker that dies takes only the job it was working on with it: jobs that still queued have cost
nothing, so they are given to a new worker.
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Union

from layersplit.bridge import texts
from layersplit.bridge.failures import BridgeError
from layersplit.bridge.hostlog import note
from layersplit.bridge.installation import Launch, worker_launch
from layersplit.bridge.messages import (
    Bye,
    Cancel,
    Doctor,
    DoctorReport,
    Failed,
    Hello,
    Message,
    Progress,
    ProviderList,
    Providers,
    Result,
    Resume,
    Split,
    encode_line,
)
from layersplit.bridge.money import may_have_cost
from layersplit.bridge.session import Ending, Session
from layersplit.bridge.spoken import in_users_language

GREETING_S = 30.0
"""A worker greets in well under a second; a cold disk and a virus scanner may take their time."""
CANCEL_S = 1.9
"""The worker itself ends a job that does not react; this is for a worker that cannot even do so."""
ANSWER_S = 60.0
"""Longest wait for the answer to a question."""
MAX_RESTARTS = 3


@dataclass
class _Request:
    """Something that has no answer yet. ``timer``: what happens when it does not come."""

    request: Union[Providers, Doctor, Split, Resume]
    sent: bool = False
    timer: Optional[threading.Timer] = None


@dataclass
class _Job(_Request):
    """A job; ``stage`` None: it still queues. Its timer runs once it is being cancelled."""

    request: Union[Split, Resume]
    stage: Optional[str] = None


def _at_once(call: Callable[[], None]) -> None:
    call()


class WorkerClient:
    """One worker for one host. All methods may be called from any thread and return at once.

    ``on_message`` is called through ``deliver``, which a host uses to hop to its UI thread (from
    GLib: ``lambda call: GLib.idle_add(call)``); without one it is called in the reading thread.
    ``launch`` says how the worker is started, and raises BridgeError when there is none.
    """

    def __init__(
        self,
        on_message: Callable[[Message], None],
        *,
        deliver: Callable[[Callable[[], None]], None] = _at_once,
        launch: Callable[[], Launch] = worker_launch,
        greeting_s: float = GREETING_S,
        cancel_s: float = CANCEL_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._on_message = on_message
        self._deliver = deliver
        self._launch = launch
        self._greeting_s = greeting_s
        self._cancel_s = cancel_s
        self._answer_s = answer_s
        self._lock = threading.RLock()
        self._session: Optional[Session] = None
        self._greeted = False
        self._jobs: Dict[str, _Job] = {}
        self._questions: List[_Request] = []
        self._restarts = 0
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a job has no answer yet."""
        with self._lock:
            return bool(self._jobs)

    def send(self, message: Message) -> None:
        """Send a request; a job's id must be new. The answer comes to ``on_message``."""
        if isinstance(message, Cancel):
            self.cancel(message.job)
        elif isinstance(message, Bye):
            self.close()
        elif isinstance(message, (Split, Resume)):
            self._send_job(message)
        elif isinstance(message, (Providers, Doctor)):
            self._ask(message)
        else:
            raise TypeError("A host does not send %s" % type(message).__name__)

    def cancel(self, job: str) -> None:
        """Stop a job, queued or running; one that is already answered is left alone."""
        with self._lock:
            pending = self._jobs.get(job)
            if pending is None or pending.timer is not None:
                return
            if pending.sent and self._session is not None:
                self._session.write(encode_line(Cancel(job)))
                pending.timer = _timer(self._cancel_s, lambda: self._end_by_force(job))
                return
            del self._jobs[job]
        self._tell(texts.failed("cancelled", job))

    def close(self, wait_s: float = 2.0) -> None:
        """End the worker: asked first, then by the end of its input, then by force.

        Returns when it is gone, after ``wait_s`` + 0.5 seconds at most. No message comes after it.
        """
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
            for entry in self._waiting():
                _stop(entry.timer)
            self._jobs.clear()
            self._questions.clear()
        if session is None:
            return
        session.write(encode_line(Bye()))
        if session.join(wait_s):
            return
        session.finish()
        if not session.join(0.25):
            session.kill()
            session.join(0.25)

    # requests

    def _waiting(self) -> List[_Request]:
        """Everything without an answer, in the order in which it is to be sent."""
        return [*self._questions, *self._jobs.values()]

    def _send_job(self, request: Union[Split, Resume]) -> None:
        failure = None
        with self._lock:
            if self._closed:
                failure = texts.failed("closed", request.job)
            elif request.job in self._jobs:
                raise ValueError("The job %s is already there" % request.job)
            else:
                self._jobs[request.job] = _Job(request)
        if failure is not None:
            self._tell(failure)
        else:
            self._flush()

    def _ask(self, message: Union[Providers, Doctor]) -> None:
        question = _Request(message)
        with self._lock:
            if self._closed:
                return
            question.timer = _timer(self._answer_s, lambda: self._unanswered(question))
            self._questions.append(question)
        self._flush()

    def _flush(self) -> None:
        """Send what waits, or start the worker that will get it."""
        failure: Optional[BridgeError] = None
        with self._lock:
            if self._closed or not (self._jobs or self._questions):
                return
            if self._session is None:
                try:
                    self._start()
                except BridgeError as error:
                    failure = error
            elif self._greeted:
                for entry in self._waiting():
                    if not entry.sent:
                        entry.sent = True
                        self._session.write(encode_line(entry.request))
        if failure is not None:
            self._fail_all(failure.failed)

    def _start(self) -> None:
        self._greeted = False
        self._session = Session(
            self._launch(),
            greeting_s=self._greeting_s,
            on_message=self._received,
            on_end=self._ended,
        )
        self._session.start()

    # what the worker does; called in the session's thread

    def _received(self, session: Session, message: Message) -> None:
        with self._lock:
            if session is not self._session:
                return
            if isinstance(message, Hello):
                self._greeted = True
            elif isinstance(message, Progress):
                pending = self._jobs.get(message.job)
                if pending is None or pending.timer is not None:
                    return
                pending.stage = None if message.stage == "queued" else message.stage
            elif isinstance(message, (Result, Failed)) and message.job is not None:
                answered = self._jobs.pop(message.job, None)
                if answered is None:
                    return
                _stop(answered.timer)
                self._restarts = 0
            elif isinstance(message, ProviderList):
                self._answered(Providers)
            elif isinstance(message, DoctorReport):
                self._answered(Doctor)
            elif isinstance(message, Failed):  # of no job: we send no bad lines, so of a question
                self._answered(object)
        self._tell(message)
        if isinstance(message, Hello):
            self._flush()

    def _answered(self, kind: type) -> None:
        for question in self._questions:
            if isinstance(question.request, kind):
                _stop(question.timer)
                self._questions.remove(question)
                return

    def _ended(self, session: Session, ending: Ending) -> None:
        with self._lock:
            if session is not self._session:
                return
            self._session = None
            lost = self._jobs_lost(ending)
            again = ending.greeted and self._restarts < MAX_RESTARTS
            self._restarts += bool(self._jobs or self._questions)
            if again:
                for entry in self._waiting():
                    entry.sent = False
        if lost or not again:
            note("worker ended: %s\n%s" % (ending.detail, ending.said))
        for failure in lost:
            self._tell(failure)
        if again:
            self._flush()
        else:
            facts = {"detail": ending.detail, "seconds": ending.detail}
            self._fail_all(lambda job: texts.failed(ending.words, job, **facts))
            self._restarts = 0

    def _jobs_lost(self, ending: Ending) -> List[Failed]:
        """Take the jobs away that the worker was working on, or that were being cancelled."""
        lost = []
        for job, pending in list(self._jobs.items()):
            if pending.timer is None and pending.stage is None:
                continue
            del self._jobs[job]
            if pending.timer is not None:
                _stop(pending.timer)
                lost.append(_cancelled_by_force(job, pending))
            else:
                words = (
                    "worker-died/paid"
                    if may_have_cost(pending.request, pending.stage)
                    else "worker-died"
                )
                lost.append(texts.failed(words, job, detail=ending.detail))
        return lost

    # deadlines; called in timer threads

    def _end_by_force(self, job: str) -> None:
        with self._lock:
            pending = self._jobs.pop(job, None)
            session = self._session
        if pending is None:
            return
        note("job %s did not stop in time; the worker is ended" % job)
        if session is not None:
            session.kill()
        self._tell(_cancelled_by_force(job, pending))

    def _unanswered(self, question: _Request) -> None:
        with self._lock:
            if question not in self._questions:
                return
            self._questions.remove(question)
        self._tell(texts.failed("no-answer", seconds="%.0f" % self._answer_s))

    def _fail_all(self, failure: Callable[[Optional[str]], Failed]) -> None:
        """End everything that waits with the same failure."""
        with self._lock:
            jobs, questions = list(self._jobs), list(self._questions)
            for entry in self._waiting():
                _stop(entry.timer)
            self._jobs.clear()
            self._questions.clear()
        for job in jobs:
            self._tell(failure(job))
        if questions:
            self._tell(failure(None))

    def _tell(self, message: Message) -> None:
        """Hand a message to the host; its mistakes must not stop the channel."""
        with self._lock:
            if self._closed and not (isinstance(message, Failed) and message.code == "closed"):
                return

        def call() -> None:
            try:
                self._on_message(in_users_language(message))
            except Exception:  # noqa: BLE001 - a host's slot must not end the reading thread
                note("on_message failed:\n%s" % traceback.format_exc())

        try:
            self._deliver(call)
        except Exception:  # noqa: BLE001 - as above: the toolkit may be gone already
            note("deliver failed:\n%s" % traceback.format_exc())


def _cancelled_by_force(job: str, pending: _Job) -> Failed:
    words = (
        "cancelled/by force, paid"
        if may_have_cost(pending.request, pending.stage)
        else "cancelled/by force"
    )
    return texts.failed(words, job)


def _timer(seconds: float, call: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
    return timer


def _stop(timer: Optional[threading.Timer]) -> None:
    if timer is not None:
        timer.cancel()
