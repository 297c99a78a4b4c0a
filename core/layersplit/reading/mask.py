"""A rough mask from any picture file."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast

import numpy as np

from layersplit.domain import U8, Extent, Pixels
from layersplit.errors import InputError
from layersplit.pixels.compositing import peak
from layersplit.reading.arrays import bands
from layersplit.reading.picture import read_picture
from layersplit.reading.refusals import shown

_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec. 709's weights."""


def read_mask(path: Path, extent: Extent) -> U8:
    """(h, w) u8 of ``extent``: 0 outside .. 255 inside.

    A picture with transparent parts marks by its alpha, any other by its brightness (white is
    inside). Another size is scaled when it has the same shape. Raises InputError.
    """
    picture = read_picture(path)
    marked = _marked(picture.pixels)
    if picture.extent == extent:
        return marked
    width, height = picture.extent.width, picture.extent.height
    # One pixel of the coarser side is what rounding can change.
    slack = max(width, extent.width, height, extent.height)
    if abs(width * extent.height - height * extent.width) > slack:
        raise InputError(
            f"The mask '{shown(path)}' has {width} x {height} pixels.",
            meaning=f"The picture has {extent.width} x {extent.height}: another shape.",
            remedy="Give a mask of the picture's size.",
        )
    import cv2  # noqa: PLC0415 - only for a mask of another size

    shrinking = width > extent.width
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cast("U8", cv2.resize(marked, (extent.width, extent.height), interpolation=method))


def _marked(pixels: Pixels) -> U8:
    """Alpha where any of it is not full, else luminance, as u8."""
    full = peak(pixels.dtype)
    by_alpha = bool(np.any(pixels[..., 3] != full))
    out = np.empty(pixels.shape[:2], np.uint8)
    for rows in bands(pixels.shape[0], pixels[:1].nbytes):
        part = pixels[rows]
        value = part[..., 3] if by_alpha else part[..., :3].astype(np.float32) @ _LUMINANCE
        out[rows] = np.rint(np.clip(value / np.float32(full), 0, 1) * 255)
    return out
