"""Even places that reach the border, and which of them lie behind everything.

A poster's ground is the place without edges that most of the border shows. Further even places at
the border are its continuation behind something (same colour), a plane of their own (a floor or a
sky spans a whole side, a range of hills goes from the left side to the right one), or a part of a
figure that is cut off by the border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.hills import find_hills, height_of
from layersplit.classic.scene import Scene
from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask

SMOOTH: Final = 2.2
"""Lab units a pixel: more is an edge or texture. Gradients of posters are below 1."""
LEAST_BORDER: Final = 0.015
LEAST_AREA: Final = 0.004
"""Shares of border and area from which an even place at the border is looked at."""
LOW: Final = 0.4
"""What a piece of the border's lower half counts when the ground is sought."""
CONTINUES: Final = 9.0
"""Lab distance up to which a place is what the ground would look like there."""
SPANS: Final = 0.92
"""Share of a side that a plane of its own covers."""
PIECE: Final = 0.001
"""Share of the picture from which an even place may be a piece of a range of hills."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Zones:
    """``ground``: (h, w), behind everything. ``planes``: further masks, rear to front.

    What lies lower in the picture is nearer, so of two planes the lower one is in front.
    """

    ground: Mask
    planes: tuple[Mask, ...]


def slope(lab: F32) -> F32:
    """Steepest change of any channel, in Lab units a pixel: (h, w) f32."""
    across = np.abs(cv2.Scharr(lab, cv2.CV_32F, 1, 0)).max(-1) / 32
    down = np.abs(cv2.Scharr(lab, cv2.CV_32F, 0, 1)).max(-1) / 32
    return np.asarray(cv2.magnitude(across, down), np.float32)


def find_zones(scene: Scene, smooth: float = SMOOTH) -> Zones | None:
    """The even ground and planes of ``scene``; None when nothing even reaches the border."""
    even = slope(scene.lab) < smooth
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        even.astype(np.uint8), connectivity=4
    )
    sides = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    touch = np.stack([np.bincount(side, minlength=count) for side in sides])
    lengths = np.array([side.size for side in sides])
    share = touch.sum(0) / lengths.sum()
    area = stats[:, cv2.CC_STAT_AREA] / labels.size
    candidates = np.flatnonzero((share > LEAST_BORDER) & (area > LEAST_AREA))
    candidates = candidates[candidates != 0]
    if not candidates.size:
        return None
    behind = _upper_share(labels, count)
    first = int(max(candidates, key=lambda i: (behind[i] + area[i], -i)))
    ground = labels == first
    continued = smooth_fill(scene.lab, ~ground)
    planes: list[Mask] = []
    others: list[Mask] = []
    for index in np.argsort(-area, kind="stable"):
        if index in {0, first} or area[index] < PIECE:
            continue
        zone = labels == index
        reaches = index in candidates
        if reaches and _distance(scene.lab, continued, zone) < CONTINUES:
            ground |= zone
        elif reaches and float((touch[:, index] / lengths).max()) > SPANS:
            planes.append(zone)
        else:
            others.append(zone)
    planes += find_hills(scene.lab, others, planes)
    return Zones(ground=ground, planes=tuple(sorted(planes, key=height_of)))


def _upper_share(labels: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.float64]:
    """Share of the border that each zone has; what is low counts less, for it is nearer."""
    half = labels.shape[0] // 2
    upper = (labels[0], labels[:half, 0], labels[:half, -1])
    lower = (labels[-1], labels[half:, 0], labels[half:, -1])
    high, low = (np.bincount(np.concatenate(part), minlength=count) for part in (upper, lower))
    whole = high.sum() + LOW * low.sum()
    return np.asarray((high + LOW * low) / whole)


def _distance(lab: F32, continued: F32, zone: Mask) -> float:
    return float(np.median(np.linalg.norm(lab[zone] - continued[zone], axis=1)))


def with_pockets(lab: F32, zones: Zones, same: float) -> tuple[Zones, F32]:
    """``zones`` with what has their colour: their rims up to the edges, and enclosed pockets.

    Returns the zones and the distance of every pixel from what would go on there, ground or plane:
    letters on a plane differ from the plane, not from the ground.
    """
    parts = (zones.ground, *zones.planes)
    known = np.any(parts, axis=0)
    continued = smooth_fill(lab, ~known)
    away = np.linalg.norm(lab - continued, axis=-1).astype(np.float32)
    alike = away < same
    beside = cv2.dilate(known.astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
    pockets = cv2.morphologyEx(
        (alike & ~known).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    more = (pockets > 0) | (alike & beside & ~known)
    nearest = nearest_of(parts)
    ground, *planes = ((part | (more & (nearest == at))) for at, part in enumerate(parts))
    return Zones(ground=ground, planes=tuple(planes)), away


def distinct(away: F32) -> Mask:
    """Pixels that are nearly as far from what lies below as their surroundings are: (h, w).

    Antialiased rims, which make small letters touch each other, are not. ``away``: (h, w) f32.
    """
    most = cv2.dilate(away, np.ones((5, 5), np.uint8))
    return np.asarray(away > 0.45 * most)


def nearest_of(masks: Sequence[Mask]) -> npt.NDArray[np.intp]:
    """For each pixel the index of the mask that is nearest to it; later masks win inside both.

    ``masks``: (h, w) each, at least one pixel set in all of them together.
    """
    inside = np.full(masks[0].shape, -1, np.intp)
    for at, mask in enumerate(masks):
        inside[mask] = at
    _, labels = cv2.distanceTransformWithLabels(
        (inside < 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = inside >= 0
    of_label = np.zeros(int(labels.max()) + 1, np.intp)
    of_label[labels[known]] = inside[known]
    return np.asarray(of_label[labels], np.intp)
