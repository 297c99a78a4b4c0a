"""How far restored layers are from the true ones.

All stacks are lists of (h, w, 4) u8 straight layers of the picture's size, bottom first, prediction
and truth in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

U8: TypeAlias = npt.NDArray[np.uint8]
F32: TypeAlias = npt.NDArray[np.float32]
FULL = np.float32(255)


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Means over the layers above the bottom, where there is something to measure.

    ``band``: alpha error in sharp transition bands, of 255, weighted by visibility. ``soft``: the
    same where the true alpha changes slowly. ``iou``: soft intersection over union of alpha.
    ``visible``: colour error of 255 where layers show, bottom included. ``hidden``: the same where
    they do not. ``seam``: mean step across old outlines in the hidden parts of the bottom, of 255.
    """

    band: float
    soft: float
    iou: float
    visible: float
    hidden: float
    seam: float


def fidelity(predicted: list[U8], truth: list[U8], scale: float) -> Fidelity:
    """Compare; ``scale`` is the side of a small pixel, which sets the width of the bands."""
    through = np.ones(truth[0].shape[:2], np.float32)
    bands, softs, ious = [], [], []
    visible, hidden = np.zeros(2), np.zeros(2)
    for ours, true in zip(reversed(predicted), reversed(truth), strict=True):
        alpha, true_alpha = ours[..., 3] / FULL, true[..., 3] / FULL
        wrong = np.abs(ours[..., :3].astype(np.float32) - true[..., :3]).mean(axis=-1)
        shows = through * true_alpha
        visible += (float((wrong * shows).sum()), float(shows.sum()))
        covered = (true_alpha > 0.98) & (through < 0.02) & (alpha > 0.5)
        hidden += (float(wrong[covered].sum()), float(covered.sum()))
        if true is not truth[0]:
            sharp, slow = _transitions(true_alpha, scale)
            error = np.abs(alpha - true_alpha) * 255
            bands.append(_weighted(error, through * sharp))
            softs.append(_weighted(error, through * slow))
            ious.append(soft_iou(alpha, true_alpha))
        through = through * (1 - true_alpha)
    return Fidelity(
        band=_mean(bands),
        soft=_mean(softs),
        iou=float(np.mean(ious)),
        visible=visible[0] / max(1.0, visible[1]),
        hidden=hidden[0] / max(1.0, hidden[1]),
        seam=seam_step(predicted[0], truth, scale),
    )


def soft_iou(first: F32, second: F32) -> float:
    """Sum of minima over sum of maxima; 0 when both are empty."""
    union = float(np.maximum(first, second).sum())
    return float(np.minimum(first, second).sum()) / union if union > 0 else 0.0


def _transitions(alpha: F32, scale: float) -> tuple[F32, F32]:
    """Where alpha changes fast (within a small pixel of an edge), and where it changes slowly."""
    near = np.ones((3, 3), np.uint8)
    local = cv2.dilate(alpha, near) - cv2.erode(alpha, near)
    side = 2 * max(1, round(scale)) + 1
    sharp = cv2.dilate((local > 0.12).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    fractional = (alpha > 0.01) & (alpha < 0.99) & ~sharp
    return sharp.astype(np.float32), fractional.astype(np.float32)


def _weighted(values: F32, weights: F32) -> float | None:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 50 else None


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def seam_step(bottom: U8, truth: list[U8], scale: float) -> float:
    """Mean step of the bottom's colour error from outside an old outline to inside, of 255."""
    cover = np.max([layer[..., 3] for layer in truth[1:]], axis=0)
    error = bottom[..., :3].astype(np.float32) - truth[0][..., :3]
    side = 2 * max(2, round(2 * scale)) + 1
    means, weights = [], []
    for region in (cover >= 255, cover == 0):
        weight = region.astype(np.float32)
        weights.append(cv2.blur(weight, (side, side)))
        summed = cv2.blur(error * weight[..., None], (side, side))
        means.append(summed / np.maximum(weights[-1], 1e-6)[..., None])
    outline = (weights[0] > 0.25) & (weights[1] > 0.25)
    if not outline.any():
        return float("nan")
    return float(np.abs(means[0] - means[1]).mean(axis=-1)[outline].mean())


def composite_error(predicted: list[U8], picture: U8) -> tuple[int, int, float]:
    """Greatest difference to ``picture`` in Krita's and in floating point arithmetic, and PSNR.

    Written apart from the product's own emulation, so that one checks the other.
    """
    each = predicted[0][..., :3].astype(np.float32)
    once = predicted[0][..., :3].astype(np.float64)
    for layer in predicted[1:]:
        share = layer[..., 3:].astype(np.float32) * np.float32(1 / 255)
        each = np.rint(share * (layer[..., :3].astype(np.float32) - each) + each)
        once += (layer[..., :3] - once) * (layer[..., 3:] / 255.0)
    goal = picture[..., :3].astype(np.float64)
    square = float(np.mean((np.rint(once) - goal) ** 2))
    psnr = float("inf") if square == 0 else 10 * float(np.log10(255**2 / square))
    return int(np.abs(each - goal).max()), int(np.abs(np.rint(once) - goal).max()), psnr
