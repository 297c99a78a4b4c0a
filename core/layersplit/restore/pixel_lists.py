"""Lists of pixels out of a raster and back, several times faster than indexing rows of channels.

A pixel of four channels is one item of as many bytes: numpy then moves whole items.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import CHANNELS, F32, Pixels

Index: TypeAlias = npt.NDArray[np.intp]

WHOLE: Final = {1: np.uint32, 2: np.uint64, 4: np.complex128}
"""A type as large as a pixel, by the bytes of one of its four channels; never computed with."""


def whole_pixels(pixels: Pixels) -> npt.NDArray[Any]:
    """A contiguous raster (..., 4) as (n,) items of the same bytes; shares memory."""
    return pixels.view(WHOLE[pixels.dtype.itemsize]).reshape(-1)


def gathered(raster: F32, index: Index) -> F32:
    """The pixels ``index`` (flat) of a contiguous ``raster`` (h, w, 4), as (n, 4)."""
    return whole_pixels(raster).take(index).view(np.float32).reshape(-1, CHANNELS)


def scattered(raster: F32, index: Index, pixels: F32) -> None:
    """Put ``pixels`` (n, 4) at ``index`` (flat) of a contiguous ``raster`` (h, w, 4)."""
    whole_pixels(raster)[index] = whole_pixels(pixels)


def planes(pixels: F32) -> F32:
    """The first three channels of (n, 4), planar: (3, n)."""
    return transposed(pixels)[:3]


def interleaved(colours: F32) -> F32:
    """Planar colours (3, n) as pixels (n, 4) with 1 in the fourth channel."""
    full = np.ones((CHANNELS, colours.shape[1]), np.float32)
    full[:3] = colours
    return transposed(full)


def transposed(table: F32) -> F32:
    """Rows as columns: (n, c) as (c, n) and back, contiguous."""
    if not table.size:
        return np.empty(table.shape[::-1], np.float32)
    return np.asarray(cv2.transpose(table), np.float32).reshape(table.shape[::-1])
