"""TIFF files made tag by tag, also such as no library would write."""

import struct

SHORT, LONG = 3, 4


def tiff(tags: dict[int, int], data: bytes = b"") -> bytes:
    """A little-endian file with one strip of ``data``; ``tags``: small numbers, one value each."""
    whole = {273: 8, 277: 1, 278: tags.get(257, 1), 279: len(data), **tags}
    directory = struct.pack("<H", len(whole))
    for code, value in sorted(whole.items()):
        directory += struct.pack("<HHII", code, LONG, 1, value)
    start = 8 + len(data) + len(data) % 2
    return (
        struct.pack("<2sHI", b"II", 42, start) + data.ljust(start - 8, b"\0") + directory + bytes(4)
    )
