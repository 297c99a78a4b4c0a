"""Where is the background? Smooth places that reach the border, and pockets of the same colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.checks.subject import cut
from layersplit.classic.scene import Scene
from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask

SMOOTH: Final = 2.2
"""Lab units a pixel: more is an edge or texture. Gradients of posters are below 1."""
LEAST_BORDER: Final = 0.04
"""Share of the picture's border that a smooth place must touch to be background."""
LEAST_AREA: Final = 0.02
SAME: Final = 7.0
"""Lab distance up to which a pixel is of the colour that the background has nearby."""
FLAT_ENOUGH: Final = 0.12
"""Share of the picture from which the smooth background is believed."""
CUT_AREA_PX: Final = 400 * 400


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """``figure``: (h, w) what is not background; ``confidence``: 0..1; ``is_smooth``: how it was
    found, by an even ground (sharp, trustworthy) or by colour models alone.
    """

    figure: Mask
    confidence: float
    is_smooth: bool


def find_ground(scene: Scene) -> Ground:
    """Separate the background from what stands before it."""
    smooth = _smooth_ground(scene)
    share = float(smooth.mean())
    if share >= FLAT_ENOUGH:
        ground = _with_pockets(scene, smooth)
        return Ground(
            figure=~ground & scene.solid, confidence=min(1.0, 0.5 + share), is_smooth=True
        )
    return Ground(figure=_by_colour(scene) & scene.solid, confidence=0.2, is_smooth=False)


def _smooth_ground(scene: Scene) -> Mask:
    """Border-connected places without edges, (h, w)."""
    lab = scene.lab
    across = np.abs(cv2.Scharr(lab, cv2.CV_32F, 1, 0)).max(-1) / 32
    down = np.abs(cv2.Scharr(lab, cv2.CV_32F, 0, 1)).max(-1) / 32
    even = (np.hypot(across, down) < SMOOTH) | ~scene.solid
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        even.astype(np.uint8), connectivity=4
    )
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.bincount(edge, minlength=count) / edge.size
    area = stats[:, cv2.CC_STAT_AREA]
    wanted = (touching > LEAST_BORDER) & (area > LEAST_AREA * labels.size)
    wanted[0] = False
    return np.asarray(wanted[labels])


def _with_pockets(scene: Scene, ground: Mask) -> Mask:
    """Add enclosed places whose colour is that of the background near them (between arms)."""
    continued = smooth_fill(scene.lab, ~ground)
    alike = np.linalg.norm(scene.lab - continued, axis=-1) < SAME
    pockets = cv2.morphologyEx(
        (alike & ~ground).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pockets)
    wanted = stats[:, cv2.CC_STAT_AREA] > 15
    wanted[0] = False
    return np.asarray(ground | wanted[labels])


def _by_colour(scene: Scene) -> Mask:
    """Colour models of border and middle, where nothing is smooth."""
    small = scene.reduced(CUT_AREA_PX)
    height, width = small.shape
    trimap = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    inset_y, inset_x = round(0.15 * height), round(0.15 * width)
    trimap[inset_y : height - inset_y, inset_x : width - inset_x] = cv2.GC_PR_FGD
    trimap[[0, -1]] = cv2.GC_BGD
    trimap[:, [0, -1]] = cv2.GC_BGD
    found: F32 = cut(small.rgb, trimap).astype(np.float32)
    size = (scene.shape[1], scene.shape[0])
    return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_LINEAR) > 0.5)
