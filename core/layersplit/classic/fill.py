"""What a thing may look like where another one hides it.

Even surroundings go on smoothly. Textured ones go on as smooth light, continued likewise, and a
texture on it, copied from the surroundings: so a texture on a gradient needs no piece of the right
brightness, and the worst that can happen is the smooth continuation with a plausible grain.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.classic.periodic import periodic_fill
from layersplit.classic.smooth import gradient_fill, smooth_fill
from layersplit.classic.texture import texture_fill
from layersplit.domain import F32, Mask
from layersplit.run import Run

TEXTURED: Final = 1.6
"""Root mean square of fine detail (0..255) beside a hole from which the hole gets texture too."""
BESIDE_PX: Final = 14
LEAST_TEXTURED_PX: Final = 60
LIGHT: Final = 0.05
"""Width of the blur that separates light from texture, as a share of the longer side."""


def fill(values: F32, hole: Mask, run: Run, where: Mask | None = None) -> F32:
    """Continue ``values`` (h, w, 3) f32 0..255 into ``hole`` (h, w).

    ``where``: the part of the hole that will be seen when something is moved away; the rest only
    lies beside an edge and needs a colour, no more. None: all of it.
    """
    run.check()
    if where is None:
        gradient = gradient_fill(values, hole)
        if gradient is not None:
            return gradient
    smooth = smooth_fill(values, hole)
    seen = hole if where is None else where
    if hole.all() or int(seen.sum()) < LEAST_TEXTURED_PX or not _is_textured(values, hole, seen):
        return smooth
    light = _light(values, hole)
    texture, missing = periodic_fill(values - light, hole) or (values - light, hole)
    if missing.any():
        texture = texture_fill(texture, missing, run)
    return np.where(hole[..., None], light + texture, values).astype(np.float32)


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


def _light(values: F32, hole: Mask) -> F32:
    """The slow changes of what is known, continued into the hole: (h, w, 3)."""
    known = (~hole).astype(np.float32)
    width = max(2.0, LIGHT * max(hole.shape))
    step = max(1, int(width / 4))
    size = (max(1, hole.shape[1] // step), max(1, hole.shape[0] // step))
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * known[..., None], size, interpolation=cv2.INTER_AREA)
    weight = cv2.GaussianBlur(weight, (0, 0), width / step)
    total = cv2.GaussianBlur(total, (0, 0), width / step).reshape(size[1], size[0], -1)
    coarse = total / np.maximum(weight, 1e-6)[..., None]
    coarse = smooth_fill(np.asarray(coarse, np.float32), np.asarray(weight < 0.02))
    full = cv2.resize(coarse, hole.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(full, np.float32).reshape(values.shape)
