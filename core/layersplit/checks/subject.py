"""The matte of what the user pointed at: boxes, points, a rough mask.

The hint's own outline never becomes an edge: a box says where the object cannot be, a rough mask
where it about is, a point that it is there. The cut runs on the surroundings of the hint only, so
that a small object in a large picture gets its full resolution and the colours of far places do
not blur the models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from layersplit.checks.cutting import cut
from layersplit.checks.seeds import more_of_the_same, spread
from layersplit.domain import F32, U8, Extent, Hints, Mask

CONTEXT: Final = 0.4
"""Share of the hint's side that is looked at around it."""
LEAST_CONTEXT_PX: Final = 8
ROUGH: Final = 0.12
"""How far a rough mask's edge may be inside the object, as a share of the mask's size."""
THIN: Final = 0.5
"""Depth of a mask, against a disc of its area, up to which it may be a stroke of a brush."""
STROKE: Final = 0.4
"""Share of the object that a stroke covers at most."""
REFUTED: Final = 0.3
"""Share of a rough mask that must remain for it to have been one."""
MOST_AROUND: Final = 0.92
"""If more of a hint than this looks like its surroundings, that look tells nothing."""
MOST_AROUND_PAINT: Final = 0.5
"""The same for a rough mask, which may lie inside the object and look like that."""
SOME: Final = np.float32(0.5)
POINT: Final = 0.006
"""Radius of a point, as a share of the longer side."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Marks:
    """One object's hint in the pixels of the small picture.

    ``inside``: where it may be, None when only points are known; ``is_rough``: whether it may also
    reach over the edge of that, as a painted mask does and a box does not.
    """

    inside: Mask | None
    is_rough: bool
    sure: Mask
    sure_not: Mask


def subject_mattes(picture_small: U8, hints: Hints, extent: Extent) -> tuple[F32, ...]:
    """One matte (h, w) f32 in 0..1 for each object that the hints describe, front-most last.

    ``picture_small``: (h, w, 4) u8, straight alpha. ``hints``: in pixels of the full picture, whose
    size is ``extent``. Each box is one object; the mask is one; points belong to the box or mask
    that they lie in, and are one object together when there is neither. No hint: no matte.
    """
    objects = _objects(picture_small.shape[:2], hints, extent)
    return tuple(_matte(picture_small, marks) for marks in objects)


def _objects(shape: tuple[int, ...], hints: Hints, extent: Extent) -> list[_Marks]:
    """The hints as one set of marks for each object."""
    height, width = shape
    x_scale, y_scale = width / extent.width, height / extent.height
    radius = max(1, round(POINT * max(height, width)))
    yes, no = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    for point in hints.points:
        centre = (int((point.x + 0.5) * x_scale), int((point.y + 0.5) * y_scale))
        cv2.circle(yes if point.foreground else no, centre, radius, 1, -1)
    sure, sure_not = yes > 0, no > 0
    found: list[_Marks] = []
    if hints.mask is not None:
        small = cv2.resize(
            hints.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
        )
        rough = _without_great_holes(np.asarray(small > min(96.0, 0.5 * float(small.max()))))
        found.append(_Marks(inside=rough, is_rough=True, sure=sure & rough, sure_not=sure_not))
    for box in hints.boxes:
        region = np.zeros((height, width), bool)
        top, left = max(0, int(box.y * y_scale)), max(0, int(box.x * x_scale))
        bottom = max(top + 1, round(box.bottom * y_scale))
        right = max(left + 1, round(box.right * x_scale))
        region[top:bottom, left:right] = True
        found.append(_Marks(inside=region, is_rough=False, sure=sure & region, sure_not=sure_not))
    if not found and sure.any():
        found.append(_Marks(inside=None, is_rough=False, sure=sure, sure_not=sure_not))
    return [marks for marks in found if marks.inside is None or marks.inside.any()]


def _without_great_holes(mask: Mask) -> Mask:
    """A painted outline means what it encloses: holes larger than the paint are filled."""
    outlines, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    filled = cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, -1) > 0
    return np.asarray(filled) if int(filled.sum()) > 2 * int(mask.sum()) else mask


def _matte(picture: U8, marks: _Marks) -> F32:
    """Cut one object out of its surroundings.

    A rough mask of which next to nothing is left lay inside the object, so that the object's own
    colours were taken for what is behind it: then the mask is a mark, as a stroke is.
    """
    found = _cut_out(picture, marks)
    painted = marks.inside
    if painted is not None and marks.is_rough:
        left = int(np.count_nonzero(found[painted] > SOME))
        if left < REFUTED * int(painted.sum()):
            found = _cut_out(picture, replace(marks, inside=None, sure=painted | marks.sure))
    return found


def _cut_out(picture: U8, marks: _Marks) -> F32:
    """The matte of what the marks describe, taken at their word."""
    view = _surroundings(marks)
    rgb = np.ascontiguousarray(picture[view][..., :3])
    sure, sure_not = marks.sure[view], marks.sure_not[view]
    inside = None if marks.inside is None else marks.inside[view]
    if inside is not None and marks.is_rough and _is_thin(inside):
        inside, sure = _stroke_or_mask(rgb, inside, sure, sure_not)
    if inside is None:
        trimap = _from_seeds(rgb, sure, sure_not)
    else:
        trimap = _from_region(rgb, inside, sure, sure_not, is_rough=marks.is_rough)
    found = cut(rgb, trimap)
    if not found.any():
        found = np.asarray((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD))
    matte = np.zeros(picture.shape[:2], np.float32)
    matte[view] = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.7)
    return matte


def _surroundings(marks: _Marks) -> tuple[slice, slice]:
    """The part of the picture to look at."""
    if marks.inside is None:
        return (slice(None), slice(None))
    height, width = marks.inside.shape
    rows = np.flatnonzero(marks.inside.any(1))
    columns = np.flatnonzero(marks.inside.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    share = CONTEXT
    if marks.is_rough and _is_thin(marks.inside):
        share = 4 * CONTEXT  # it may be a stroke inside something larger
    margin = max(LEAST_CONTEXT_PX, round(share * max(bottom - top, right - left)))
    return (
        slice(int(max(0, top - margin)), int(min(height, bottom + margin))),
        slice(int(max(0, left - margin)), int(min(width, right + margin))),
    )


def _depth(mask: Mask) -> float:
    """Distance of the innermost pixel from the outside."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max())


