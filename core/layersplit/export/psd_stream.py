"""The building blocks of a PSD: sections whose length comes later, and packed channels."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Final

import numpy as np
from psd_tools.compression import encode_rle

from layersplit.domain import Pixels
from layersplit.errors import InputError
from layersplit.export.samples import Samples, big_endian, sample_bytes, samples
from layersplit.export.work import Work, bands

RLE: Final = 1
ALPHA: Final = -1


class PsdStream:
    """A seekable file that is written as PSD (version 1) or PSB (version 2, wider numbers)."""

    def __init__(self, file: BinaryIO, work: Work, *, large: bool) -> None:
        self._file = file
        self._work = work
        self.version = 2 if large else 1
        self.length = ">Q" if large else ">I"
        """How struct writes the length of a section or a channel."""
        self._row = np.dtype(">u4" if large else ">u2")

    def pack(self, form: str, *values: Any) -> None:
        """Write ``values`` as struct does."""
        self._file.write(struct.pack(form, *values))

    def put(self, content: bytes) -> None:
        """Write bytes."""
        self._file.write(content)

    def put_text(self, text: str) -> None:
        """Write a Unicode string with its length in front."""
        encoded = text.encode("utf-16-be")
        self.pack(">I", len(encoded) // 2)
        self.put(encoded)

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._file.tell()

    @contextmanager
    def section(self, form: str, *, multiple: int = 1) -> Iterator[None]:
        """What is written inside gets its length in front and is padded to a ``multiple``."""
        place = self.tell()
        self.pack(form, 0)
        start = self.tell()
        yield
        self.put(bytes((start - self.tell()) % multiple))
        self.fill_in(place, form, self.tell() - start)

    def fill_in(self, place: int, form: str, value: int) -> None:
        """Write ``value`` over what stands at ``place``; raises InputError when it is too large."""
        if value >= 1 << 8 * struct.calcsize(form):
            raise too_large(value)
        self._file.seek(place)
        self.pack(form, value)
        self._file.seek(0, os.SEEK_END)

    def channels(
        self, pixels: Pixels, wanted: Sequence[int], sentence: str, *, on_white: bool = False
    ) -> None:
        """Pack channels of (h, w, 4): the lengths of all rows, then the rows; -1 is alpha.

        ``on_white``: store the colours as they look on white. Raises OSError and Cancelled.
        """
        height, width = pixels.shape[:2]
        self.pack(">H", RLE)
        lengths_at = self.tell()
        self.put(bytes(len(wanted) * height * self._row.itemsize))
        parts = bands(height, width * sample_bytes(pixels))
        for index, channel in enumerate(wanted):
            jobs: list[Callable[[], tuple[bytes, bytes]]] = [
                partial(self._packed, pixels[rows], channel, on_white=on_white) for rows in parts
            ]
            for rows, (lengths, body) in zip(parts, self._work.in_order(jobs), strict=True):
                self.put(body)
                self._file.seek(lengths_at + (index * height + rows.start) * self._row.itemsize)
                self.put(lengths)
                self._file.seek(0, os.SEEK_END)
                raw = (rows.stop - rows.start) * width * sample_bytes(pixels)
                self._work.finished(raw, sentence)

    def _packed(self, pixels: Pixels, channel: int, *, on_white: bool) -> tuple[bytes, bytes]:
        """Lengths of the packed rows, and the rows, of some rows of one channel."""
        values = samples(pixels)
        plane = values[..., channel]
        if on_white and channel != ALPHA:
            plane = _over_white(plane, values[..., ALPHA])
        height, width = plane.shape
        bits = 8 * plane.itemsize
        packed = encode_rle(big_endian(plane).tobytes(), width, height, bits, self.version)
        split = height * self._row.itemsize
        return packed[:split], packed[split:]


def too_large(size_bytes: int) -> InputError:
    """The document does not fit into a PSD."""
    return InputError(
        f"The PSD would have {size_bytes / 1e9:.1f} GB; a PSD has at most 2.",
        meaning="Photoshop could not open it; nothing was written.",
        remedy="End the output's name in .psb or .ora.",
    )


def _over_white(plane: Samples, alpha: Samples) -> Samples:
    """The composite's colours as Photoshop stores them beside its alpha."""
    full = np.iinfo(plane.dtype).max
    share = alpha.astype(np.float64) / full
    blended: Any = np.rint(plane * share + full * (1 - share)).astype(plane.dtype)
    return blended  # type: ignore[no-any-return]  # of the plane's own dtype
