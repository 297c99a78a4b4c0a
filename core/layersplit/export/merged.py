"""What the layers look like together: the merged picture of every format, and a thumbnail."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from layersplit.domain import CHANNELS, U8, Arithmetic, Bounds, LayerStack, Picture, Pixels
from layersplit.export.work import Work, bands
from layersplit.pixels.colour import reduced_srgb
from layersplit.pixels.compositing import composite
from layersplit.scratch_file import take_room

THUMBNAIL_SIDE_PX: Final = 256
_IN_MEMORY_BYTES: Final = 256 << 20
"""A larger composite is kept in a file."""


@contextmanager
def merged_picture(
    stack: LayerStack, source: Picture, report: Mapping[str, Any], scratch: Path, work: Work
) -> Iterator[Pixels]:
    """(h, w, 4) of the stack's dtype, straight alpha: the composite of the layers over nothing.

    Where ``report`` says that the layers add up to the source bit for bit, it is the source itself.
    ``scratch``: a folder on a disk with room for a large composite.
    """
    if _is_exact(report) and _is_covered(stack) and source.extent == stack.extent:
        yield source.pixels
        return
    shape = (stack.extent.height, stack.extent.width, CHANNELS)
    dtype = stack.layers[0].pixels.dtype
    if stack.extent.area * CHANNELS * dtype.itemsize <= _IN_MEMORY_BYTES:
        out: Any = np.empty(shape, dtype)
        _composite_into(out, stack, work)
        yield out
        return
    with tempfile.TemporaryFile(dir=scratch, prefix=".layersplit-") as file:
        take_room(file, stack.extent.area * CHANNELS * dtype.itemsize)
        out = np.memmap(file, dtype, "w+", shape=shape)
        _composite_into(out, stack, work)
        yield out
        del out


def _is_exact(report: Mapping[str, Any]) -> bool:
    measured = report.get("reconstruction")
    return isinstance(measured, Mapping) and measured.get("max_abs") == 0


def _is_covered(stack: LayerStack) -> bool:
    """Whether a layer covers the document: the report may speak of a region of it only."""
    whole = stack.extent.bounds
    return any(layer.bounds.intersection(whole) == whole for layer in stack)


def _composite_into(out: Pixels, stack: LayerStack, work: Work) -> None:
    height, width = out.shape[:2]
    # In floating point a band is several times as large.
    parts = bands(height, 4 * out[:1].nbytes)
    jobs: list[Callable[[], Pixels]] = [
        partial(
            composite,
            stack.layers,
            Bounds(x=0, y=rows.start, width=width, height=rows.stop - rows.start),
            Arithmetic.PER_LAYER,
        )
        for rows in parts
    ]
    for rows, part in zip(parts, work.in_order(jobs), strict=True):
        out[rows] = part


def thumbnail(merged: Pixels, icc: bytes | None) -> U8:
    """(h, w, 4) u8 sRGB, straight alpha, at most 256 pixels on a side, never enlarged."""
    height, width = merged.shape[:2]
    fraction = min(1.0, THUMBNAIL_SIDE_PX / max(width, height))
    area_px = math.ceil(width * height * fraction * fraction)
    return reduced_srgb(Picture(pixels=merged, icc=icc), area_px)
