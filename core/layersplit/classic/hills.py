"""Ranges of hills: even places that go through the picture, one behind the other.

A nearer range or a thing can cut a range into pieces and hide its ends, so pieces of one colour
count together: they are a range when they go from the left side to the right one, or when they are
long, reach one side and end below at a nearer plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from layersplit.domain import F32, Mask

LENGTH: Final = 0.55
"""Share of the columns in which a range is seen; in the others something stands before it."""
ENDS: Final = 0.01
"""Share of the left and of the right side that a range covers which goes from one to the other."""
RESTS: Final = 0.95
"""Share of the columns of a piece that go on in a nearer plane below it."""
ALIKE: Final = 4.0
"""Lab distance up to which pieces are of one range."""
RIM_PX: Final = 5
"""Width of what no even place covers between two that meet."""


def find_hills(lab: F32, pieces: Sequence[Mask], planes: Sequence[Mask]) -> list[Mask]:
    """The ranges among ``pieces``, even places of the picture, (h, w) each; in no order.

    ``lab``: (h, w, 3). ``planes``: what is known to be a plane already, (h, w) each.
    """
    hills: list[Mask] = []
    waiting = []
    for group in _of_one_colour(lab, pieces):
        at_sides = [piece for piece in group if piece[:, 0].any() or piece[:, -1].any()]
        through = np.any(at_sides, axis=0) if at_sides else np.zeros(lab.shape[:2], bool)
        if min(through[:, 0].mean(), through[:, -1].mean()) > ENDS and _is_long(through):
            hills.append(through)
        else:
            waiting.append(group)
    for group in sorted(waiting, key=lambda group: -height_of(np.any(group, axis=0))):
        if not planes and not hills:
            break
        nearer = np.any([*planes, *hills], axis=0)
        resting = [piece for piece in group if _rests_on(piece, nearer)]
        if resting:
            whole = np.any(resting, axis=0)
            if _is_long(whole) and (whole[:, 0].any() or whole[:, -1].any()):
                hills.append(whole)
    return hills


def height_of(plane: Mask) -> float:
    """Mean distance from the upper side in pixels: what lies lower in the picture is nearer."""
    return float(np.nonzero(plane)[0].mean())


def _of_one_colour(lab: F32, pieces: Sequence[Mask]) -> list[list[Mask]]:
    """``pieces`` in groups, the largest piece of each first."""
    groups: list[tuple[F32, list[Mask]]] = []
    for piece in sorted(pieces, key=lambda piece: -int(piece.sum())):
        colour = np.asarray(np.median(lab[piece], axis=0), np.float32)
        for known, group in groups:
            if float(np.linalg.norm(known - colour)) < ALIKE:
                group.append(piece)
                break
        else:
            groups.append((colour, [piece]))
    return [group for _, group in groups]


def _is_long(zone: Mask) -> bool:
    return float(zone.any(0).mean()) > LENGTH


def _rests_on(zone: Mask, nearer: Mask) -> bool:
    """Whether what is seen of ``zone`` ends below at ``nearer``, all along."""
    columns = np.flatnonzero(zone.any(0))
    foot = zone.shape[0] - 1 - zone[::-1, columns].argmax(0)
    below = np.minimum(foot + RIM_PX, zone.shape[0] - 1)
    return float(nearer[below, columns].mean()) > RESTS
