"""What lies in a weight file, read from its header alone: names, types, shapes, ready formats.

A safetensors file starts with eight bytes (length of the header, little endian) and a JSON object
``{name: {"dtype", "shape", "data_offsets"}}``; the offsets tell how long the file must be, so a
torn download is noticed without reading it. Format: the safetensors repository's README.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layersplit.errors import SetupError

LONGEST_HEADER_BYTES: Final = 100 * 2**20
NF4_MARK: Final = ".quant_state.bitsandbytes__nf4"
"""Ending of the extra tensor that says how bitsandbytes packed a weight."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """One tensor on the disk: ``size_bytes`` from the byte ``start`` of ``file`` on."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    size_bytes: int

    @property
    def count(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of one network, all present; raises SetupError when some are not."""
    for index in sorted(folder.glob("*.safetensors.index.json")):
        try:
            names = set(json.loads(index.read_bytes())["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise broken(index, "its list of files cannot be read") from error
        files = [folder / str(name) for name in sorted(names)]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise broken(
                folder, f"{len(missing)} of {len(files)} weight files are missing ({missing[0]})"
            )
        return files
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise broken(folder, "it has no weights (.safetensors)")
    return files


def stored_tensors(files: Sequence[Path]) -> Iterator[Stored]:
    """Every tensor of the files, from their headers; raises SetupError for a torn or alien file."""
    for file in files:
        yield from _header(file)


def _header(file: Path) -> list[Stored]:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 0 < length <= min(size, LONGEST_HEADER_BYTES):
                raise broken(file, "it is no safetensors file")
            entries = json.loads(stream.read(length))
        entries.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
        tensors = [
            Stored(
                name=name,
                dtype=entry["dtype"],
                shape=tuple(entry["shape"]),
                file=file,
                start=8 + length + entry["data_offsets"][0],
                size_bytes=entry["data_offsets"][1] - entry["data_offsets"][0],
            )
            for name, entry in entries.items()
        ]
    except OSError as error:
        raise broken(file, f"it cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise broken(file, "it is no safetensors file") from error
    if size < 8 + length + end:
        raise broken(file, f"{8 + length + end - size} of its bytes are missing")
    return tensors


def broken(place: Path, reason: str) -> SetupError:
    """A model that is there but cannot be used, with what to do about it."""
    return SetupError(
        f"The model at {place} cannot be used: {reason}.",
        meaning="It is incomplete or damaged, so nothing was loaded.",
        remedy="Fetch it again (what is complete is kept), or name another folder with --model.",
    )
