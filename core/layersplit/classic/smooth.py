"""Fill a hole with the smoothest continuation of what surrounds it.

The membrane (harmonic function) over the hole, solved from coarse to fine: each level starts from
the coarser one and is relaxed a few times, so that the cost is that of a few blurs whatever the
size of the hole. Exact for flat colours and for linear gradients.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, Mask

RELAXATIONS: Final = 12
FINE_RELAXATIONS: Final = 5
"""Blurs on a level, and on a level of more than FINE_PX: the start is already right for everything
wider than two pixels."""
FINE_PX: Final = 40_000
SMALLEST_SIDE: Final = 4


def smooth_fill(values: F32, hole: Mask) -> F32:
    """Continue ``values`` (h, w, c) f32 into ``hole`` (h, w); outside they stay as they are.

    When everything is hole the values come back unchanged.
    """
    if not hole.any() or hole.all():
        return values
    return _level(values, (~hole).astype(np.float32))


def _level(values: F32, known: F32) -> F32:
    """One level of the pyramid: ``known`` is the share of each pixel that is certain."""
    height, width = known.shape
    hole = known <= 0
    if not hole.any():
        return values
    if max(height, width) <= SMALLEST_SIDE:
        mean = (values * known[..., None]).sum((0, 1)) / max(float(known.sum()), 1e-6)
        return np.where(hole[..., None], mean, values).astype(np.float32)
    size = (max(1, width // 2), max(1, height // 2))
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * known[..., None], size, interpolation=cv2.INTER_AREA)
    coarse = total.reshape(size[1], size[0], -1) / np.maximum(weight, 1e-6)[..., None]
    coarse = _level(np.asarray(coarse, np.float32), np.asarray(weight, np.float32))
    start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    start = start.reshape(height, width, -1)
    return _relaxed(np.where(hole[..., None], start, values).astype(np.float32), hole)


def _relaxed(values: F32, hole: Mask) -> F32:
    """A few steps towards the membrane, on the part of the picture that has the hole."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    view = (
        slice(max(0, int(rows[0]) - 1), int(rows[-1]) + 2),
        slice(max(0, int(columns[0]) - 1), int(columns[-1]) + 2),
    )
    part = np.ascontiguousarray(values[view])
    inside = hole[view][..., None]
    for _ in range(RELAXATIONS if inside.size < FINE_PX else FINE_RELAXATIONS):
        blurred = cv2.blur(part, (3, 3), borderType=cv2.BORDER_REPLICATE).reshape(part.shape)
        np.copyto(part, blurred, where=inside)
    result = values.copy()
    result[view] = part
    return result
