"""What stands out, where nothing is even: robust background detection.

Zhu, Liang, Wei and Sun, "Saliency Optimization from Robust Background Detection", CVPR 2014: a
piece is background when the region of its colour lies along the border for long, measured against
its size (boundary connectivity). Contrast to background pieces makes a piece salient, and a least
squares problem over neighbours makes both smooth.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from layersplit.checks.superpixels import Pieces
from layersplit.domain import F32

COLOUR_SCALE: Final = 7.0
PLACE_SCALE: Final = 0.25
UNNOTICED: Final = 3.0
"""Lab distance between neighbours that counts as none."""

_Matrix = npt.NDArray[np.float64]


def saliency(pieces: Pieces) -> tuple[F32, F32]:
    """For each piece: saliency and probability of being background, both (count,) 0..1."""
    one, other = pieces.neighbours
    step = np.linalg.norm(pieces.colours[one] - pieces.colours[other], axis=1).astype(np.float64)
    background = _background(pieces, step)
    colour = _distances(pieces.colours)
    place = _distances(pieces.centres)
    near = np.exp(-np.square(place) / (2 * PLACE_SCALE**2))
    contrast = _scaled(np.asarray((colour * near * background).sum(1), np.float64))
    tie = np.exp(-np.square(step) / (2 * COLOUR_SCALE**2)) + 0.1
    system = np.zeros((pieces.count, pieces.count))
    system[one, other] = system[other, one] = -tie
    diagonal = -system.sum(1) + 5 * background + contrast + 1e-6
    system[np.diag_indices(pieces.count)] = diagonal
    found = _scaled(np.linalg.solve(system, contrast))
    return found.astype(np.float32), background.astype(np.float32)


def _background(pieces: Pieces, step: _Matrix) -> _Matrix:
    """Probability of being background from boundary connectivity."""
    one, other = pieces.neighbours
    least = np.full(pieces.count, np.inf)
    np.minimum.at(least, one, step)
    np.minimum.at(least, other, step)
    usual = float(np.mean(least[np.isfinite(least)])) if np.isfinite(least).any() else 0.0
    cost = np.maximum(step - min(usual, UNNOTICED), 0) + 1e-4
    ways = np.full((pieces.count, pieces.count), np.inf)
    ways[one, other] = ways[other, one] = cost
    border = pieces.at_border
    ways[border[:, None], border[None]] = np.minimum(ways[border[:, None], border[None]], 1e-3)
    np.fill_diagonal(ways, 0)
    for through in range(pieces.count):  # Floyd and Warshall: all shortest ways at once
        np.minimum(ways, ways[:, through, None] + ways[through], out=ways)
    reach = np.exp(-np.square(ways) / (2 * COLOUR_SCALE**2))
    connectivity = reach[:, border].sum(1) / np.sqrt(reach.sum(1))
    return np.asarray(1 - np.exp(-np.square(connectivity) / 2))


def _distances(values: F32) -> _Matrix:
    return np.asarray(np.linalg.norm(values[:, None] - values[None], axis=2), np.float64)


def _scaled(values: npt.NDArray[np.floating]) -> _Matrix:
    spread = max(float(np.ptp(values)), 1e-9)
    return np.asarray((values - values.min()) / spread, np.float64)
