"""Bytes as they arrive from a pipe, cut into lines; both ends of the channel read with this.

A line that is too long keeps only as much as :func:`layersplit.bridge.messages.decode_line` needs
to call it too long, so a peer that never ends its line costs a bounded amount of memory.
"""

from __future__ import annotations

import os
from typing import Iterator, List

from layersplit.bridge.messages import MAX_LINE_BYTES

CHUNK_BYTES = 1 << 16


class LineSplitter:
    """Feed it chunks; it gives the lines that are complete, without their newline."""

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._kept_bytes = limit_bytes + 1
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> List[bytes]:
        """The lines that ``chunk`` completes, oldest first."""
        lines = []
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._extend(part)
            lines.append(bytes(self._begun))
            self._begun.clear()
        self._extend(rest)
        return lines

    def _extend(self, part: bytes) -> None:
        self._begun += part[: self._kept_bytes - len(self._begun)]


def lines_of(descriptor: int) -> Iterator[bytes]:
    """Every complete line until the end of the file; a last line without its newline is dropped.

    ``os.read`` returns what there is, holds no lock of Python's and so never delays the exit.
    """
    splitter = LineSplitter()
    while True:
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            return
        for line in splitter.feed(chunk):
            yield line
