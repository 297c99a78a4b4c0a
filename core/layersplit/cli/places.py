"""Which file each picture becomes. Nothing that exists is overwritten unless it was named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from layersplit.errors import InputError

FILE_SUFFIXES: Final = (".ora", ".psd", ".psb", ".zip")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A picture as it was named, and where its layers go (a file, or a folder of PNGs)."""

    picture: str
    output: Path


def places(pictures: Sequence[str], output: str | None) -> list[Place]:
    """Pair every picture with its output; raises InputError when they cannot go together."""
    if output is None:
        taken: set[Path] = set()
        return [
            Place(picture=name, output=_free(_folder(name) / f"{_stem(name)}.ora", taken))
            for name in pictures
        ]
    out = Path(output)
    if len(pictures) == 1:
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
