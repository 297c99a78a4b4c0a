"""Waiting in GIMP's way: the plug-in is a process of its own, so it may wait, but its windows live.

Everything runs on GLib's main context. A step of work or a message from the worker is followed by a
turn of the context, in which windows draw and buttons answer.
"""

from __future__ import annotations

from typing import Any, Callable, Generator, List, Optional, Union

from gi.repository import GLib

from layersplit.bridge.choices import ProviderRow, rows_of
from layersplit.bridge.client import WorkerClient
from layersplit.bridge.messages import (
    Cancel,
    Failed,
    Message,
    Progress,
    ProviderList,
    Providers,
    Result,
    Resume,
    Split,
)
from layersplit_gimp.faces import Face


class Stopped(Exception):  # noqa: N818 - stopping on request is no error
    """The user cancelled. ``failure``: what the worker said, where it had anything to say."""

    def __init__(self, failure: Optional[Failed] = None) -> None:
        super().__init__()
        self.failure = failure


class FailedRun(Exception):  # noqa: N818 - the worker's words, not an error of ours
    """The worker could not do it; ``failure`` has its sentences."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.sentences[0])
        self.failure = failure


def give_turns() -> None:
    """Let windows draw and buttons answer."""
    context = GLib.MainContext.default()
    while context.pending():
        context.iteration(False)  # noqa: FBT003 - GLib's


def in_steps(steps: Generator[None, None, Any], face: Face) -> Any:
    """Run ``steps`` to their end and return what they return; raises Stopped on Cancel."""
    try:
        while True:
            next(steps)
            give_turns()
            if face.is_cancelled:
                steps.close()
                raise Stopped
    except StopIteration as end:
        return end.value


class Worker:
    """The worker as a plug-in sees it. Made once in a process, closed at its end."""

    def __init__(self) -> None:
        self.rows_arrived: Callable[[List[Any]], None] = lambda _rows: None
        self.broke: Callable[[Failed], None] = lambda _failure: None
        self._answer: Optional[Union[Result, Failed]] = None
        self._face: Optional[Face] = None
        self._client = WorkerClient(self._message, deliver=_later)

    def ask_providers(self) -> None:
        """The answer comes to :attr:`rows_arrived`, or the failure to :attr:`broke`."""
        self._client.send(Providers())

    def rows(self) -> List[ProviderRow]:
        """What :meth:`ask_providers` brings, waited for. Raises FailedRun."""
        found: List[List[Any]] = []
        failed: List[Failed] = []
        self.rows_arrived, self.broke = found.append, failed.append
        self.ask_providers()
        while not found and not failed:
            GLib.MainContext.default().iteration(True)  # noqa: FBT003 - GLib's
        if failed:
            raise FailedRun(failed[0])
        return rows_of(found[0])

    def perform(self, request: Union[Split, Resume], face: Face) -> Result:
        """Have one job done. Raises Stopped or FailedRun."""
        self._answer, self._face = None, face
        self._client.send(request)
        context = GLib.MainContext.default()
        cancelled = False
        while self._answer is None:
            context.iteration(True)  # noqa: FBT003 - GLib's; the face's clock ends it now and then
            if face.is_cancelled and not cancelled:
                cancelled = True
                self._client.send(Cancel(request.job))
        self._face = None
        if isinstance(self._answer, Result):
            return self._answer
        if self._answer.code == "cancelled":
            raise Stopped(self._answer)
        raise FailedRun(self._answer)

    def close(self) -> None:
        """End the worker."""
        self._client.close(wait_s=1.0)

    def _message(self, message: Message) -> None:
        if isinstance(message, ProviderList):
            self.rows_arrived(message.providers)
        elif isinstance(message, Progress) and self._face is not None:
            self._face.progress(message.fraction, message.sentence)
        elif isinstance(message, (Result, Failed)) and message.job is not None:
            self._answer = message
        elif isinstance(message, Failed):
            self.broke(message)


def _later(call: Callable[[], None]) -> None:
    """From the reading thread to the main context."""

    def once() -> bool:
        call()
        return bool(GLib.SOURCE_REMOVE)

    GLib.idle_add(once)
