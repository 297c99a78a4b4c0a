"""Inside a host, for tests only: runs functions of a probe module, asked for over a socket.

A request is one JSON line, ``[function, argument...]``; the answer is one line too,
``{"value": ...}`` or ``{"error": traceback}``. A function that is a generator is run step by step:
each ``yield`` gives the host's event loop a turn, and what it returns is the answer.
"""

from __future__ import annotations

import json
import os
import socket
import traceback
from collections.abc import Callable, Generator
from typing import Any

PATH = os.environ.get("LAYERSPLIT_PROBE", "")


class Server:
    """One request at a time; ``turn`` is to be called often from the host's main thread."""

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        self._functions = functions
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(PATH)
        self._listener.listen(4)
        self._listener.setblocking(False)
        self._running: tuple[socket.socket, Generator[None, None, Any]] | None = None

    def fileno(self) -> int:
        """For those who can wait for it."""
        return self._listener.fileno()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being worked on."""
        return self._running is not None

    def turn(self) -> None:
        """Take a request, or go on with the one that runs."""
        if self._running is None:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(True)
            with connection.makefile("rb") as lines:
                name, *arguments = json.loads(lines.readline())
            self._running = (connection, self._steps(name, arguments))
        connection, steps = self._running
        try:
            next(steps)
            return  # noqa: TRY300 - the step belongs to the try, what follows to its end
        except StopIteration as end:
            answer = {"value": end.value}
        except BaseException:  # noqa: BLE001 - the traceback goes to the test
            answer = {"error": traceback.format_exc()}
        self._running = None
        connection.sendall(json.dumps(answer).encode("ascii") + b"\n")
        connection.close()

    def _steps(self, name: str, arguments: list[Any]) -> Generator[None, None, Any]:
        value = self._functions[name](*arguments)
        if isinstance(value, Generator):
            value = yield from value
        return value
        yield  # a generator even where the function is none
