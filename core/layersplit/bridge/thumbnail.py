"""A small picture for the history, sampled from the pixels that travel to the worker anyway.

The hosts' own thumbnails scale the whole document at once (Krita: half a second for 12 megapixels,
in the UI thread); this costs a few microseconds for each strip that is read.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from pathlib import Path
from typing import List

from layersplit.bridge.lanes import LANES

WIDTH, HEIGHT = 160, 120


class Thumbnail:
    """Every n-th pixel of every n-th row, so that it fits into WIDTH x HEIGHT."""

    def __init__(self, width: int, height: int, *, depth: str, order: str) -> None:
        self._width = width
        self._depth = depth
        self._places = [order.index(channel) for channel in "rgba"]
        self._step = max(1, -(-width // WIDTH), -(-height // HEIGHT))
        self._rows: List[bytes] = []

    def add(self, top: int, pixels: bytes) -> None:
        """The strip whose first row is ``top``, four channels a pixel; strips come in order."""
        values = array(LANES[self._depth], pixels)
        row_values = 4 * self._width
        first = -top % self._step
        for row in range(first, len(values) // row_values, self._step):
            start = row * row_values
            channels = [
                self._as_bytes(values[start + place : start + row_values : 4 * self._step])
                for place in self._places
            ]
            line = bytearray(4 * len(channels[0]))
            for number, channel in enumerate(channels):
                line[number::4] = channel
            self._rows.append(bytes(line))

    def save(self, path: Path) -> None:
        """Write it as a PNG; raises OSError."""
        width = len(self._rows[0]) // 4 if self._rows else 0
        header = struct.pack(">IIBBBBB", width, len(self._rows), 8, 6, 0, 0, 0)
        body = zlib.compress(b"".join(b"\0" + row for row in self._rows))
        chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", body), _chunk(b"IEND", b"")]
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    def _as_bytes(self, values: "array[int]") -> bytes:
        """Channel values of any depth as 8 bits."""
        if self._depth == "u8":
            return values.tobytes()
        if self._depth == "u16":
            return bytes(value >> 8 for value in values)
        code = "e" if self._depth == "f16" else "f"
        floats = struct.unpack("=%d%s" % (len(values), code), values.tobytes())
        return bytes(_level(value) for value in floats)


def _level(value: float) -> int:
    return round(255 * min(1.0, max(0.0, value))) if value == value else 0  # noqa: PLR0124 - NaN


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