def _is_thin(mask: Mask) -> bool:
    return _depth(mask) < THIN * float(np.sqrt(mask.sum() / np.pi))


def _stroke_or_mask(rgb: U8, inside: Mask, sure: Mask, sure_not: Mask) -> tuple[Mask | None, Mask]:
    """Whether a thin mask is a stroke inside a larger object: then it is a mark, not a region."""
    grown = spread(rgb, inside | sure, sure_not)
    is_stroke = int(inside.sum()) < STROKE * int(grown.sum()) and float(grown.mean()) < 0.8
    return (None, inside | sure) if is_stroke else (inside, sure)


def _from_seeds(rgb: U8, sure: Mask, sure_not: Mask) -> U8:
    """The four classes of OpenCV's GrabCut from marks alone."""
    guess = spread(rgb, sure, sure_not)
    trimap = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    reach = max(2, round(0.06 * max(guess.shape)))
    far = cv2.dilate(guess.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    trimap[far == 0] = cv2.GC_BGD
    trimap[sure] = cv2.GC_FGD
    trimap[sure_not] = cv2.GC_BGD
    return np.asarray(trimap, np.uint8)


def _from_region(rgb: U8, inside: Mask, sure: Mask, sure_not: Mask, *, is_rough: bool) -> U8:
    """The four classes from where the object may be."""
    trimap = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    trimap[inside] = cv2.GC_PR_FGD
    around = inside & more_of_the_same(rgb, ~inside, enclosed=not is_rough)
    most = MOST_AROUND_PAINT if is_rough else MOST_AROUND
    if int(around.sum()) < most * int(inside.sum()):
        trimap[around] = cv2.GC_PR_BGD
    if is_rough:
        size = float(np.sqrt(inside.sum()))
        reach = max(2, round(ROUGH * size))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        trimap[(cv2.dilate(inside.astype(np.uint8), kernel) > 0) & ~inside] = cv2.GC_PR_BGD
    if not (trimap == cv2.GC_BGD).any():  # nothing is outside: the border must teach
        trimap[[0, -1]] = cv2.GC_PR_BGD
        trimap[:, [0, -1]] = cv2.GC_PR_BGD
    trimap[sure] = cv2.GC_FGD
    trimap[sure_not] = cv2.GC_BGD
    return trimap
