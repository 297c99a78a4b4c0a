"""From a few marked pixels to a first idea of the subject.

Marks spread over the picture's pieces, each step costing the change of colour (geodesic distance,
Bai and Sapiro, ICCV 2007); a piece belongs to the mark that reaches it first. Without marks outside
the subject the border of the picture is one, except where the subject's colour runs into it. From
around a box the same way leads over what is only more of the surroundings.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.checks.superpixels import Pieces, find_pieces
from layersplit.domain import U8, Mask

PIECES: Final = 350
AREA_PX: Final = 200 * 200
UNNOTICED: Final = 4.0
"""Lab distance between neighbouring pieces that costs nothing: texture and shading."""
A_STEP: Final = 0.4
"""What every step costs, so that near marks win in even places."""
NO_EDGE: Final = 1.0
"""Cost up to which a way has met no edge."""
OF_ONE_COLOUR: Final = 3.0
"""Lab distance up to which two pieces that do not touch are of one thing."""
A_FREE_STEP: Final = 0.1
"""What a step costs on such a way: ten pieces of the same, and it has gone too far to be sure."""


def spread(rgb: U8, sure: Mask, sure_not: Mask) -> Mask:
    """What belongs to the marks ``sure`` rather than to ``sure_not`` or the border: (h, w).

    ``rgb``: (h, w, 3) u8; both marks (h, w).
    """
    pieces = _pieces(rgb)
    ours = _marked(pieces, sure)
    if not ours.size:
        return sure
    theirs = np.setdiff1d(_marked(pieces, sure_not), ours)
    from_ours = _ways(pieces, ours, A_STEP)
    border = pieces.at_border[from_ours[pieces.at_border] > np.median(from_ours) * 0.5]
    theirs = np.union1d(theirs, np.setdiff1d(border, ours))
    if not theirs.size:
        return np.ones(sure.shape, bool)
    return _drawn(pieces, from_ours < _ways(pieces, theirs, A_STEP), sure.shape) | sure


def more_of_the_same(rgb: U8, outside: Mask, *, enclosed: bool) -> Mask:
    """What ``outside`` runs into without an edge between: (h, w), ``outside`` among it.

    ``rgb``: (h, w, 3) u8; ``outside`` (h, w). ``enclosed``: also what has the colour of that but is
    shut off from it, as the ground between two legs is.
    """
    pieces = _pieces(rgb)
    theirs = _mostly(pieces, outside)
    if not theirs.size:
        return outside
    same = _ways(pieces, theirs, A_FREE_STEP) <= NO_EDGE
    if enclosed:
        away = np.linalg.norm(pieces.colours[:, None] - pieces.colours[None, same], axis=2)
        same |= away.min(1) < OF_ONE_COLOUR
    return _drawn(pieces, same, outside.shape) | outside


def _pieces(rgb: U8) -> Pieces:
    """The pieces of a smaller ``rgb``."""
    scale = min(1.0, float((AREA_PX / (rgb.shape[0] * rgb.shape[1])) ** 0.5))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return find_pieces(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32), PIECES)


def _drawn(pieces: Pieces, chosen: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Mask:
    """The chosen pieces as a mask of ``shape``."""
    small = chosen[pieces.labels].astype(np.float32)
    return np.asarray(cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5)


def _marked(pieces: Pieces, marks: Mask) -> npt.NDArray[np.intp]:
    """Pieces that the marks touch."""
    if not marks.any():
        return np.zeros(0, np.intp)
    size = pieces.labels.shape[::-1]
    small = cv2.resize(marks.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.2
    if not small.any():
        rows, columns = np.nonzero(marks)
        y = min(size[1] - 1, int(rows.mean() * size[1] / marks.shape[0]))
        x = min(size[0] - 1, int(columns.mean() * size[0] / marks.shape[1]))
        return np.array([pieces.labels[y, x]], np.intp)
    return np.unique(pieces.labels[small]).astype(np.intp)


def _mostly(pieces: Pieces, marks: Mask) -> npt.NDArray[np.intp]:
    """Pieces of which the greater part is marked."""
    size = pieces.labels.shape[::-1]
    small = cv2.resize(marks.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    flat = pieces.labels.ravel()
    return np.flatnonzero(np.bincount(flat, small.ravel()) > 0.5 * np.bincount(flat))


def _ways(pieces: Pieces, start: npt.NDArray[np.intp], each_step: float) -> npt.NDArray[np.float64]:
    """Cost of the cheapest way to every piece from any of ``start`` (Bellman and Ford)."""
    one, other = pieces.neighbours
    change = np.linalg.norm(pieces.colours[one] - pieces.colours[other], axis=1)
    cost = np.square(np.maximum(change - UNNOTICED, 0)) / 10 + each_step
    ways = np.full(pieces.count, np.inf)
    ways[start] = 0
    while True:
        before = ways.copy()
        np.minimum.at(ways, one, before[other] + cost)
        np.minimum.at(ways, other, before[one] + cost)
        if np.array_equal(ways, before):
            return ways
