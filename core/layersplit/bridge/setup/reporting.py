"""How set-up tells what it does: a protocol, and the one for a terminal."""

from __future__ import annotations

import shutil
from typing import Protocol, TextIO

WIDTH = 13
INDENT = "  "


class Reporter(Protocol):
    """Where the steps are told: a terminal, a dialog, a test."""

    def now(self, title: str, text: str) -> None:
        """What is being done; replaced by what comes next."""
        ...

    def done(self, title: str, text: str) -> None:
        """What was done, or why it was not."""
        ...


class Terminal:
    """One line a step; what is being done shows only where a person looks at it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = stream.isatty()
        self._pending = False

    def now(self, title: str, text: str) -> None:
        """Show it until the next line."""
        if self._shows:
            width = max(20, shutil.get_terminal_size().columns - 1)
            line = INDENT + title.ljust(WIDTH) + text + " ..."
            self._write("\r" + line[:width].ljust(width))
            self._pending = True

    def done(self, title: str, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        self._write(INDENT + title.ljust(WIDTH) + text + "\n")

    def clear(self) -> None:
        """Take away what is not finished."""
        if self._pending:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._write("\r" + " " * width + "\r")
            self._pending = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
