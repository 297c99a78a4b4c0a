"""The chunks of a PNG file, read by ourselves so that no library has to be trusted with them.

Libraries lose 16 bits (Pillow), alter values by gamma, or unpack text and profile chunks of any
size. So the file is taken apart here, within limits, and only the pixel data goes to a decoder, as
a file of its own: signature, IHDR, PLTE, tRNS of a palette, IDAT, IEND.

Source: W3C, Portable Network Graphics (third edition), sections 5 and 11.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from layersplit.pixels.profile_writer import Primaries
from layersplit.reading import refusals
from layersplit.reading.profile import MAX_PROFILE_BYTES

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_WANTED: Final = frozenset({b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"eXIf", b"acTL"})
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = _DEPTHS


@dataclass(frozen=True, kw_only=True, eq=False)
class PngFile:
    """What a PNG file says about itself, and its pixel data as a minimal PNG file."""

    width: int
    height: int
    bits: int
    colour_type: int
    stream: io.BytesIO
    chunks: Mapping[bytes, bytes]
    """The first of each chunk of metadata that is used, checked against its checksum."""

    @property
    def icc(self) -> bytes | None:
        """The unpacked profile; empty when it cannot be unpacked, None when there is none."""
        chunk = self.chunks.get(b"iCCP")
        if chunk is None:
            return None
        packed = chunk.partition(b"\0")[2][1:]
        unpack = zlib.decompressobj()
        try:
            profile = unpack.decompress(packed, MAX_PROFILE_BYTES)
        except zlib.error:
            return b""
        return profile if unpack.eof else b""

    @property
    def gamma(self) -> float | None:
        """The exponent of decoding, 2.2 for most; None when it is not stated or absurd."""
        chunk = self.chunks.get(b"gAMA", b"")
        stated = struct.unpack(">I", chunk)[0] if len(chunk) == 4 else 0
        return 100_000 / stated if 10_000 <= stated <= 1_000_000 else None

    @property
    def primaries(self) -> Primaries | None:
        """The stated chromaticities."""
        chunk = self.chunks.get(b"cHRM", b"")
        if len(chunk) != 32:
            return None
        v = [value / 100_000 for value in struct.unpack(">8I", chunk)]
        return Primaries(
            white=(v[0], v[1]), red=(v[2], v[3]), green=(v[4], v[5]), blue=(v[6], v[7])
        )

    @property
    def is_animated(self) -> bool:
        """Whether the file holds more than one frame."""
        chunk = self.chunks.get(b"acTL", b"")
        return len(chunk) == 8 and int.from_bytes(chunk[:4], "big") > 1


def take_apart(file: BinaryIO, path: Path) -> PngFile:
    """Read all chunks; raises InputError when the file is too large, damaged or not complete."""
    size = os.fstat(file.fileno()).st_size
    file.seek(len(SIGNATURE))
    kind, body = _chunk(file, path, size)
    if kind != b"IHDR" or len(body) != 13:
        raise refusals.damaged(path)
    width, height, bits, colour_type, method, filters, interlace = struct.unpack(">IIBBBBB", body)
    refusals.checked_extent(path, width, height)
    if bits not in _DEPTHS.get(colour_type, ()) or method or filters or interlace > 1:
        raise refusals.damaged(path)
    stream = io.BytesIO(SIGNATURE)
    stream.seek(0, os.SEEK_END)
    _copy(stream, kind, body)
    chunks: dict[bytes, bytes] = {}
    while kind != b"IEND":
        kind, body = _chunk(file, path, size)
        if kind in _WANTED:
            chunks.setdefault(kind, body)
        if kind in (b"IDAT", b"IEND") or (colour_type == PALETTE and kind in (b"PLTE", b"tRNS")):
            _copy(stream, kind, body)
    stream.seek(0)
    return PngFile(
        width=width,
        height=height,
        bits=bits,
        colour_type=colour_type,
        stream=stream,
        chunks=chunks,
    )


def _chunk(file: BinaryIO, path: Path, size: int) -> tuple[bytes, bytes]:
    """Kind and body of the next chunk; kind is empty for one that is not needed or is broken."""
    head = file.read(8)
    if len(head) < 8:
        raise refusals.damaged(path)
    length, kind = struct.unpack(">I4s", head)
    if file.tell() + length + 4 > size:
        raise refusals.damaged(path)
    critical = kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND")
    if not critical and (kind not in _WANTED or length > MAX_PROFILE_BYTES):
        file.seek(length + 4, os.SEEK_CUR)
        return b"", b""
    body = file.read(length)
    if zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(file.read(4), "big"):
        return kind, body
    if critical or kind == b"tRNS":
        raise refusals.damaged(path)
    return b"", b""


def _copy(stream: io.BytesIO, kind: bytes, body: bytes) -> None:
    stream.write(struct.pack(">I4s", len(body), kind))
    stream.write(body)
    stream.write(zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big"))
