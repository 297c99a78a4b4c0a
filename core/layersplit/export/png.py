"""PNG written band by band on several threads: any size, no copy of the picture, with a profile.

Libraries encode on one thread, hold the whole file, and cannot be stopped halfway. Here every band
of rows is filtered with numpy and packed as a part of its own (deflate.py); the parts follow each
other in one stream, as the format allows (RFC 1951 blocks that end on a byte boundary). Every
filter is tried on a sample of the band's rows first.

Source: W3C, Portable Network Graphics (third edition), sections 9 (filters) and 11.3 (colour);
RFC 1950 for the frame around the deflated data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from layersplit.domain import CHANNELS, Pixels
from layersplit.export.deflate import packed
from layersplit.export.samples import big_endian, sample_bytes, samples
from layersplit.export.work import Work, bands

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_RGB_ALPHA: Final = 6
_NONE, _SUB, _UP = 0, 1, 2
_FILTERS: Final = (_SUB, _UP, _NONE)
_SAMPLE_ROWS: Final = 6
_ADLER_MODULUS: Final = 65521

_Bytes = npt.NDArray[np.uint8]


def write_png(
    file: BinaryIO, pixels: Pixels, *, icc: bytes | None, work: Work, sentence: str
) -> None:
    """Write (h, w, 4) straight alpha as a PNG with 8 or 16 bits a channel.

    ``icc``: the profile, None for sRGB. ``sentence``: for the progress. Raises OSError, Cancelled.
    """
    height, width = pixels.shape[:2]
    bits = 8 * sample_bytes(pixels)
    header = struct.pack(">IIBBBBB", width, height, bits, _RGB_ALPHA, 0, 0, 0)
    file.write(_SIGNATURE + _chunk(b"IHDR", header) + _colour(icc))
    file.write(_chunk(b"IDAT", b"\x78\x01"))  # zlib's own header: 32 KiB window, fast
    parts = bands(height, width * CHANNELS * sample_bytes(pixels))
    jobs: list[Callable[[], tuple[bytes, int, int]]] = [
        partial(_packed, pixels, rows, last=rows.stop == height) for rows in parts
    ]
    checksum = 1
    for rows, (chunk, part_checksum, length) in zip(parts, work.in_order(jobs), strict=True):
        file.write(chunk)
        checksum = _joined(checksum, part_checksum, length)
        work.finished((rows.stop - rows.start) * width * CHANNELS * bits // 8, sentence)
    file.write(_chunk(b"IDAT", checksum.to_bytes(4, "big")) + _chunk(b"IEND", b""))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join(
        (
            struct.pack(">I4s", len(body), kind),
            body,
            zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big"),
        )
    )


def _colour(icc: bytes | None) -> bytes:
    """What the values mean: the profile, or sRGB with the perceptual intent."""
    if icc is None:
        return _chunk(b"sRGB", b"\0")
    return _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))


def _packed(pixels: Pixels, rows: slice, *, last: bool) -> tuple[bytes, int, int]:
    """One band as an IDAT chunk, with the Adler-32 and the length of what is packed in it."""
    # One row more on top: the filter "up" needs what is above the band.
    above = max(0, rows.start - 1)
    values = samples(pixels[above : rows.stop])
    lines = big_endian(values)
    if above == rows.start:  # the top of the picture: nothing is above it
        lines = np.concatenate([np.zeros((1, lines.shape[1]), np.uint8), lines])
    step = CHANNELS * values.itemsize
    kind = _best_filter(lines, step)
    filtered = _filtered(lines, kind, step)
    body = packed(filtered.data, filtered=kind != _NONE, last=last)
    return _chunk(b"IDAT", body), zlib.adler32(filtered.data), filtered.size


def _best_filter(lines: _Bytes, step: int) -> int:
    """The filter after which a sample of the band's rows packs best."""
    middle = max(0, lines.shape[0] // 2 - _SAMPLE_ROWS // 2)
    sample = lines[middle : middle + _SAMPLE_ROWS + 1]

    def size(kind: int) -> int:
        data = _filtered(sample, kind, step).data
        return len(packed(data, filtered=kind != _NONE, last=True))

    return min(_FILTERS, key=size)


def _filtered(lines: _Bytes, kind: int, step: int) -> _Bytes:
    """All rows of ``lines`` but the first, each with the number of its filter in front."""
    out = np.empty((lines.shape[0] - 1, 1 + lines.shape[1]), np.uint8)
    out[:, 0] = kind
    below, body = lines[1:], out[:, 1:]
    match kind:
        case 1:
            body[:, :step] = below[:, :step]
            np.subtract(below[:, step:], below[:, :-step], out=body[:, step:])
        case 2:
            np.subtract(below, lines[:-1], out=body)
        case _:
            body[:] = below
    return out


def _joined(first: int, second: int, second_length: int) -> int:
    """Adler-32 of two parts from the sums of each (RFC 1950, section 8.2)."""
    low, high = first & 0xFFFF, first >> 16
    next_low, next_high = second & 0xFFFF, second >> 16
    joined_low = (low + next_low - 1) % _ADLER_MODULUS
    joined_high = (high + next_high + second_length * (low - 1)) % _ADLER_MODULUS
    return joined_high << 16 | joined_low
