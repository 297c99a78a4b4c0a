"""The things before a background, each on its own: connected pieces, small ones together."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.domain import Mask

NOISE_PX: Final = 12
OBJECT: Final = 0.004
"""Share of the picture from which a piece is an object; smaller ones are details."""


def find_objects(figure: Mask, most: int) -> list[Mask]:
    """At most ``most`` masks (h, w), the largest first; small pieces share the last one.

    Returns nothing when there is nothing of substance, or no room.
    """
    if most < 1:
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(figure.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    pieces = [int(i) for i in np.argsort(-areas, kind="stable") if areas[i] > NOISE_PX]
    if not pieces:
        return []
    large = [i for i in pieces if areas[i] > OBJECT * figure.size] or pieces[:1]
    kept = large if len(pieces) == len(large) <= most else large[: max(1, most - 1)]
    rest = [i for i in pieces if i not in kept]
    groups = [[i] for i in kept]
    if rest and len(groups) < most:
        groups.append(rest)
    elif rest:
        groups[-1] += rest
    return [np.isin(labels, group) for group in groups]
