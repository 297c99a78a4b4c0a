"""Take the model's drift out of its colours, so hidden parts match the visible ones.

A model returns colours that are a little off (gain, blur, codec). Where a layer is surely visible
the picture shows the true colour; the smooth part of the difference is measured there and continued
under what hides the layer. When a layer is moved away, no step remains along its old outline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, Mask
from layersplit.pixels.pyramid import push_pull
from layersplit.restore.evidence import CleanLayer
from layersplit.restore.smooth import gaussian

SURE: Final = np.float32(0.97)
"""Visibility from which a pixel is surely the layer's own. 0.5 would mix foreign colours in."""
LEAST_PX: Final = 16
LARGEST: Final = np.float32(0.15)
"""A difference beyond this is a wrong assignment, not a drift."""
BLUR_PX: Final = 2.0


def harmonised(picture: F32, layers: Sequence[CleanLayer]) -> list[CleanLayer]:
    """Shift the colours of ``layers`` (bottom first) towards ``picture`` (h, w, 3), smoothly.

    Goes from the front layer down; what is in front of a layer is first taken off the picture.
    """
    out = list(layers)
    visibility = np.ones(picture.shape[:2], np.float32)
    target = picture
    for index in range(len(out) - 1, -1, -1):
        alpha = out[index].alpha
        sure = _eroded(visibility * alpha > SURE)
        if np.count_nonzero(sure) > LEAST_PX:
            drift = _smooth_drift(target - out[index].colour, sure)
            colour = np.clip(out[index].colour + np.clip(drift, -LARGEST, LARGEST), 0, 1)
            out[index] = replace(out[index], colour=colour)
        if index:
            target = _peeled(target, out[index], _composite(out[:index]))
            visibility = visibility * (1 - alpha)
    return out


def _smooth_drift(difference: F32, sure: F32) -> F32:
    """The low-frequency part of ``difference`` where ``sure``, continued everywhere."""
    weight = gaussian(sure, BLUR_PX)
    smooth = gaussian(difference * sure[..., None], BLUR_PX)
    level = np.divide(smooth, np.maximum(weight, 1e-3)[..., None], dtype=np.float32)
    return push_pull(level, np.minimum(weight * 4, 1))


def _eroded(sure: Mask) -> F32:
    """1 where the pixel and its eight neighbours are sure."""
    return np.asarray(cv2.erode(sure.astype(np.float32), np.ones((3, 3), np.uint8)), np.float32)


def _composite(layers: Sequence[CleanLayer]) -> F32:
    """The colour of a stack over its opaque bottom."""
    out = layers[0].colour
    for layer in layers[1:]:
        out = out + layer.alpha[..., None] * (layer.colour - out)
    return out


def _peeled(target: F32, front: CleanLayer, below: F32) -> F32:
    """What ``target`` shows once ``front`` is taken off; ``below`` where it hides too much."""
    clear = 1 - front.alpha[..., None]
    bare = (target - (1 - clear) * front.colour) / np.maximum(clear, np.float32(0.05))
    trust = np.clip((clear - np.float32(0.25)) * 2, 0, 1)
    return np.asarray(np.clip(below + (bare - below) * trust, 0, 1), np.float32)
