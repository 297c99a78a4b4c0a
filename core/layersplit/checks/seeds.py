"""From a few marked pixels to a first idea of the subject.

Marks spread over the picture's pieces, each step costing the change of colour (geodesic distance,
Bai and Sapiro, ICCV 2007); a piece belongs to the mark that reaches it first. Without marks outside
the subject the border of the picture is one, except where the subject's colour runs into it.
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


def spread(rgb: U8, sure: Mask, sure_not: Mask) -> Mask:
    """What belongs to the marks ``sure`` rather than to ``sure_not`` or the border: (h, w).

    ``rgb``: (h, w, 3) u8; both marks (h, w).
    """
    scale = min(1.0, float((AREA_PX / (rgb.shape[0] * rgb.shape[1])) ** 0.5))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32)
    pieces = find_pieces(lab, PIECES)
    ways = _ways(pieces)
    ours = _marked(pieces, sure, size)
    if not ours.size:
        return sure
    theirs = np.setdiff1d(_marked(pieces, sure_not, size), ours)
    from_ours = ways[ours].min(0)
    border = pieces.at_border[from_ours[pieces.at_border] > np.median(from_ours) * 0.5]
    theirs = np.union1d(theirs, np.setdiff1d(border, ours))
    if not theirs.size:
        return np.ones(sure.shape, bool)
    mine = (from_ours < ways[theirs].min(0))[pieces.labels].astype(np.float32)
    full = (rgb.shape[1], rgb.shape[0])
    return np.asarray(cv2.resize(mine, full, interpolation=cv2.INTER_LINEAR) > 0.5) | sure


def _marked(pieces: Pieces, marks: Mask, size: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Pieces that the marks touch."""
    if not marks.any():
        return np.zeros(0, np.intp)
    small = cv2.resize(marks.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.2
    if not small.any():
        rows, columns = np.nonzero(marks)
        y = min(size[1] - 1, int(rows.mean() * size[1] / marks.shape[0]))
        x = min(size[0] - 1, int(columns.mean() * size[0] / marks.shape[1]))
        return np.array([pieces.labels[y, x]], np.intp)
    return np.unique(pieces.labels[small]).astype(np.intp)


def _ways(pieces: Pieces) -> npt.NDArray[np.float64]:
    """Cost of the cheapest way between any two pieces."""
    one, other = pieces.neighbours
    step = np.linalg.norm(pieces.colours[one] - pieces.colours[other], axis=1)
    cost = np.square(np.maximum(step - UNNOTICED, 0)) / 10 + A_STEP
    ways = np.full((pieces.count, pieces.count), np.inf)
    ways[one, other] = ways[other, one] = cost
    np.fill_diagonal(ways, 0)
    for through in range(pieces.count):  # Floyd and Warshall: all cheapest ways at once
        np.minimum(ways, ways[:, through, None] + ways[through], out=ways)
    return ways
