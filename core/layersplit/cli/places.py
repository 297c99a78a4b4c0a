"""Which file each picture becomes. Nothing that exists is overwritten unless it was named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from layersplit.errors import InputError

PICTURE_SUFFIXES: Final = (
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp",
)  # fmt: skip
FILE_SUFFIXES: Final = (".ora", ".psd", ".psb", ".zip")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A picture as it was named, and where its layers go (a file, or a folder of PNGs)."""

    picture: str
    output: Path


def places(pictures: Sequence[str], output: str | None) -> list[Place]:
    """Pair every picture with its output; raises InputError when they cannot go together.

    A folder stands for the pictures in it, in the order of their names.
    """
    is_batch = len(pictures) > 1 or any(_is_folder(name) for name in pictures)
    pictures = [picture for name in pictures for picture in _pictures_of(name)]
    if output is None:
        taken: set[Path] = set()
        return [
            Place(picture=name, output=_free(_folder(name) / f"{_stem(name)}.ora", taken))
            for name in pictures
        ]
    out = Path(output)
    if not is_batch:
        return [Place(picture=pictures[0], output=out)]
    if out.suffix.lower() in FILE_SUFFIXES:
        raise InputError(
            f"{len(pictures)} pictures cannot become one file, {out.name}.",
            meaning="Nothing was done.",
            remedy="Name a folder with -o; each picture becomes a file in it.",
        )
    used: set[Path] = set()
    batch: list[Place] = []
    for name in pictures:
        target, number = out / f"{_stem(name)}.ora", 2
        while target in used:
            target, number = out / f"{_stem(name)}-{number}.ora", number + 1
        used.add(target)
        batch.append(Place(picture=name, output=target))
    return batch


def _is_folder(named: str) -> bool:
    return "://" not in named and Path(named).is_dir()


def _pictures_of(named: str) -> list[str]:
    """What ``named`` stands for: itself, or the pictures of a folder."""
    if not _is_folder(named):
        return [named]
    found = sorted(
        path
        for path in Path(named).iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )
    if not found:
        raise InputError(
            f"The folder {named} holds no picture.",
            meaning="Nothing was done. Folders inside it are not looked into.",
            remedy=f"Name a folder with files that end in {', '.join(PICTURE_SUFFIXES)}.",
        )
    return [str(path) for path in found]


def _free(wanted: Path, taken: set[Path]) -> Path:
    """``wanted``, or with a number, so that an edited result of an earlier run survives."""
    target, number = wanted, 2
    while target.exists() or target in taken:
        target, number = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}"), number + 1
    taken.add(target)
    return target


def _folder(picture: str) -> Path:
    return Path() if "://" in picture else Path(picture).parent


def _stem(picture: str) -> str:
    path = unquote(urlsplit(picture).path) if "://" in picture else picture
    return Path(path).stem or "picture"
