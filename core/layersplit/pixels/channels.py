"""One weight for all channels of a pixel, and one sum over them.

numpy works along the last axis; with three channels there that is five to twenty times slower than
the same arithmetic on rasters of one shape.
"""

from __future__ import annotations

import cv2
import numpy as np

from layersplit.domain import F32


def spread(weights: F32, channels: int = 3) -> F32:
    """``weights`` (h, w) for each of ``channels``: (h, w, channels)."""
    return np.asarray(cv2.merge([weights] * channels), np.float32).reshape(*weights.shape, channels)


def divided(values: F32, weights: F32, least: float) -> F32:
    """``values`` (h, w, c) over ``weights`` (h, w), none of which counts as less than ``least``."""
    shares = np.reciprocal(np.maximum(weights, np.float32(least)))
    return np.asarray(values * spread(shares, values.shape[2]), np.float32)


def channel_sum(values: F32) -> F32:
    """The sum of the channels of ``values`` (h, w, c), at most four: (h, w)."""
    ones = np.ones((1, values.shape[2]), np.float32)
    return np.asarray(cv2.transform(values, ones), np.float32).reshape(values.shape[:2])
