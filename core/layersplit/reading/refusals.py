"""Every way in which a file is refused, in words: what it is, what that means, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from layersplit.domain import MAX_AREA_PX, MAX_SIDE_PX, Extent
from layersplit.errors import InputError, SetupError

UNTOUCHED: Final = "Nothing was read, and nothing was changed."
READABLE: Final = "PNG, JPEG, WebP, TIFF, GIF or BMP"


def shown(path: Path) -> str:
    """The name of ``path`` for a message of one line."""
    name = path.name or str(path)
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def checked_extent(path: Path, width: int, height: int) -> Extent:
    """The extent that a header states; raises InputError when it is empty or over the limits."""
    if width < 1 or height < 1:
        raise damaged(path)
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX or width * height > MAX_AREA_PX:
        raise too_large(path, f"{width} x {height}")
    return Extent(width=width, height=height)


def too_large(path: Path, size: str) -> InputError:
    """More pixels than are taken; ``size`` is how many."""
    return InputError(
        f"'{shown(path)}' has {size} pixels.",
        meaning=(
            f"Layersplit takes pictures of at most {MAX_AREA_PX // 1_000_000} million pixels "
            f"and {MAX_SIDE_PX} on a side."
        ),
        remedy="Make it smaller, or cut it into parts, and try again.",
    )


def damaged(path: Path) -> InputError:
    """The file says that it is a picture and then is none, or ends too early."""
    return InputError(
        f"'{shown(path)}' is damaged or not complete.",
        meaning="Its pixels cannot be read to the end, so there is nothing to split.",
        remedy="Open it in an editor and save it again, or get a fresh copy.",
    )


def unsupported(path: Path, what: str) -> InputError:
    """A picture in a form that is not read; ``what`` goes on after "has" or "is"."""
    return InputError(
        f"'{shown(path)}' {what}.",
        meaning="Layersplit cannot read pictures of this kind.",
        remedy="Save it from an editor as PNG with 8 or 16 bits a channel, and split that.",
    )


def no_picture(path: Path) -> InputError:
    """The content is none of the formats, whatever the name says."""
    return InputError(
        f"'{shown(path)}' is not a picture that Layersplit can read.",
        meaning=f"Its content is none of {READABLE}.",
        remedy="Choose another file, or save the picture as PNG first.",
    )


def too_little_memory(path: Path) -> SetupError:
    """The system refused the memory that the pixels need."""
    return SetupError(
        f"There is not enough memory for '{shown(path)}'.",
        meaning="The picture is within the limits, but this computer cannot hold it now.",
        remedy="Close other programs, or make the picture smaller.",
        retry_helps=True,
    )


def unopened(path: Path, error: OSError) -> InputError:
    """The system did not give us the file."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            fact, remedy = f"There is no file '{shown(path)}'.", "Check the name and the folder."
        case IsADirectoryError():
            fact, remedy = f"'{shown(path)}' is a folder.", "Name the pictures in it."
        case PermissionError():
            fact = f"You may not read '{shown(path)}'."
            remedy = "Change its permissions, or copy it to a place of your own."
        case _:
            reason = error.strerror or "no reason given"
            fact = f"'{shown(path)}' cannot be opened: {reason}."
            remedy = "Copy it to another place and try again."
    return InputError(fact, meaning=UNTOUCHED, remedy=remedy)
