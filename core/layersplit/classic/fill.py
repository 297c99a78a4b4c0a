"""What a thing may look like where another one hides it.

Even surroundings go on smoothly. A texture on a simple light (paper, cloth under a lamp) goes on as
that light and a texture on it, so that no piece of the right brightness is needed. Everything else
is continued by pieces of the surroundings as they are.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.classic.gradient import GRADIENT, gradient_fill, polynomial_terms
from layersplit.classic.grain import LEFT, calmed, grain_of, grained
from layersplit.classic.masks import grown
from layersplit.classic.periodic import periodic_fill
from layersplit.classic.smooth import smooth_fill
from layersplit.classic.texture import texture_fill
from layersplit.domain import F32, Mask
from layersplit.run import Run

TEXTURED: Final = 1.6
"""Root mean square of fine detail (0..255) beside a hole from which the hole gets texture too."""
BESIDE_PX: Final = 14
LEAST_TEXTURED_PX: Final = 60
SIMPLE_LIGHT: Final = 6.0
"""Root mean square (0..255) up to which slow changes are a light and not things."""
LIGHT: Final = 0.05
"""Width of the blur that separates light from texture, as a share of the longer side."""


def fill(values: F32, hole: Mask, run: Run, where: Mask | None = None) -> F32:
    """Continue ``values`` (h, w, 3) f32 0..255 into ``hole`` (h, w).

    ``where``: the part of the hole that will be seen when something is moved away; the rest only
    lies beside an edge and needs a colour, no more. None: all of it.
    """
    run.check()
    if where is None:
        gradient = _gradient(values, hole)
        if gradient is not None:
            return gradient
    smooth = smooth_fill(values, hole)
    seen = hole if where is None else grown(where, 2) & hole
    if hole.all() or int(seen.sum()) < LEAST_TEXTURED_PX or not _is_textured(values, hole, seen):
        return smooth
    light = _light(values, hole, seen)
    texture, missing = periodic_fill(values - light, hole) or (smooth - light, hole)
    missing = missing & seen
    if missing.any():
        texture = texture_fill(texture, missing, run, unusable=hole)
    return np.where(hole[..., None], light + texture, values).astype(np.float32)


def _gradient(values: F32, hole: Mask) -> F32 | None:
    """The fill when what is known is a gradient, grain or not; else None."""
    rgb = np.rint(values).astype(np.uint8)
    grain = grain_of(rgb)
    calm = calmed(rgb, grain).astype(np.float32)
    filled = gradient_fill(calm, hole, GRADIENT + LEFT * grain)
    if filled is None:
        return None
    return grained(np.where(hole[..., None], filled, values), values - calm, hole)


def _is_textured(values: F32, hole: Mask, seen: Mask) -> bool:
    """Whether the known places beside the hole have fine detail."""
    kernel = np.ones((2 * BESIDE_PX + 1, 2 * BESIDE_PX + 1), np.uint8)
    beside = (cv2.dilate(seen.astype(np.uint8), kernel) > 0) & ~hole
    if int(beside.sum()) < LEAST_TEXTURED_PX:
        return False
    grey = values.mean(axis=2)
    known = (~hole).astype(np.float32)
    blurred = cv2.GaussianBlur(grey * known, (0, 0), 2) / np.maximum(
        cv2.GaussianBlur(known, (0, 0), 2), 1e-3
    )
    return float(np.sqrt(np.square(grey - blurred)[beside].mean())) > TEXTURED


def _light(values: F32, hole: Mask, seen: Mask) -> F32:
    """The light on a texture, continued into the hole: (h, w, 3).

    The slow changes of what is known when they are simple near the hole, else their mean: then
    there is more than light.
    """
    known = (~hole).astype(np.float32)
    width = max(2.0, LIGHT * max(hole.shape))
    step = max(1, int(width / 4))
    size = (max(1, hole.shape[1] // step), max(1, hole.shape[0] // step))
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * known[..., None], size, interpolation=cv2.INTER_AREA)
    weight = cv2.GaussianBlur(weight, (0, 0), width / step)
    total = cv2.GaussianBlur(total, (0, 0), width / step).reshape(size[1], size[0], -1)
    coarse = (total / np.maximum(weight, 1e-6)[..., None]).astype(np.float32)
    unknown = np.asarray(weight < 0.5)
    near = cv2.resize(seen.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    beside = cv2.dilate(near.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if unknown.all() or _unevenness(coarse, beside & ~unknown) > SIMPLE_LIGHT:
        return np.broadcast_to(values[~hole].mean(0), values.shape).astype(np.float32)
    full = cv2.resize(smooth_fill(coarse, unknown), hole.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(full, np.float32).reshape(values.shape)


def _unevenness(light: F32, where: Mask) -> float:
    """Root mean square (0..255) of what a quadratic gradient does not explain."""
    if int(where.sum()) < 12:
        return 0.0
    terms = polynomial_terms(np.nonzero(where), where.shape, 2)
    factors, *_ = np.linalg.lstsq(terms, light[where], rcond=None)
    return float(np.sqrt(np.square(terms @ factors - light[where]).mean()))
