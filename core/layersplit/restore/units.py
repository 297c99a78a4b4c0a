"""Fractions of 1 and the units in which a document stores its channels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Pixels
from layersplit.pixels.compositing import peak


def in_units(values: F32, dtype: npt.DTypeLike) -> Pixels:
    """Values 0..1 rounded to integers of ``dtype``, and clipped; floating point stays as it is."""
    match np.dtype(dtype).type:
        case np.uint8 if values.size:
            return np.asarray(cv2.convertScaleAbs(values, alpha=255.0), np.uint8).reshape(
                values.shape
            )
        case np.float32:
            return values
        case _:
            scaled = values * np.float32(peak(dtype))
            np.rint(np.clip(scaled, 0, peak(dtype), out=scaled), out=scaled)
            stored: Pixels = scaled.astype(dtype)
            return stored


def in_fractions(colours: Pixels) -> F32:
    """Stored values as f32 fractions of the peak; what is infinite or no number is made finite."""
    values: F32 = colours.astype(np.float32)
    if colours.dtype == np.float32:
        return np.nan_to_num(values, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    values *= np.float32(1 / peak(colours.dtype))
    return values
