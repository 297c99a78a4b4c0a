"""Where is the background? Several ways to see it, the most certain first.

Transparent places of the document; a regular pattern of few colours; even places that reach the
border; and where nothing of this holds, what does not stand out (saliency and graph cut).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.checks.subject import cut
from layersplit.classic.palette import pattern_ground
from layersplit.classic.saliency import saliency
from layersplit.classic.scene import Scene
from layersplit.classic.superpixels import find_pieces
from layersplit.classic.zones import find_zones, with_pockets
from layersplit.domain import Mask

SAME: Final = 6.0
"""Lab distance up to which a pixel is of the colour that the background has nearby."""
LEAST_SHARE: Final = 0.06
"""Share of the picture from which an even background is believed."""
CUT_AREA_PX: Final = 400 * 400
PIECES_AREA_PX: Final = 200 * 200
PIECES: Final = 300


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """``figure``: (h, w) what is not background; ``planes``: floors and the like before it, each
    (h, w); ``confidence``: 0..1; ``is_even``: whether outlines can be trusted to the pixel;
    ``is_nothing``: whether the background is the document's transparency."""

    figure: Mask
    planes: tuple[Mask, ...] = ()
    confidence: float
    is_even: bool
    is_nothing: bool = False


def find_ground(scene: Scene) -> Ground:
    """Separate the background from what stands before it."""
    clear = ~scene.solid
    if float(clear.mean()) > 0.02 and _of_border(clear) > 0.2:
        return Ground(figure=scene.solid, confidence=1.0, is_even=True, is_nothing=True)
    pattern = pattern_ground(scene)
    if pattern is not None:
        figure = cv2.morphologyEx((~pattern).astype(np.uint8), cv2.MORPH_OPEN, _CROSS) > 0
        return Ground(figure=np.asarray(figure), confidence=0.85, is_even=True)
    zones = find_zones(scene)
    if zones is not None:
        ground, _ = with_pockets(scene.lab, zones.ground, SAME)
        behind = ground | np.any([ground, *zones.planes], axis=0)
        share = float(behind.mean())
        if share > LEAST_SHARE:
            confidence = 0.55 + 0.4 * min(1.0, 2 * share)
            return Ground(figure=~behind, planes=zones.planes, confidence=confidence, is_even=True)
    return Ground(figure=subject_of(scene), confidence=0.3, is_even=False)


_CROSS: Final = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def _of_border(mask: Mask) -> float:
    """Share of the border that a mask covers."""
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(edge.mean())


def subject_of(scene: Scene) -> Mask:
    """What stands out most, cut along colour edges: (h, w). May be empty."""
    pieces = find_pieces(scene.reduced(PIECES_AREA_PX).lab, PIECES)
    salient, background = saliency(pieces)
    small = scene.reduced(CUT_AREA_PX)
    size = (small.shape[1], small.shape[0])
    stands_out = cv2.resize(salient[pieces.labels], size, interpolation=cv2.INTER_LINEAR)
    lies_behind = cv2.resize(background[pieces.labels], size, interpolation=cv2.INTER_LINEAR)
    trimap = np.full(small.shape, cv2.GC_PR_BGD, np.uint8)
    trimap[stands_out > 0.5] = cv2.GC_PR_FGD
    trimap[(stands_out < 0.08) | (lies_behind > 0.97)] = cv2.GC_BGD
    found = cut(small.rgb, trimap, 3).astype(np.float32)
    full = (scene.shape[1], scene.shape[0])
    return np.asarray(cv2.resize(found, full, interpolation=cv2.INTER_LINEAR) > 0.5)
