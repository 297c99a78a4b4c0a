"""Where named files are put: members of a ZIP, or files in a folder; all of them as a stream."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self, cast

from layersplit.domain import Pixels
from layersplit.export.png import write_png
from layersplit.export.samples import raw_bytes
from layersplit.export.work import Work

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN_BYTES: Final = 2_000_000_000
"""Members that may become larger get 64-bit sizes, which not every old program reads."""
_REGULAR_FILE: Final = 0o100644 << 16


class Shelf(Protocol):
    """A place for named files."""

    def add(self, name: str, content: bytes) -> None:
        """Put a small file there."""
        ...

    @contextmanager
    def opened(self, name: str, at_most_bytes: int) -> Iterator[BinaryIO]:
        """A file to write into, of about ``at_most_bytes``."""
        ...


class Archive:
    """A ZIP file, the same bytes for the same content. What is packed already is stored."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)

    def add(self, name: str, content: bytes) -> None:
        """Put a small member there."""
        self._zip.writestr(_entry(name), content)

    @contextmanager
    def opened(self, name: str, at_most_bytes: int) -> Iterator[BinaryIO]:
        """A member to write into."""
        large = at_most_bytes > _PLAIN_BYTES
        with self._zip.open(_entry(name), "w", force_zip64=large) as file:
            yield cast("BinaryIO", file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write the directory, without which it is no archive; after a failure just let go."""
        with suppress(OSError, ValueError) if kind else nullcontext():
            self._zip.close()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = _REGULAR_FILE
    return entry


class Folder:
    """Files in a folder, each on the disk for good when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, content: bytes) -> None:
        """Put a small file there."""
        with self.opened(name, len(content)) as file:
            file.write(content)

    @contextmanager
    def opened(self, name: str, at_most_bytes: int) -> Iterator[BinaryIO]:
        """A file to write into; how large it becomes does not matter here."""
        del at_most_bytes
        with (self._path / name).open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())


def add_png(
    shelf: Shelf, name: str, pixels: Pixels, *, icc: bytes | None, work: Work, what: str
) -> None:
    """Put ``pixels`` (h, w, 4) there as a PNG. ``what``: for the progress, after "Writing"."""
    raw = raw_bytes(pixels)
    with shelf.opened(name, raw + raw // 100) as file:
        write_png(file, pixels, icc=icc, work=work, sentence=f"Writing {what}")
