"""A picture as a few hundred compact pieces of one colour, and which of them are neighbours.

k-means in colour and place, started on a grid, each pixel looking only at the centres around it
(Achanta et al., "SLIC Superpixels", TPAMI 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32

ROUNDS: Final = 5
COMPACTNESS: Final = 10.0
"""Lab units that weigh as much as the side of a grid cell."""

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pieces:
    """The pieces of a picture.

    ``labels``: (h, w), 0..count - 1; ``colours``: (count, 3) Lab; ``centres``: (count, 2) y, x as
    shares of the longer side; ``neighbours``: (2, m) pairs; ``at_border``: indices.
    """

    labels: Labels
    colours: F32
    centres: F32
    neighbours: npt.NDArray[np.intp]
    at_border: npt.NDArray[np.intp]

    @property
    def count(self) -> int:
        """Number of pieces."""
        return len(self.colours)


def find_pieces(lab: F32, wanted: int) -> Pieces:
    """About ``wanted`` pieces of ``lab`` (h, w, 3)."""
    labels = _clustered(lab, wanted)
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    flat = labels.ravel()
    sizes = np.bincount(flat).astype(np.float32)
    height, width = lab.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    means = [np.bincount(flat, part.ravel()) / sizes for part in (*np.moveaxis(lab, 2, 0), y, x)]
    table = np.stack(means, axis=1).astype(np.float32)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return Pieces(
        labels=labels,
        colours=table[:, :3],
        centres=table[:, 3:],
        neighbours=_neighbours(labels),
        at_border=np.unique(border).astype(np.intp),
    )


def _clustered(lab: F32, wanted: int) -> Labels:
    height, width = lab.shape[:2]
    side = max(1.0, (height * width / wanted) ** 0.5)
    rows, columns = max(1, round(height / side)), max(1, round(width / side))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    row, column = (y * rows / height).astype(np.int32), (x * columns / width).astype(np.int32)
    labels = row * columns + column
    weight = np.float32(COMPACTNESS / side)
    features = np.dstack([lab, y * weight, x * weight]).reshape(-1, 5)
    cells = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near_row = np.clip(row + down, 0, rows - 1)
            near_column = np.clip(column + right, 0, columns - 1)
            cells.append((near_row * columns + near_column).ravel())
    for _ in range(ROUNDS):
        flat = labels.ravel()
        sizes = np.maximum(np.bincount(flat, minlength=rows * columns), 1)
        centres = np.stack(
            [np.bincount(flat, part, rows * columns) / sizes for part in features.T], axis=1
        ).astype(np.float32)
        least = np.full(height * width, np.inf, np.float32)
        chosen = flat.copy()
        for cell in cells:
            away = np.square(features - centres[cell]).sum(1)
            nearer = away < least
            least[nearer] = away[nearer]
            chosen[nearer] = cell[nearer]
        labels = chosen.reshape(height, width)
    # stray pixels join what surrounds them: superpixels need not be connected for what follows
    return np.asarray(cv2.medianBlur(labels.astype(np.uint16), 5), np.int32)


def _neighbours(labels: Labels) -> npt.NDArray[np.intp]:
    """Each pair of pieces that touch, once: (2, m)."""
    across = np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()])
    down = np.stack([labels[:-1].ravel(), labels[1:].ravel()])
    pairs = np.concatenate([across, down], axis=1)
    pairs = np.sort(pairs[:, pairs[0] != pairs[1]], axis=0)
    return np.unique(pairs, axis=1).astype(np.intp)
