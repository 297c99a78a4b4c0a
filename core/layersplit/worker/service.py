"""Greets, reads requests until the host is gone, hands them to whoever answers, and leaves."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from layersplit import __version__
from layersplit.bridge import texts
from layersplit.bridge.folders import is_ours
from layersplit.bridge.lines import lines_of
from layersplit.bridge.messages import (
    PROTOCOL,
    Bye,
    Cancel,
    Doctor,
    Failed,
    Hello,
    MalformedError,
    Message,
    Progress,
    Providers,
    Result,
    Resume,
    Split,
    decode_line,
    encode_line,
)
from layersplit.capabilities import CAPABILITIES
from layersplit.worker.channel import Outbox
from layersplit.worker.desk import SCRATCH, Desk, Listener, Request
from layersplit.worker.questions import Questions

PARENT_VARIABLE: Final = "LAYERSPLIT_PARENT"
FORCED_STATUS: Final = 75
"""Exit status when a cancelled job did not stop: not done, may be tried again."""
LEAVE_S: Final = 0.12
"""Longest time for tidying up once the host is gone; it promises to be gone after 0.2 s."""
BYE_S: Final = 1.7


def serve(requests: int, wire: int) -> int:
    """Serve one host; returns the exit status once it said ``bye`` or is gone.

    ``requests``, ``wire``: descriptors to read from and to write to.
    """
    outbox = Outbox(wire)
    outbox.put(encode_line(Hello(PROTOCOL, __version__, list(CAPABILITIES))))
    _settle()
    service = _Service(outbox)
    if not service.listen(requests):
        service.leave()
    outbox.drain(LEAVE_S)
    return 0


class _Service:
    """Who gets which request."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._folders: Final[set[str]] = set()
        self._desk = Desk(self._say, _perform, self._end_by_force)
        self._questions = Questions(self._say)

    def listen(self, requests: int) -> bool:
        """Answer until the end; returns whether the host said goodbye."""
        for line in lines_of(requests):
            try:
                message = decode_line(line)
            except MalformedError as error:
                self._refuse(str(error))
                continue
            match message:
                case Split() | Resume():
                    self._folders.add(message.folder)
                    self._desk.submit(message)
                case Cancel():
                    self._desk.cancel(message.job)
                case Providers() | Doctor():
                    self._questions.ask(message)
                case Bye():
                    self._desk.close(BYE_S)
                    return True
                case _:
                    self._refuse("A host does not send this type.")
        return False

    def leave(self) -> None:
        """The host is gone without a word: nobody else will remove the pictures."""
        deadline = threading.Timer(LEAVE_S, os._exit, (0,))
        deadline.daemon = True
        deadline.start()
        self._desk.abandon()
        for folder in self._folders:
            _remove_left(Path(folder))

    def _say(self, message: Message) -> None:
        try:
            line = encode_line(message)
        except ValueError:  # a number that JSON cannot write; the host must get an answer anyway
            line = encode_line(texts.failed("internal", getattr(message, "job", None)))
        self._outbox.put(line, dispensable=isinstance(message, Progress))

    def _refuse(self, detail: str) -> None:
        line = encode_line(texts.failed("malformed", None, detail=detail))
        self._outbox.put(line, dispensable=True)

    def _end_by_force(self) -> None:
        self._outbox.drain(LEAVE_S)
        os._exit(FORCED_STATUS)


def _perform(request: Request, listener: Listener, cancelled: threading.Event) -> Result | Failed:
    from layersplit.worker.work import perform  # noqa: PLC0415 - after the greeting

    return perform(request, listener, cancelled)


def _remove_left(folder: Path) -> None:
    """Remove a job's folder if a host made it for us alone, else only what the worker added."""
    target = folder if is_ours(folder) else folder / SCRATCH
    for _attempt in range(2):  # the job's thread may still have been writing
        shutil.rmtree(target, ignore_errors=True)


def _settle() -> None:
    """Explain crashes on standard error, leave Ctrl+C to the host, and go when it goes."""
    with contextlib.suppress(OSError, ValueError):
        faulthandler.enable(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.environ.pop(PARENT_VARIABLE, "")
    if sys.platform == "linux" and parent.isdigit():
        _die_with(int(parent))


def _die_with(parent: int) -> None:
    """Let the kernel kill this process with its host: a C call that hangs never sees end of file.

    Only on request, because the signal comes when the *thread* ends that started the worker.
    """
    import ctypes  # noqa: PLC0415 - after the greeting

    set_death_signal: Final = 1  # PR_SET_PDEATHSIG, see prctl(2)
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1 != parent:  # it was gone before we could ask
        os._exit(0)
