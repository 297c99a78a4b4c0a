"""From masks to layers: soft edges, and what lies behind each mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, U8, Mask, ModelLayer
from layersplit.run import Run

BAND_PX: Final = 2
"""How far around a mask's outline its edge pixels lie."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutout:
    """One thing to lift off: ``mask`` (h, w), the name that its layer gets, its confidence."""

    mask: Mask
    name: str | None
    confidence: float


def stacked(
    rgb: U8, cutouts: Sequence[Cutout], ground_confidence: float, run: Run
) -> tuple[ModelLayer, ...]:
    """Layers of ``rgb`` (h, w, 3) u8, bottom first; ``cutouts`` bottom first, without background.

    From the front to the back, each thing is lifted off and the hole behind it is filled before the
    next one is looked at.
    """
    current = rgb.astype(np.float32)
    front: list[ModelLayer] = []
    for cutout in reversed(cutouts):
        run.check()
        hole = _grown(cutout.mask, BAND_PX)
        behind = smooth_fill(current, hole)
        alpha = soft_edge(current, behind, cutout.mask)
        sure = (alpha > 0.98) & (cv2.erode(cutout.mask.astype(np.uint8), _SQUARE) > 0)
        own = smooth_fill(current, ~sure) if sure.any() else current
        front.append(_layer(own, alpha, cutout.name, cutout.confidence))
        current = behind
    ground = _layer(
        current, np.ones(current.shape[:2], np.float32), "background", ground_confidence
    )
    return (ground, *reversed(front))


_SQUARE: Final = np.ones((3, 3), np.uint8)


def _grown(mask: Mask, radius: int) -> Mask:
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def soft_edge(values: F32, behind: F32, mask: Mask) -> F32:
    """Coverage of the mask's edge pixels: how far each is from what lies behind, (h, w) f32 0..1.

    A pixel of the edge is a mixture of the thing and of its ground; the pixel nearby that differs
    most from the ground is the thing itself. ``values``, ``behind``: (h, w, 3) f32 0..255.
    """
    near = _grown(mask, BAND_PX)
    core = cv2.erode(mask.astype(np.uint8), _SQUARE) > 0
    away = np.linalg.norm(values - behind, axis=-1).astype(np.float32)
    away[~near] = 0
    most = cv2.dilate(np.where(mask, away, 0), np.ones((5, 5), np.uint8))
    alpha = np.where(most > 8, away / np.maximum(most, 1e-3), mask)
    alpha = np.where(near, np.where(core, 1, alpha), 0)
    return np.asarray(np.clip(alpha, 0, 1), np.float32)


def _layer(values: F32, alpha: F32, name: str | None, confidence: float) -> ModelLayer:
    pixels = np.dstack([np.clip(values, 0, 255), alpha * 255])
    return ModelLayer(pixels=np.rint(pixels).astype(np.uint8), name=name, confidence=confidence)
