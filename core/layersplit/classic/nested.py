"""Things on things: a panel with pictures on it, a figure before a sun.

Where a connected piece holds a large even place whose outline is that of a simple shape (a
rectangle, an ellipse), partly covered by the rest of the piece, the shape is a backdrop of its own:
it goes on behind what covers it. Other shapes are left alone, since a coat is not a backdrop of the
hand before it: it is the same figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.classic.masks import grown
from layersplit.classic.scene import Scene
from layersplit.classic.shapes import Shape, simple_shape
from layersplit.classic.zones import SMOOTH, Zones, distinct, slope, with_pockets
from layersplit.domain import F32, Mask

LEAST_AREA: Final = 0.05
"""Share of the picture from which a piece is looked into; with ``eager``, EAGER_AREA."""
EAGER_AREA: Final = 0.015
LEAST_ZONE: Final = 0.3
"""Share of the piece that the even place has at least."""
SAME: Final = 6.0
"""Lab distance up to which a pixel is of the colour that the even place has nearby."""
COVERED_PANEL: Final = 0.03
COVERED_ROUND: Final = 0.1
"""Share of a rectangle, of an ellipse, that other things cover at least: a highlight and a stalk
make no backdrop of an apple."""
OPEN_OUTLINE: Final = 0.5
"""Share of the shape's outline that lies at the outside of the piece at least."""
FRAME: Final = 0.025
"""Width of a frame around the shape, as a share of its size, that belongs to it."""
OVER: Final = 0.15
"""Share of a thing that covers the shape at least."""
FRAMED: Final = 0.75
"""Share of the ring around the shape that is part of the piece when there is a frame."""
RIM_PX: Final = 2.0
"""Half the width of what is taken for the antialiased rim of an edge."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Backdrop:
    """``shape``: (h, w), hidden parts included; ``before``: (h, w) what stands before it."""

    shape: Mask
    before: Mask


def find_backdrop(scene: Scene, piece: Mask, *, eager: bool) -> Backdrop | None:
    """Take ``piece`` (h, w), one thing, apart into a backdrop and what stands before it.

    ``eager``: look into small pieces too, because more layers were asked for.
    """
    limit = (EAGER_AREA if eager else LEAST_AREA) * piece.size
    rows, columns = np.flatnonzero(piece.any(1)), np.flatnonzero(piece.any(0))
    if not rows.size or int(piece.sum()) < limit:
        return None
    view = (
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )
    part = piece[view]
    zone = _largest_zone(scene.lab[view], part)
    if zone is None or int(zone.sum()) < LEAST_ZONE * int(part.sum()):
        return None
    found = simple_shape(zone, part)
    if found is None or not _is_backdrop(found, zone, part):
        return None
    shape = found.mask
    framed = _with_frame(shape, part)
    before = np.zeros_like(piece)
    before[view] = _of_substance(_without_rim((shape & part & ~zone) | (part & ~framed), shape))
    if not _stands_before(before[view], shape):
        return None
    backdrop = np.zeros_like(piece)
    backdrop[view] = framed
    return Backdrop(shape=backdrop, before=before)


def _is_backdrop(found: Shape, zone: Mask, part: Mask) -> bool:
    """Whether the shape is whole but for what covers it, and ends where the piece ends."""
    shape = found.mask
    covered = int(_of_substance(shape & part & ~zone).sum()) / max(int(shape.sum()), 1)
    least = COVERED_PANEL if found.is_panel else COVERED_ROUND
    is_whole = int((shape & part).sum()) > 0.96 * int(shape.sum())
    fits = is_whole and least < covered < 1 - LEAST_ZONE
    return fits and _open_share(shape, part, _frame_px(shape)) > OPEN_OUTLINE


def _frame_px(shape: Mask) -> int:
    """Width of the frame that a shape may have."""
    return max(3, round(FRAME * float(np.sqrt(shape.sum()))))


def _stands_before(before: Mask, shape: Mask) -> bool:
    """Whether everything beside the shape covers some of it: arms beside a body do not."""
    count, labels = cv2.connectedComponents(before.astype(np.uint8), connectivity=8)
    size = np.bincount(labels.ravel(), minlength=count)
    over = np.bincount(labels[shape], minlength=count)
    return count > 1 and bool((over[1:] > OVER * size[1:]).all())


def _largest_zone(lab: F32, part: Mask) -> Mask | None:
    """The largest even place of a piece, and what has its colour."""
    found = _zone_and_distance(lab, part)
    return None if found is None else found[0] & part


def _zone_and_distance(lab: F32, part: Mask) -> tuple[Mask, F32] | None:
    """The largest even place, and how far each pixel is from its colour, in Lab units."""
    even = ((slope(lab) < SMOOTH) & part).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    if count < 2:
        return None
    largest = np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))
    zones, away = with_pockets(lab, Zones(ground=largest, planes=()), SAME)
    return zones.ground, away


def strokes_on(scene: Scene, pieces: Mask) -> Mask:
    """What is drawn or written on the even places of large things, without antialiased rims.

    ``pieces``: (h, w), the things without their holes. Returns (h, w).
    """
    strokes = np.zeros_like(pieces)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pieces.astype(np.uint8))
    for index in range(1, len(stats)):
        x, y, w, h = (int(v) for v in stats[index, :4])
        view = (slice(y, y + h), slice(x, x + w))
        part = labels[view] == index
        found = _zone_and_distance(scene.lab[view], part)
        if found is None or int((found[0] & part).sum()) < LEAST_ZONE * int(part.sum()):
            continue
        strokes[view] |= part & ~found[0] & distinct(found[1])
    return strokes


def _of_substance(mask: Mask) -> Mask:
    """The pieces of a mask that are more than the rim of an edge."""
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    wanted = np.zeros(int(labels.max()) + 1, bool)
    wanted[labels[depth > RIM_PX]] = True
    wanted[0] = False
    return np.asarray(wanted[labels])


def _open_share(shape: Mask, part: Mask, width: int) -> float:
    """Share of the shape's outline near which the piece ends."""
    padded, outside = np.pad(shape, width + 3), ~np.pad(part, width + 3)
    outline = padded & ~(cv2.erode(padded.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    near = grown(outside, width + 2)
    return float((near & outline).sum()) / max(int(outline.sum()), 1)


def _with_frame(shape: Mask, part: Mask) -> Mask:
    """The shape with the frame around it, where there is one, and with its antialiased rim."""
    width = _frame_px(shape)
    ring = grown(shape, width) & ~grown(shape, 2)
    is_framed = ring.any() and float(part[ring].mean()) > FRAMED
    return np.asarray(grown(shape, width) & part if is_framed else shape)


def _without_rim(mask: Mask, shape: Mask) -> Mask:
    """The mask without the antialiased rim of the shape, which is no thing before it."""
    inner = cv2.erode(np.pad(shape, 1).astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1] > 0
    rim = grown(shape, 3) & ~inner
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
    return np.asarray(mask & ~(rim & ~thick))
