"""Open a file as a picture: it exists, it may be read, and its first bytes name a format."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from layersplit.errors import InputError
from layersplit.reading import refusals


class Kind(Enum):
    """The formats that are read; the values are Pillow's names."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"
    TIFF = "TIFF"
    GIF = "GIF"
    BMP = "BMP"


_HEAD_BYTES: Final = 16
_OTHERS: Final = (
    (b"8BPS", "is a Photoshop document"),
    (b"gimp xcf", "is a GIMP document"),
    (b"PK\x03\x04", "is an archive or a layered document"),
    (b"%PDF", "is a PDF"),
    (b"<svg", "is a vector drawing"),
)
"""Files that people take for pictures, and what they are."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file at ``path``, readable, regular and not empty; raises InputError."""
    try:
        # Without O_NONBLOCK a named pipe would wait for somebody to write into it.
        file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - with, below
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise refusals.unopened(path, _as_os_error(path, error)) from error
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise refusals.no_picture(path)
        if status.st_size == 0:
            raise InputError(
                f"'{refusals.shown(path)}' is empty.",
                meaning="There are no pixels in it.",
                remedy="Choose another file, or get a fresh copy.",
            )
        yield file


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _as_os_error(path: Path, error: OSError | ValueError) -> OSError:
    """Windows says "permission denied" where a folder is opened as a file."""
    if isinstance(error, ValueError):
        return FileNotFoundError(errno.ENOENT, "No such file")
    if isinstance(error, PermissionError) and path.is_dir():
        return IsADirectoryError(errno.EISDIR, "Is a directory")
    return error


def kind_of(file: BinaryIO, path: Path) -> Kind:
    """What the first bytes say, whatever the name; the file is rewound. Raises InputError."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    match head:
        case _ if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return Kind.PNG
        case _ if head.startswith(b"\xff\xd8\xff"):
            return Kind.JPEG
        case _ if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return Kind.WEBP
        case _ if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return Kind.TIFF
        case _ if head.startswith((b"GIF87a", b"GIF89a")):
            return Kind.GIF
        case _ if head.startswith(b"BM"):
            return Kind.BMP
        case _:
            pass
    for start, what in _OTHERS:
        if head.startswith(start):
            raise refusals.unsupported(path, what)
    raise refusals.no_picture(path)
