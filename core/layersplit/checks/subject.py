"""The matte of what the user pointed at: boxes, points, a rough mask.

Iterated graph cuts over colour models (Rother, Kolmogorov and Blake, "GrabCut", 2004), run on the
surroundings of the hint only, so that a small object in a large picture gets its full resolution
and the colours of far places do not blur the models. The hint's own outline never becomes an edge:
a box says where the object cannot be, not what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, Extent, Hints, Mask

AREA_PX: Final = 400 * 400
CONTEXT: Final = 0.4
"""Share of the hint's side that is looked at around it."""
ITERATIONS: Final = 5
SMALLEST: Final = 0.02
"""Islands smaller than this share of the largest one are noise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Marks:
    """One object's hint in the pixels of the small picture. ``inside``: where it may be."""

    inside: Mask
    sure: Mask
    sure_not: Mask


def subject_mattes(picture_small: U8, hints: Hints, extent: Extent) -> tuple[F32, ...]:
    """One matte (h, w) f32 in 0..1 for each object that the hints describe, front-most last.

    ``picture_small``: (h, w, 4) u8, straight alpha. ``hints``: in pixels of the full picture, whose
    size is ``extent``. Each box is one object; the mask is one; points belong to the box or mask
    that they lie in, and are one object together when there is neither. No hint: no matte.
    """
    return tuple(_matte(picture_small, marks) for marks in _objects(picture_small, hints, extent))


def _objects(picture: U8, hints: Hints, extent: Extent) -> list[_Marks]:
    """The hints as one set of marks for each object."""
    height, width = picture.shape[:2]
    x_scale, y_scale = width / extent.width, height / extent.height
    regions: list[Mask] = []
    for box in hints.boxes:
        region = np.zeros((height, width), bool)
        top, left = int(box.y * y_scale), int(box.x * x_scale)
        bottom = max(top + 1, round(box.bottom * y_scale))
        right = max(left + 1, round(box.right * x_scale))
        region[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
        regions.append(region)
    if hints.mask is not None:
        rough = hints.mask.astype(np.float32)
        small = cv2.resize(rough, (width, height), interpolation=cv2.INTER_AREA)
        regions.insert(0, np.asarray(small > 96))
    radius = max(1, round(0.006 * max(height, width)))
    inside, outside = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    for point in hints.points:
        centre = (int((point.x + 0.5) * x_scale), int((point.y + 0.5) * y_scale))
        cv2.circle(inside if point.foreground else outside, centre, radius, 1, -1)
    yes, no = inside > 0, outside > 0
    if not regions and yes.any():
        regions.append(np.ones((height, width), bool))
    return [_Marks(inside=one, sure=yes & one, sure_not=no) for one in regions if one.any()]


def _matte(picture: U8, marks: _Marks) -> F32:
    """Cut one object out of its surroundings."""
    height, width = marks.inside.shape
    rows, columns = np.flatnonzero(marks.inside.any(1)), np.flatnonzero(marks.inside.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    margin = max(8, round(CONTEXT * max(bottom - top, right - left)))
    view = (
        slice(max(0, top - margin), min(height, bottom + margin)),
        slice(max(0, left - margin), min(width, right + margin)),
    )
    part = picture[view]
    scale = min(1.0, (AREA_PX / (part.shape[0] * part.shape[1])) ** 0.5)
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    rgb = cv2.resize(np.ascontiguousarray(part[..., :3]), size, interpolation=cv2.INTER_AREA)
    trimap = _trimap(marks, view, size)
    cut_out = cut(rgb, trimap)
    if not cut_out.any():
        cut_out = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    fine = cv2.resize(cut_out.astype(np.float32), part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    matte = np.zeros((height, width), np.float32)
    matte[view] = np.clip((fine - 0.5) * max(1.0, 1 / scale) + 0.5, 0, 1)
    return matte


def _trimap(marks: _Marks, view: tuple[slice, slice], size: tuple[int, int]) -> U8:
    """GrabCut's four classes from the marks, at ``size`` (width, height)."""

    def small(mask: Mask) -> Mask:
        cut_out = mask[view].astype(np.float32)
        return np.asarray(cv2.resize(cut_out, size, interpolation=cv2.INTER_AREA) > 0.3)

    inside = small(marks.inside)
    trimap = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    trimap[inside] = cv2.GC_PR_FGD
    if inside.all():
        trimap[[0, -1]] = cv2.GC_PR_BGD
        trimap[:, [0, -1]] = cv2.GC_PR_BGD
    trimap[small(marks.sure)] = cv2.GC_FGD
    trimap[small(marks.sure_not)] = cv2.GC_BGD
    return trimap


def cut(rgb: U8, trimap: U8, iterations: int = ITERATIONS) -> Mask:
    """GrabCut from four classes, cleaned of islands; falls back to the classes where it cannot.

    ``rgb``: (h, w, 3) u8; ``trimap``: (h, w) u8 of OpenCV's GC_ values. Deterministic.
    """
    guess = np.asarray((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD))
    if not guess.any() or guess.all():
        return guess
    classes = trimap.copy()
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(
            np.ascontiguousarray(rgb[..., ::-1]),
            classes,
            None,
            *models,
            iterations,
            cv2.GC_INIT_WITH_MASK,
        )
    except cv2.error:  # too few samples for its five colours a side
        return guess
    found = np.asarray((classes == cv2.GC_FGD) | (classes == cv2.GC_PR_FGD))
    return without_islands(found, keep=trimap == cv2.GC_FGD)


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
