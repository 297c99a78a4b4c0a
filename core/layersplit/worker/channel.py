"""The two ends of the channel: taken away from everybody else, and never blocking.

:func:`take_over` runs before anything else is imported, because libraries print: afterwards
``print``, a raw write to descriptor 1 and a child's output all go to standard error, and nobody but
the worker can read the host's requests.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from typing import Final

MOST_WAITING: Final = 20_000
"""Messages that a host has not read. Beyond this, what nobody has to know is dropped."""


def take_over() -> tuple[int, int]:
    """Return private copies of standard input and output; the public ones lead elsewhere.

    The copies are not inherited by children (PEP 446), so none can keep the channel open.
    """
    requests, wire = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # a host without a standard error
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    os.close(nothing)
    sys.stdout = sys.stderr
    return requests, wire


class Outbox:
    """Lines on their way to the host, written by a thread of their own."""

    def __init__(self, wire: int) -> None:
        self._wire = wire
        self._lines: Final[deque[bytes]] = deque()
        self._changed = threading.Condition()
        self._writing = False
        threading.Thread(target=self._write, name="outbox", daemon=True).start()

    def put(self, line: bytes, *, dispensable: bool = False) -> None:
        """Send ``line``; returns at once. A ``dispensable`` one is dropped if nobody reads."""
        with self._changed:
            if dispensable and len(self._lines) >= MOST_WAITING:
                return
            self._lines.append(line)
            self._changed.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until everything is written, at most ``seconds``."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._lines or self._writing:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return
                self._changed.wait(left_s)

    def _write(self) -> None:
        try:
            while True:
                with self._changed:
                    while not self._lines:
                        self._changed.wait()
                    line = self._lines.popleft()
                    self._writing = True
                while line:
                    line = line[os.write(self._wire, line) :]
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
        except OSError:  # nobody will read this: the host is gone, and its end of stdin says so too
            with self._changed:
                self._lines.clear()
                self._writing = False
                self._changed.notify_all()
