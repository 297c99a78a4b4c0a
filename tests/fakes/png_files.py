"""PNG files made chunk by chunk, also such as no library would write."""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def chunk(kind: bytes, body: bytes = b"", *, checksum: int | None = None) -> bytes:
    """One chunk, with a wrong ``checksum`` on request."""
    right = zlib.crc32(kind + body)
    return (
        struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", right if checksum is None else checksum)
    )


def header(width: int, height: int, bits: int = 8, colour_type: int = RGB) -> bytes:
    """IHDR, not interlaced."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))


def png(samples: np.ndarray, colour_type: int, bits: int = 8, *before: bytes) -> bytes:
    """A whole file: (h, w, n) samples as they are stored; ``before``: chunks ahead of the data."""
    height, width = samples.shape[:2]
    if bits == 16:
        rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    elif bits == 8:
        rows = samples.astype(np.uint8).reshape(height, -1)
    else:
        places = np.arange(bits - 1, -1, -1)
        single = (samples.reshape(height, -1, 1) >> places & 1).astype(np.uint8)
        rows = np.packbits(single.reshape(height, -1), axis=1)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    return (
        SIGNATURE
        + header(width, height, bits, colour_type)
        + b"".join(before)
        + chunk(b"IDAT", zlib.compress(filtered.tobytes()))
        + chunk(b"IEND")
    )
