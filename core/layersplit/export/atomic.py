"""Nothing half-written under its final name: build beside it, make it last, rename.

A file is replaced. A folder is only replaced when it is empty or holds nothing but an earlier
result of ours; otherwise the result becomes a new folder inside it.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def _hidden_beside(target: Path) -> Path:
    return target.parent / f".layersplit-{secrets.token_hex(6)}.part"


@contextmanager
def parent_made(target: Path) -> Iterator[None]:
    """Make the folder that ``target`` lies in, if only that is missing; take it back on failure."""
    folder = target.absolute().parent
    if folder.exists():
        yield
        return
    folder.mkdir()
    try:
        yield
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A file to write, read and seek in that becomes ``target`` when the block ends well."""
    part = _hidden_beside(target)
    try:
        with part.open("xb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


@contextmanager
def new_folder(target: Path, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """A folder to fill that becomes ``target`` when the block ends well.

    ``target``: does not exist, is empty, or ``is_ours`` (then its content is replaced).
    """
    part = _hidden_beside(target)
    part.mkdir()
    try:
        yield part
        for path in part.rglob("*"):
            if path.is_dir():
                _sync_folder(path)
        _sync_folder(part)
        _put_in_place(part, target, is_ours)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _sync_folder(target.parent)


def _put_in_place(part: Path, target: Path, is_ours: Callable[[Path], bool]) -> None:
    if not target.exists():
        part.rename(target)
        return
    if not any(target.iterdir()):
        target.rmdir()
        part.rename(target)
        return
    if not is_ours(target):  # somebody put something there while we worked
        raise FileExistsError(errno.EEXIST, "Something was put there meanwhile")
    old = _hidden_beside(target)
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; not every system can."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
