"""Area-averaged reduction of pictures of any size, without a full-size copy in floating point.

Colours are averaged premultiplied, so what is transparent has no say in the colour of its
surroundings. Values stay the document's own.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, Extent, Pixels
from layersplit.pixels.compositing import peak
from layersplit.pixels.threads import in_threads

CHUNK_PX: Final = 64_000
"""Pixels that are converted to floating point at a time: so few that they stay in the cache."""


def reduced_extent(extent: Extent, area_px: int) -> Extent:
    """The largest extent of the same aspect with at most ``area_px`` pixels; never enlarged."""
    fraction = min(1.0, math.sqrt(area_px / extent.area))
    width = max(1, math.floor(extent.width * fraction + 1e-9))
    height = max(1, math.floor(extent.height * fraction + 1e-9))
    width, height = min(width, max(1, area_px // height)), min(height, max(1, area_px // width))
    return Extent(width=width, height=height)


def reduced(pixels: Pixels, extent: Extent) -> F32:
    """Average ``pixels`` (h, w, 4) of any document dtype, straight alpha, down to ``extent``.

    Returns (h, w, 4) f32 straight alpha, channel values / peak; where alpha is 0 the colour is 0.
    """
    height, width = pixels.shape[:2]
    total = np.zeros((extent.height, extent.width, 4), np.float32)
    ratio = height / extent.height
    rows = max(1, CHUNK_PX // width)

    def part(top: int) -> tuple[slice, F32]:
        chunk = _premultiplied(pixels[top : top + rows])
        narrow = cv2.resize(chunk, (extent.width, len(chunk)), interpolation=cv2.INTER_AREA)
        narrow = narrow.reshape(len(chunk), -1)
        first, last = int(top / ratio), min(extent.height, int((top + len(chunk)) / ratio) + 1)
        weights = _row_weights(top, len(chunk), first, last, ratio)
        shares = (weights @ narrow).reshape(last - first, extent.width, 4)
        return slice(first, last), np.asarray(shares, np.float32)

    for place, shares in in_threads(part, range(0, height, rows)):
        total[place] += shares
    alpha = total[..., 3:]
    np.divide(total[..., :3], alpha, out=total[..., :3], where=alpha > 0)
    return total


def reduced_opaque8(pixels: Pixels, extent: Extent) -> U8 | None:
    """The same in one step of OpenCV, for what most pictures are: 8 bits, opaque; else None.

    Returns (h, w, 4) u8, rounded once. A fifteenth of the time, and no floating point.
    """
    if pixels.dtype != np.uint8 or pixels[..., 3].min() < np.iinfo(np.uint8).max:
        return None
    size = (extent.width, extent.height)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _row_weights(top: int, rows: int, first: int, last: int, ratio: float) -> F32:
    """Share of each source row top..top+rows in each reduced row first..last, as a matrix."""
    source = np.arange(top, top + rows)
    target = np.arange(first, last)[:, None]
    upper = np.maximum(source, target * ratio)
    lower = np.minimum(source + 1, (target + 1) * ratio)
    return np.asarray(np.maximum(lower - upper, 0) / ratio, np.float32)


def _premultiplied(pixels: Pixels) -> F32:
    """As f32 in units of the peak, colours multiplied by alpha; what is no number becomes 0."""
    values: F32 = pixels.astype(np.float32)
    if pixels.dtype == np.float32:
        np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    else:
        values *= np.float32(1 / peak(pixels.dtype))
    alpha = values[..., 3:]
    if not np.all(alpha == 1):
        values[..., :3] *= alpha
    return np.asarray(values, np.float32)
