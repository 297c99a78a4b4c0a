"""The things before a background, each on its own: connected pieces, and company for small ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.scene import Scene
from layersplit.domain import Mask

NOISE_PX: Final = 12
OBJECT: Final = 0.004
"""Share of the picture from which a piece is an object of its own."""
COPY: Final = 0.05
"""Share of the picture up to which a thing may be one of several copies: larger ones are scenes."""
TINY: Final = 0.0006
"""Share of the picture up to which a group of pieces is a speck."""
ATTACHED: Final = 0.012
"""Share of the longer side up to which a small piece belongs to the large one beside it."""
SMALL_BESIDE: Final = 0.12
"""Size, as a share of the large piece, up to which a piece is a part of it."""
COMPANY: Final = 0.02
"""Share of the longer side up to which small pieces belong together."""
ALIKE: Final = 9.0
"""Lab distance up to which pieces of one size are copies of one thing."""

_Labels = npt.NDArray[np.int32]


@dataclass
class _Thing:
    """A set of pieces: their labels, area and mean colour."""

    pieces: list[int]
    area: float
    colour: npt.NDArray[np.float64]


def find_objects(scene: Scene, figure: Mask, most: int) -> list[Mask]:
    """At most ``most`` masks (h, w), the largest first; what is too small shares the last one."""
    if most < 1:
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(figure.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    if not (areas > NOISE_PX).any():
        return []
    colours = (
        np.stack(
            [np.bincount(labels.ravel(), part.ravel()) for part in np.moveaxis(scene.lab, 2, 0)],
            1,
        )
        / np.maximum(np.bincount(labels.ravel()), 1)[:, None]
    )
    owner = _owners(labels, areas)
    things = [
        _thing([int(i) for i in np.flatnonzero(owner == first)], areas, colours)
        for first in np.unique(owner[owner > 0])
    ]
    things = _within(sorted(things, key=lambda thing: -thing.area), most, figure.size)
    return [np.isin(labels, thing.pieces) for thing in things]


def _thing(
    pieces: list[int], areas: npt.NDArray[np.float64], colours: npt.NDArray[np.float64]
) -> _Thing:
    weight = areas[pieces]
    colour = (colours[pieces] * weight[:, None]).sum(0) / weight.sum()
    return _Thing(pieces=pieces, area=float(weight.sum()), colour=colour)


def _owners(labels: _Labels, areas: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """For each piece the piece that it belongs to; 0 for noise and background."""
    side = max(labels.shape)
    owner = np.where(areas > NOISE_PX, np.arange(len(areas)), 0)
    large = areas > OBJECT * labels.size
    if large.any():
        nearest, distance = _nearest(labels, large)
        for piece in np.flatnonzero(~large & (owner > 0)):
            beside = nearest[piece]
            if distance[piece] < ATTACHED * side and areas[piece] < SMALL_BESIDE * areas[beside]:
                owner[piece] = beside
    alone = ~large & (owner == np.arange(len(areas))) & (owner > 0)
    reach = max(1, round(COMPANY * side / 2))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    crowd = cv2.dilate(alone[labels].astype(np.uint8), kernel)
    _, groups = cv2.connectedComponents(crowd)
    group = np.zeros(len(areas), np.intp)
    group[labels.ravel()] = groups.ravel()
    for piece in np.flatnonzero(alone):
        members = np.flatnonzero(alone & (group == group[piece]))
        owner[piece] = members[0]
    return owner


def _nearest(
    labels: _Labels, large: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each piece the nearest large one and its distance in pixels."""
    target = large[labels]
    distance, zone = cv2.distanceTransformWithLabels(
        (~target).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_CCOMP
    )
    of_zone = np.zeros(int(zone.max()) + 1, np.intp)
    of_zone[zone[target]] = labels[target]
    order = np.argsort(-distance.ravel(), kind="stable")  # the least distance is written last
    nearest = np.zeros(len(large), np.intp)
    least = np.zeros(len(large), np.float32)
    nearest[labels.ravel()[order]] = of_zone[zone.ravel()[order]]
    least[labels.ravel()[order]] = distance.ravel()[order]
    return nearest, least


def _within(things: list[_Thing], most: int, size: int) -> list[_Thing]:
    """No more than ``most``: copies together first, then all that is small as details."""
    large = [thing for thing in things if thing.area > OBJECT * size]
    small = [thing for thing in things if OBJECT * size >= thing.area > TINY * size]
    tiny = [thing for thing in things if thing.area <= TINY * size]
    if tiny:  # specks make no layers of their own
        small.append(_joined([*small[-1:], *tiny]))
        del small[-2:-1]
    if len(large) + len(small) > most:
        copies = _copies_together([thing for thing in large if thing.area < COPY * size])
        large = [thing for thing in large if thing.area >= COPY * size] + copies
    if len(large) + len(small) <= most:
        return [*large, *small]
    if not large:
        large, small = small[: most - 1], small[most - 1 :]
    room = most - 1 if small or len(large) > most else most
    kept, rest = large[:room], [*large[room:], *small]
    if not rest:
        return kept
    return [*kept, _joined(rest)]


def _copies_together(things: list[_Thing]) -> list[_Thing]:
    """Things of one colour and about one size become one."""
    found: list[_Thing] = []
    for thing in things:
        for at, known in enumerate(found):
            alike = float(np.linalg.norm(known.colour - thing.colour)) < ALIKE
            usual = known.area / len(known.pieces)
            if alike and 0.3 < thing.area / usual < 3:
                found[at] = _joined([known, thing])
                break
        else:
            found.append(thing)
    return found


def _joined(things: list[_Thing]) -> _Thing:
    area = sum(thing.area for thing in things)
    colour = np.sum([thing.colour * thing.area for thing in things], axis=0) / max(area, 1e-6)
    return _Thing(pieces=[i for thing in things for i in thing.pieces], area=area, colour=colour)
