"""One worker process and the threads that move its messages. Knows no job and no host.

    owner    starts the process, reads its messages, waits for its end; lives as long as the process
    writer   sends lines, so that a worker that does not read never blocks the host
    stderr   keeps the last words, so that the pipe never fills and a crash can be explained

The process is started *in* the thread that reads it and not in one that ends sooner: the worker
asks the kernel to be killed with the thread that started it (PR_SET_PDEATHSIG is per thread).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Callable, Deque, Optional

from layersplit.bridge.installation import Launch
from layersplit.bridge.lines import lines_of
from layersplit.bridge.messages import (
    PROTOCOL,
    Hello,
    MalformedError,
    Message,
    decode_line,
)

LAST_WORDS_LINES = 60
EXIT_WAIT_S = 2.0
NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows a console program opens a window otherwise; elsewhere there is no such flag."""
STAND_BACK: int = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
"""The editor goes first where both want the processor. (Elsewhere worker/desk.py sees to it.)"""
PARENT_VARIABLE = "LAYERSPLIT_PARENT"
"""Tells the worker whose death is its own."""


@dataclass(frozen=True)
class Ending:
    """How a session ended. ``words``: a key of texts.SENTENCES; ``detail`` fills it.

    ``greeted``: whether the worker was usable at all. ``said``: its last lines on stderr.
    """

    words: str
    detail: str
    greeted: bool
    said: str = ""


class Session:
    """A worker from start to end. Both callbacks come from the owner thread."""

    def __init__(
        self,
        launch: Launch,
        *,
        greeting_s: float,
        on_message: Callable[["Session", Message], None],
        on_end: Callable[["Session", Ending], None],
    ) -> None:
        self._launch = launch
        self._greeting_s = greeting_s
        self._on_message = on_message
        self._on_end = on_end
        self._lock = threading.Lock()
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._killed = False
        self._too_late = False
        self._lines: "SimpleQueue[Optional[bytes]]" = SimpleQueue()
        self._last_words: Deque[str] = deque(maxlen=LAST_WORDS_LINES)
        self._owner = threading.Thread(target=self._own, name="layersplit-worker", daemon=True)

    def start(self) -> None:
        """Begin; returns at once. What happens is told through the callbacks."""
        self._owner.start()

    def write(self, line: bytes) -> None:
        """Send one line, in order; returns at once."""
        self._lines.put(line)

    def finish(self) -> None:
        """Close the worker's input after what was written; it ends by itself then."""
        self._lines.put(None)

    def kill(self) -> None:
        """End the process and its children now."""
        with self._lock:
            self._killed = True
            process = self._process
        if process is not None:
            _kill_group(process)

    def join(self, seconds: float) -> bool:
        """Wait for the end, at most ``seconds``; returns whether it came."""
        if threading.current_thread() is not self._owner:
            self._owner.join(seconds)
        return not self._owner.is_alive()

    def _own(self) -> None:
        ending = self._converse()
        self._on_end(self, ending)

    def _converse(self) -> Ending:
        try:
            process = _start(self._launch)
        except OSError as error:
            return Ending("not-runnable", error.strerror or str(error), greeted=False)
        with self._lock:
            self._process = process
            killed = self._killed
        if killed:
            _kill_group(process)
        ears = threading.Thread(target=self._listen, args=(process,), daemon=True)
        ears.start()
        deadline = threading.Timer(self._greeting_s, self._give_up)
        deadline.daemon = True
        deadline.start()
        mouth = threading.Thread(target=self._speak, args=(process,), daemon=True)
        try:
            greeted, fault = self._read(process, deadline, mouth)
            if fault is not None:
                _kill_group(process)
        finally:
            deadline.cancel()
            self._lines.put(None)
            status = _reap(process)
            if mouth.is_alive():
                mouth.join(EXIT_WAIT_S)
            ears.join(EXIT_WAIT_S)
            _close(process.stdin, process.stdout)
            if not ears.is_alive():  # else a stranger still holds the pipe, and we still read it
                _close(process.stderr)
        said = "\n".join(self._last_words)
        if fault is not None:
            return Ending("protocol", fault, greeted=False, said=said)
        if greeted:
            return Ending("worker-died", _in_words(status), greeted=True, said=said)
        if self._too_late:
            return Ending("no-greeting", "%.0f" % self._greeting_s, greeted=False, said=said)
        return Ending("not-runnable", _in_words(status), greeted=False, said=said)

    def _read(
        self, process: "subprocess.Popen[bytes]", deadline: threading.Timer, mouth: threading.Thread
    ) -> "tuple[bool, Optional[str]]":
        """Pass messages on until the end; returns (greeted, what was wrong with the greeting)."""
        assert process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
        greeted = False
        for line in lines_of(process.stdout.fileno()):
            try:
                message = decode_line(line)
            except MalformedError as error:
                if not greeted:
                    return False, str(error)
                self._last_words.append("unreadable line: %s" % error)
                continue
            if not greeted:
                fault = _fault_of(message)
                if fault is not None:
                    return False, fault
                greeted = True
                deadline.cancel()
                mouth.start()
            self._on_message(self, message)
        return greeted, None

    def _give_up(self) -> None:
        self._too_late = True
        self.kill()

    def _speak(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None  # noqa: S101 - Popen was asked for a pipe
        # A broken pipe is the worker's end, which the owner sees and explains.
        with contextlib.suppress(OSError, ValueError):
            while True:
                line = self._lines.get()
                if line is None:
                    break
                process.stdin.write(line)
                process.stdin.flush()
        with contextlib.suppress(OSError, ValueError):
            process.stdin.close()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None  # noqa: S101 - Popen was asked for a pipe
        with contextlib.suppress(OSError, ValueError):
            for line in lines_of(process.stderr.fileno()):
                self._last_words.append(line.decode("utf-8", "replace"))


def _fault_of(message: Message) -> Optional[str]:
    """What is wrong with a greeting, or None."""
    if not isinstance(message, Hello):
        return "its first line is no greeting"
    if message.protocol != PROTOCOL:
        return "protocol %d here, %d there" % (PROTOCOL, message.protocol)
    return None


def _start(launch: Launch) -> "subprocess.Popen[bytes]":
    """Start the worker in a process group of its own, without a window of its own."""
    return subprocess.Popen(  # noqa: S603 - the command is that of install.json
        launch.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**launch.environment, PARENT_VARIABLE: str(os.getpid())},
        cwd=launch.folder,
        start_new_session=True,  # no effect on Windows, as the next one elsewhere
        creationflags=NO_WINDOW | STAND_BACK,
    )


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process and what it started; a process that is gone already is fine."""
    with contextlib.suppress(OSError):
        if process.poll() is None:
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)


def _reap(process: "subprocess.Popen[bytes]") -> Optional[int]:
    """Wait for the exit, by force when it does not come; returns the status, None if unknown."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(EXIT_WAIT_S)
    _kill_group(process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(EXIT_WAIT_S)
    return None


def _close(*streams: Optional[IO[bytes]]) -> None:
    for stream in streams:
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()


def _in_words(status: Optional[int]) -> str:
    """An exit status for a person."""
    if status is None:
        return "it does not end"
    if status < 0:
        try:
            return "signal %s" % signal.Signals(-status).name
        except ValueError:
            return "signal %d" % -status
    return "exit status %d" % status
