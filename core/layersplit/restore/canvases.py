"""Where the full-size layers grow while tiles are finished: in memory, or in files.

With a scratch folder each layer is one raw file, of which only the rows of the tile at hand are
ever mapped, so memory does not grow with the picture.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from layersplit.domain import CHANNELS, Bounds, Pixels
from layersplit.scratch_file import take_room

Depth: TypeAlias = np.dtype[np.uint8] | np.dtype[np.uint16] | np.dtype[np.float32]
"""How a document stores its channels."""


@dataclass(eq=False)
class Canvas:
    """The raster of one layer inside ``bounds`` (document pixels), all transparent at first."""

    bounds: Bounds
    dtype: Depth
    file: Path | None = None
    _pixels: Pixels | None = None

    def __post_init__(self) -> None:
        shape = (self.bounds.height, self.bounds.width, CHANNELS)
        if self.file is None:
            self._pixels = np.zeros(shape, self.dtype)
            return
        with self.file.open("wb") as raw:
            take_room(raw, int(np.prod(shape)) * self.dtype.itemsize)

    def write(self, part: Bounds, pixels: Pixels) -> None:
        """Put ``pixels`` (h, w, 4) at ``part``; what lies outside the canvas is left out.

        Threads may write different parts at the same time.
        """
        seen = part.intersection(self.bounds)
        if seen.is_empty:
            return
        source = pixels[seen.moved(-part.x, -part.y).slices]
        place = seen.moved(-self.bounds.x, -self.bounds.y)
        if self._pixels is not None:
            self._pixels[place.slices] = source
            return
        rows = self._mapped(place.y, place.height, "r+")
        rows[:, place.x : place.right] = source

    def pixels(self) -> Pixels:
        """The whole raster; backed by the file when there is one."""
        if self._pixels is not None:
            return self._pixels
        return self._mapped(0, self.bounds.height, "r")

    def _mapped(self, first: int, count: int, mode: Literal["r", "r+"]) -> Pixels:
        row_bytes = self.bounds.width * CHANNELS * self.dtype.itemsize
        return np.memmap(
            self.file or "",
            dtype=self.dtype,
            mode=mode,
            offset=first * row_bytes,
            shape=(count, self.bounds.width, CHANNELS),
        )


def forget(pixels: Pixels) -> None:
    """Let go of the memory that reading a file-backed raster has filled; its content stays."""
    base: object = pixels
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
