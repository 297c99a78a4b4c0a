"""What the user's OUT means, whether it can be written, and what it means when it cannot."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from layersplit.domain import Extent
from layersplit.errors import InputError

PSD_SIDE_PX: Final = 30_000
"""The largest side of a PSD; a PSB holds ten times as much."""


class Form(Enum):
    """The kinds of output; the values are the endings that choose them."""

    ORA = ".ora"
    PSD = ".psd"
    PSB = ".psb"
    ZIP = ".zip"
    FOLDER = ""


def check_target(out: Path, extent: Extent) -> Form:
    """What ``out`` will become; raises InputError when that is known to fail.

    Quick, so it is asked before a run is paid for and again before the file is written. The folder
    that ``out`` lies in may be missing when only that one has to be made.
    """
    form = _form(out)
    if form is Form.FOLDER and out.exists() and not out.is_dir():
        raise InputError(
            f"'{_shown(out)}' is a file, not a folder.",
            meaning="A name without an ending means a folder of PNGs; nothing was written.",
            remedy="End the name in .ora, .psd, .psb or .zip, or choose another name.",
        )
    folder = out.absolute().parent
    with explained(out):
        if not folder.exists() and folder.parent.is_dir():
            folder = folder.parent
        if not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
    if form is Form.PSD and max(extent.width, extent.height) > PSD_SIDE_PX:
        raise InputError(
            f"A PSD holds at most {PSD_SIDE_PX} pixels on a side, not "
            f"{max(extent.width, extent.height)}.",
            meaning="No program could open the file; nothing was written.",
            remedy=f"Name the output '{out.stem}.psb' or '{out.stem}.ora'.",
        )
    return form


def _form(out: Path) -> Form:
    if out.is_dir():
        return Form.FOLDER
    try:
        return Form(out.suffix.lower())
    except ValueError:
        raise InputError(
            f"'{_shown(out)}' ends in '{out.suffix}', which is no layered format.",
            meaning="Nothing was written.",
            remedy="End the name in .ora, .psd, .psb or .zip, or name a folder without a dot.",
        ) from None


@contextmanager
def explained(out: Path) -> Iterator[None]:
    """Turn what the system says while ``out`` is written into an InputError."""
    try:
        yield
    except OSError as error:
        raise _refusal(out, error) from error


def _refusal(out: Path, error: OSError) -> InputError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            fact = "The disk is full."
            remedy = "Make room, or write to another disk with -o."
        case errno.EFBIG:
            fact = "The file became larger than this disk or this user may have."
            remedy = "Write to another disk with -o."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            fact = f"You may not write in '{_shown(out.absolute().parent)}'."
            remedy = "Choose a folder of your own with -o."
        case errno.ENOENT | errno.ENOTDIR:
            fact = f"There is no folder '{_shown(out.absolute().parent)}'."
            remedy = "Make it first, or choose another place with -o."
        case errno.ENAMETOOLONG:
            fact = f"The name '{_shown(out)[:40]}…' is too long for this disk."
            remedy = "Choose a shorter one with -o."
        case _:
            fact = f"'{_shown(out)}' cannot be written: {error.strerror or 'no reason given'}."
            remedy = "Choose another place with -o."
    return InputError(
        fact,
        meaning=f"'{_shown(out)}' was not written; what stood there before is as it was.",
        remedy=remedy,
    )


def _shown(path: Path) -> str:
    name = path.name or str(path)
    return "".join(letter if letter.isprintable() else "?" for letter in name)
