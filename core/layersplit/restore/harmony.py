"""Take the model's drift and noise out of its colours, so hidden parts match the visible ones.

A model returns colours that are a little off (gain, blur, codec). Where a layer is surely visible
the picture shows the true colour; the smooth part of the difference is measured there and continued
under what hides the layer, so that no step remains along its old outline when a layer is moved. The
rest of the difference tells how noisy the model is: noise beyond the picture's own detail is
smoothed away, but not what is stronger than it (bilateral filter, Tomasi and Manduchi 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, Mask
from layersplit.pixels.channels import divided, spread
from layersplit.pixels.pyramid import push_pull
from layersplit.restore.evidence import CleanLayer
from layersplit.restore.smooth import gaussian

SURE: Final = np.float32(0.97)
"""Visibility from which a pixel is surely the layer's own. 0.5 would mix foreign colours in."""
LEAST_PX: Final = 16
LARGEST: Final = np.float32(0.15)
"""A difference beyond this is a wrong assignment, not a drift."""
BLUR_PX: Final = 2.0
HIDDEN: Final = np.float32(0.5)
"""Visibility below which a painted pixel counts as hidden."""
NOISE: Final = 0.004
"""Noise below this, of 1, is left alone: one level of 8 bits."""
NOISE_REACH: Final = 3.0
"""Differences up to so many deviations of the noise are smoothed."""
SMOOTHING_PX: Final = 2.0
SAMPLED: Final = 2
"""Noise is measured on every second pixel of every second row."""


def harmonised(picture: F32, layers: Sequence[CleanLayer]) -> list[CleanLayer]:
    """Bring the colours of ``layers`` (bottom first) nearer to ``picture`` (h, w, 3).

    Goes from the front layer down; what is in front of a layer is first taken off the picture.
    """
    out = list(layers)
    below = _composites(layers)
    visibility = np.ones(picture.shape[:2], np.float32)
    target = picture
    for index in range(len(out) - 1, -1, -1):
        layer = out[index]
        sure = _eroded(visibility * layer.alpha > SURE)
        if np.count_nonzero(sure) > LEAST_PX:
            colour = _steadied(
                layer.colour, target, sure, (visibility < HIDDEN) & (layer.alpha > 0)
            )
            layer = out[index] = replace(layer, colour=colour)
        if index:
            target = _peeled(target, layer, below[index - 1])
            visibility = visibility * (1 - layer.alpha)
    return out


def _steadied(colour: F32, target: F32, sure: F32, hidden: Mask) -> F32:
    """``colour`` without drift, and where anything is ``hidden`` without noise."""
    difference = target - colour
    drift = _smooth_drift(difference, sure)
    steady = np.clip(colour + np.clip(drift, -LARGEST, LARGEST), 0, 1)
    if not hidden.any():
        return steady
    inside = sure > 0
    noise = _deviation(_detail(difference), inside) - _deviation(_detail(target), inside)
    if noise < NOISE:
        return steady
    smooth = cv2.bilateralFilter(steady, 0, NOISE_REACH * noise, SMOOTHING_PX)
    return np.where(hidden[..., None], np.asarray(smooth, np.float32), steady)


def _detail(values: F32) -> F32:
    """What changes from pixel to pixel."""
    return values - gaussian(values, 1.0)


def _deviation(values: F32, inside: Mask) -> float:
    """Standard deviation inside, by the median, so that a few edges do not count."""
    some = slice(None, None, SAMPLED)
    return 1.48 * float(np.median(np.abs(values[some, some][inside[some, some]])))


def _smooth_drift(difference: F32, sure: F32) -> F32:
    """The low-frequency part of ``difference`` where ``sure``, continued everywhere."""
    weight = gaussian(sure, BLUR_PX)
    smooth = gaussian(difference * spread(sure), BLUR_PX)
    return push_pull(divided(smooth, weight, 1e-3), np.minimum(weight * 4, 1))


def _eroded(sure: Mask) -> F32:
    """1 where the pixel and its eight neighbours are sure."""
    return np.asarray(cv2.erode(sure.astype(np.float32), np.ones((3, 3), np.uint8)), np.float32)


def _composites(layers: Sequence[CleanLayer]) -> list[F32]:
    """The colour of each part of the stack, from the opaque bottom alone to all but the front."""
    out = [layers[0].colour]
    for layer in layers[1:-1]:
        out.append(out[-1] + spread(layer.alpha) * (layer.colour - out[-1]))
    return out


def _peeled(target: F32, front: CleanLayer, below: F32) -> F32:
    """What ``target`` shows once ``front`` is taken off; ``below`` where it hides too much."""
    clear = spread(1 - front.alpha)
    bare = (target - (1 - clear) * front.colour) / np.maximum(clear, np.float32(0.05))
    trust = np.clip((clear - np.float32(0.25)) * 2, 0, 1)
    return np.asarray(np.clip(below + (bare - below) * trust, 0, 1), np.float32)
