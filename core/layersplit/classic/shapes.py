"""The simple shape that a visible part belongs to: a rectangle or an ellipse, partly covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import Mask

SIMPLE: Final = 0.965
"""IoU with a rectangle or an ellipse from which an outline is a simple shape."""
OFF_ELLIPSE: Final = 0.012
"""Share of the size that nine tenths of an outline may be off an ellipse at most."""
LEAST_SIDE_PX: Final = 8
LEAST_POINTS: Final = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """``mask``: (h, w), covered parts included."""

    mask: Mask
    is_panel: bool
    """A rectangle, its corners sharp or round; else an ellipse."""


def simple_shape(visible: Mask, part: Mask) -> Shape | None:
    """The shape of which ``visible`` (h, w) is what ``part``, the whole thing, leaves to be seen.

    Only the outline where the thing ends is the shape's own; elsewhere something covers it.
    """
    outline = _own_outline(visible, part)
    if len(outline) < LEAST_POINTS:
        return None
    hull = cv2.convexHull(outline)
    convex = _drawn(visible.shape, hull)
    frame = cv2.minAreaRect(hull)
    if min(frame[1]) < LEAST_SIDE_PX:
        return None
    area = int(convex.sum())
    if area > SIMPLE * int(_drawn(visible.shape, cv2.boxPoints(frame)).sum()):
        return Shape(mask=convex, is_panel=True)
    edge, whole = _ellipse(visible.shape, outline)
    off = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 3)
    away = off[outline[:, 1], outline[:, 0]]
    allowed_px = max(2.0, OFF_ELLIPSE * max(frame[1]))
    inside = int((visible & whole).sum()) > 0.98 * int(visible.sum())
    filled = int((part & whole).sum()) > SIMPLE * int(whole.sum())
    if float(np.percentile(away, 90)) < allowed_px and inside and filled:
        return Shape(mask=whole, is_panel=False)
    return None


def _ellipse(shape: tuple[int, ...], outline: npt.NDArray[np.int32]) -> tuple[Mask, Mask]:
    """The edge and the whole of the ellipse through the outline's pixels."""
    fitted = cv2.fitEllipseDirect(outline.astype(np.float32))
    edge, whole = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    if not np.isfinite([*fitted[0], *fitted[1], fitted[2]]).all() or min(fitted[1]) < 1:
        return edge > 0, whole > 0
    cv2.ellipse(edge, fitted, 1, 1)
    cv2.ellipse(whole, fitted, 1, -1)
    return edge > 0, whole > 0


def _drawn(shape: tuple[int, ...], corners: npt.NDArray[np.float32]) -> Mask:
    drawn = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(corners).astype(np.int32), 1)
    return np.asarray(drawn > 0)


def _own_outline(visible: Mask, part: Mask) -> npt.NDArray[np.int32]:
    """Outline pixels of the visible part beside which the thing ends, (n, 2) x, y."""
    seen = np.pad(visible, 3).astype(np.uint8)
    outside = np.pad(~part, 3, constant_values=True).astype(np.uint8)
    ring = seen - cv2.erode(seen, np.ones((3, 3), np.uint8))
    near = cv2.dilate(outside, np.ones((7, 7), np.uint8))
    rows, columns = np.nonzero(ring & near)
    return np.stack([columns - 3, rows - 3], axis=1).astype(np.int32)
