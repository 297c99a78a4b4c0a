"""Small windows over small pictures."""

from __future__ import annotations

import cv2
import numpy as np

from layersplit.domain import F32


def box_mean(values: F32, radius_px: int) -> F32:
    """Mean over the square window of ``2 * radius_px + 1`` pixels; (h, w) or (h, w, 2..4)."""
    side = 2 * radius_px + 1
    mean = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(mean, np.float32).reshape(values.shape)


def gaussian(values: F32, deviation_px: float) -> F32:
    """Gaussian-weighted mean; (h, w) or (h, w, 2..4)."""
    mean = cv2.GaussianBlur(values, (0, 0), deviation_px, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(mean, np.float32).reshape(values.shape)
