"""Grain (film, paper, sensor noise) is no edge: things are looked for in a picture without it.

The strength is Immerkaer's estimate ("Fast Noise Variance Estimation", CVIU 1996) with a median in
place of the mean, which edges do not move. The bilateral filter (Tomasi and Manduchi, "Bilateral
Filtering for Gray and Color Images", ICCV 1998) then takes away what is not stronger than that.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.classic.scene import Scene
from layersplit.domain import F32, U8, Mask

LEAST: Final = 1.2
"""Standard deviation (0..255) from which grain disturbs the search for edges."""
LEFT: Final = 0.3
"""Share of the grain that calming may leave."""
PASSES: Final = 2
WIDTH_PX: Final = 5
REACH_PX: Final = 2.0
DEVIATIONS: Final = 6.0
"""Colour distance, in deviations of the grain, over which the filter averages."""
MOVES: Final = ((5, 7), (7, 3), (3, 2), (2, 9), (9, 5), (6, 0), (0, 6), (1, 11))
"""Where grain for a hole is taken from, in twelfths of the sides."""
_DIFFERENCE: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_MEDIAN_OF_NORMAL: Final = 0.6745
_GAIN: Final = 6.0
"""Deviation of what the difference makes of noise of deviation 1."""


def grain_of(rgb: U8) -> float:
    """Standard deviation (0..255) of the grain of ``rgb`` (h, w, 3)."""
    response = cv2.filter2D(rgb, cv2.CV_32F, _DIFFERENCE)
    return float(np.median(np.abs(response))) / _MEDIAN_OF_NORMAL / _GAIN


def calmed(rgb: U8, grain: float) -> U8:
    """``rgb`` (h, w, 3) as it would be without its ``grain``; itself when that is little."""
    if grain < LEAST:
        return rgb
    for _ in range(PASSES):
        rgb = np.asarray(cv2.bilateralFilter(rgb, WIDTH_PX, DEVIATIONS * grain, REACH_PX), np.uint8)
    return rgb


def without_grain(scene: Scene) -> Scene:
    """``scene`` as it would be without grain; itself when there is little."""
    calm = calmed(scene.rgb, grain_of(scene.rgb))
    return scene if calm is scene.rgb else scene.with_rgb(calm)


def grained(filled: F32, grain: F32, hole: Mask) -> F32:
    """``filled`` (h, w, c) with grain in its ``hole`` (h, w) too: that of other places, moved.

    ``grain``: (h, w, c), what the calmed picture lacks, known outside the hole.
    """
    result = filled.copy()
    missing = hole
    height, width = hole.shape
    for across, down in MOVES:
        move = (height * down // 12, width * across // 12)
        here = missing & ~np.roll(hole, move, (0, 1))
        result[here] += np.roll(grain, move, (0, 1))[here]
        missing = missing & ~here
    return np.clip(result, 0, 255)
