"""Strips and tiles of a TIFF page into one array, every bit as it is stored.

Only compressions that pack bytes are dealt with, so depth, planes, predictor and byte order are
ours to undo afterwards. LZW and its like are unpacked by the libtiff inside Pillow: each segment is
handed over as a TIFF file of its own with one strip of 8-bit grey, which is what bytes are.

Source: TIFF 6.0, sections 7 (planes), 9 (PackBits), 13 (LZW), 14 (predictor), 15 (tiles); Adobe
Photoshop TIFF Technical Note 3 for the floating point predictor.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS, _LZMA, _ZSTD = 1, 5, 8, 32946, 32773, 34925, 50000
COMPRESSIONS: Final = frozenset({_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS, _LZMA, _ZSTD})
_DIFFERENCES, _FLOATING = 2, 3
_LARGE_BYTES: Final = 64 << 20
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the pixels of a page lie, and how.

    ``bits`` a sample, ``kind`` u or f; ``tile``: (height, width), None for strips; ``planar``: each
    sample in segments of its own. ``offsets``, ``counts``: of the segments, in the file's order.
    """

    width: int
    height: int
    samples: int
    bits: int
    kind: str
    byteorder: str
    planar: bool
    tile: tuple[int, int] | None
    rows_per_strip: int
    compression: int
    predictor: int
    reversed_bits: bool
    offsets: Sequence[int]
    counts: Sequence[int]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of one stored sample, in the file's byte order; u1 also for fewer than 8 bits."""
        return np.dtype(f"{self.byteorder}{self.kind}{max(1, self.bits // 8)}")

    @property
    def pixel_bytes(self) -> int:
        """At most what one pixel takes in a segment."""
        return self.dtype.itemsize * self.samples

    @property
    def segment(self) -> tuple[int, int]:
        """Height and width of a full segment."""
        return self.tile or (min(self.rows_per_strip, self.height), self.width)


def assemble(file: BinaryIO, layout: Layout) -> npt.NDArray[Any]:
    """(h, w, samples), native byte order; raises ValueError, zlib.error or OSError for bad data."""
    out = np.empty((layout.height, layout.width, layout.samples), layout.dtype.newbyteorder("="))
    height, width = layout.segment
    down, across = -(-layout.height // height), -(-layout.width // width)
    planes = layout.samples if layout.planar else 1
    if min(len(layout.offsets), len(layout.counts)) < planes * down * across:
        raise ValueError("Segments are missing")
    if height * width * layout.pixel_bytes > max(_LARGE_BYTES, 2 * out.nbytes):
        raise ValueError("The tiles are absurdly large")
    for index in range(planes * down * across):
        plane, place = divmod(index, down * across)
        top, left = place // across * height, place % across * width
        # The last strip ends with the picture; tiles are always whole.
        rows = height if layout.tile else min(height, layout.height - top)
        part = _segment(file, layout, index, rows, width)
        seen = part[: layout.height - top, : layout.width - left]
        target = out[top : top + rows, left : left + width]
        if layout.planar:
            target[..., plane] = seen[..., 0]
        else:
            target[:] = seen
    return out


def _segment(file: BinaryIO, layout: Layout, index: int, rows: int, width: int) -> npt.NDArray[Any]:
    """(rows, width, samples of this segment) as stored, the predictor undone."""
    samples = 1 if layout.planar else layout.samples
    row_bytes = -(-width * samples * layout.bits // 8)
    file.seek(layout.offsets[index])
    packed = file.read(layout.counts[index])
    if layout.reversed_bits and layout.bits < 8:
        packed = packed.translate(_REVERSED)
    data = _unpacked(packed, layout.compression, row_bytes, rows)
    if len(data) < row_bytes * rows:
        raise ValueError("A segment ends too early")
    lines = np.frombuffer(data, np.uint8, row_bytes * rows).reshape(rows, row_bytes)
    if layout.bits < 8:
        return _spread_bits(lines, layout.bits)[:, : width * samples].reshape(rows, width, samples)
    if layout.predictor == _FLOATING:
        return _undo_floating(lines, layout, samples).reshape(rows, width, samples)
    values = lines.view(layout.dtype).reshape(rows, width, samples)
    return _undo_differences(values) if layout.predictor == _DIFFERENCES else values


def _unpacked(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """At most ``row_bytes * rows`` bytes, however much is packed."""
    if compression == _NONE:
        return packed
    if compression in (_DEFLATE, _OLD_DEFLATE):
        return zlib.decompressobj().decompress(packed, row_bytes * rows)
    return _by_libtiff(packed, compression, row_bytes, rows)


def _by_libtiff(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Have Pillow read ``packed`` as the only strip of an 8-bit grey picture."""
    entries = [
        (256, 4, row_bytes),  # width
        (257, 4, rows),  # height
        (258, 3, 8),  # bits a sample
        (259, 3, compression),
        (262, 3, 1),  # black is zero
        (273, 4, 8),  # offset of the strip
        (277, 3, 1),  # samples a pixel
        (278, 4, rows),  # rows a strip
        (279, 4, len(packed)),
    ]
    even = packed + bytes(len(packed) % 2)
    directory = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    file = io.BytesIO(struct.pack("<2sHI", b"II", 42, 8 + len(even)) + even + directory + bytes(4))
    # The class itself: Image.open() would count bytes against its limit of pixels.
    with TiffImagePlugin.TiffImageFile(file) as image:
        return image.tobytes()


def _spread_bits(lines: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint8]:
    """One u8 for each sample of 1, 2 or 4 bits."""
    single = np.unpackbits(lines, axis=1)
    if bits == 1:
        return single
    grouped = single.reshape(lines.shape[0], -1, bits)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint8)
    return np.asarray((grouped * weights).sum(axis=2, dtype=np.uint8))


def _undo_differences(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each sample is stored as the difference to its left neighbour, modulo its size."""
    whole = values.dtype.newbyteorder("=")
    unsigned = np.dtype(f"u{whole.itemsize}")
    differences = values.astype(whole).view(unsigned)
    return np.add.accumulate(differences, axis=1, dtype=unsigned).view(whole)


def _undo_floating(lines: npt.NDArray[np.uint8], layout: Layout, samples: int) -> npt.NDArray[Any]:
    """Each row holds all highest bytes first, then the next ones, as differences of bytes."""
    rows, row_bytes = lines.shape
    steps = lines.reshape(rows, row_bytes // samples, samples)
    planes = np.add.accumulate(steps, axis=1, dtype=np.uint8).reshape(
        rows, layout.dtype.itemsize, -1
    )
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).view(layout.dtype.newbyteorder(">"))
