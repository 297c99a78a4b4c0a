"""Cut along colour edges: iterated graph cuts over colour models, coarse first, then fine.

Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004. The coarse cut decides what belongs to the
subject; the fine one only decides where exactly its edge runs, in a band around the coarse edge,
so that its graph stays small.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.domain import U8, Mask

COARSE_AREA_PX: Final = 220 * 220
FINE_AREA_PX: Final = 480 * 480
ITERATIONS: Final = 3
BAND: Final = 0.03
"""Half the width of the band, as a share of the fine picture's longer side."""
SMALLEST: Final = 0.02
"""Islands smaller than this share of the largest one are noise."""
GRAIN: Final = 2
"""Levels (of 255) of noise that break ties."""
LEAST_SAMPLES: Final = 12
"""GrabCut's models have five colours a side; with fewer pixels there is nothing to learn."""


def cut(rgb: U8, trimap: U8) -> Mask:
    """The subject, (h, w).

    ``rgb``: (h, w, 3) u8; ``trimap``: (h, w) u8 of OpenCV's four GC_ classes. Cleaned of islands;
    the probable classes decide where there is too little to learn from. Deterministic.
    """
    coarse = _cut_at(rgb, trimap, COARSE_AREA_PX, ITERATIONS)
    scale = _scale(rgb, FINE_AREA_PX)
    if rgb.shape[0] * rgb.shape[1] <= COARSE_AREA_PX or not coarse.any() or coarse.all():
        return without_islands(coarse, keep=trimap == cv2.GC_FGD)
    reach = max(2, round(BAND * max(rgb.shape[:2]) * scale))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    whole = _resized(coarse.astype(np.uint8), scale)
    inner, outer = cv2.erode(whole, kernel), cv2.dilate(whole, kernel)
    classes = _resized(trimap, scale)
    fine = np.where(whole > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    fine[(inner > 0) | (classes == cv2.GC_FGD)] = cv2.GC_FGD
    fine[(outer == 0) | (classes == cv2.GC_BGD)] = cv2.GC_BGD
    small = cv2.resize(rgb, whole.shape[::-1], interpolation=cv2.INTER_AREA)
    found = _grabbed(np.asarray(small, np.uint8), fine, 1)
    size = (rgb.shape[1], rgb.shape[0])
    full = cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    return without_islands(np.asarray(full), keep=trimap == cv2.GC_FGD)


def _scale(rgb: U8, area_px: int) -> float:
    return min(1.0, float((area_px / (rgb.shape[0] * rgb.shape[1])) ** 0.5))


def _resized(classes: U8, scale: float) -> U8:
    """Classes at another size, none mixed."""
    size = (max(1, round(classes.shape[1] * scale)), max(1, round(classes.shape[0] * scale)))
    return np.asarray(cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _cut_at(rgb: U8, trimap: U8, area_px: int, iterations: int) -> Mask:
    """The cut at a smaller size, brought back."""
    classes = _resized(trimap, _scale(rgb, area_px))
    small = cv2.resize(rgb, classes.shape[::-1], interpolation=cv2.INTER_AREA)
    found = _grabbed(np.asarray(small, np.uint8), classes, iterations)
    size = (rgb.shape[1], rgb.shape[0])
    return np.asarray(
        cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    )


def _grabbed(rgb: U8, classes: U8, iterations: int) -> Mask:
    """OpenCV's GrabCut on copies; the classes as they are where it cannot learn."""
    guess = np.asarray((classes == cv2.GC_FGD) | (classes == cv2.GC_PR_FGD))
    if min(int(guess.sum()), int((~guess).sum())) < LEAST_SAMPLES:
        return guess
    result = classes.copy()
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    # where all pixels are equal there are countless equal cuts, and looking through them takes
    # seconds: a grain that nobody sees decides
    grain = np.random.default_rng(1).integers(-GRAIN, GRAIN + 1, rgb.shape)
    picture = np.clip(rgb[..., ::-1] + grain, 0, 255).astype(np.uint8)
    cv2.grabCut(picture, result, (0, 0, 1, 1), behind, before, iterations, cv2.GC_INIT_WITH_MASK)
    return np.asarray((result == cv2.GC_FGD) | (result == cv2.GC_PR_FGD))


def without_islands(mask: Mask, keep: Mask | None = None) -> Mask:
    """Only the parts of substance, and those that touch ``keep``."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 3:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    wanted = areas > SMALLEST * areas.max()
    if keep is not None:
        wanted[np.unique(labels[keep])] = True
    wanted[0] = False
    return np.asarray(wanted[labels])
