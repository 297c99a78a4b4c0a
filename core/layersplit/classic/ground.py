"""Where is the background? Several ways to see it, the most certain first.

Transparent places of the document; a regular pattern of few colours; even places that reach the
border; and where nothing of this holds, what does not stand out (saliency and graph cut).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.checks.cutting import cut
from layersplit.checks.superpixels import find_pieces
from layersplit.classic.palette import NEAR, pattern_distance
from layersplit.classic.saliency import saliency
from layersplit.classic.scene import Scene
from layersplit.classic.zones import distinct, find_zones, slope, with_pockets
from layersplit.domain import F32, Mask

SAME: Final = 6.0
"""Lab distance up to which a pixel is of the colour that the background has nearby."""
LEAST_SHARE: Final = 0.06
"""Share of the picture from which an even background is believed."""
CUT_AREA_PX: Final = 400 * 400
PIECES_AREA_PX: Final = 200 * 200
PIECES: Final = 300
ROUGH: Final = (0.25, 0.5)
"""How much more steeply than usual (Lab units a pixel) a tenth of a drawn ground slopes, and of a
photographed one."""
STEEP: Final = (10.0, 16.0)
"""Steepest slope beside most outlines of things: in photos, and in drawings."""
DOUBTED: Final = 0.5
"""Share of the confidence that a photographed ground costs."""
UNSURE: Final = 0.6
"""Confidence below which the user is told what would help."""
_CROSS: Final = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What lies behind, and what stands before it.

    ``figure``: (h, w) what stands before it; ``behind``: (h, w) what is certainly background;
    ``planes``: floors and the like, each (h, w), in neither of both; ``away``: (h, w) f32, how far
    each pixel is from what lies behind it, ground or plane, in Lab units, where that is known;
    ``confidence``: 0..1; ``is_nothing``: whether the background is the document's transparency.
    """

    figure: Mask
    behind: Mask
    planes: tuple[Mask, ...] = ()
    away: F32 | None = None
    confidence: float
    is_nothing: bool = False

    @property
    def is_even(self) -> bool:
        """Whether outlines can be trusted to the pixel."""
        return self.away is not None or self.is_nothing

    @property
    def strokes(self) -> Mask:
        """The figure without the antialiased rims that make small letters touch: (h, w)."""
        if self.away is None:
            return self.figure
        return self.figure & distinct(self.away)


def find_ground(scene: Scene, *, opaque: bool = False) -> Ground:
    """Separate the background from what stands before it.

    ``opaque``: do not take transparent places for the background.
    """
    clear = ~scene.solid
    if not opaque and float(clear.mean()) > 0.02 and _of_border(clear) > 0.2:
        return Ground(figure=scene.solid, behind=clear, confidence=1.0, is_nothing=True)
    away = pattern_distance(scene)
    if away is not None:
        off = cv2.morphologyEx((away > NEAR).astype(np.uint8), cv2.MORPH_OPEN, _CROSS)
        figure = np.asarray(off > 0)
        return Ground(figure=figure, behind=~figure, away=away, confidence=0.85)
    return _even_ground(scene) or _by_saliency(scene)


def _even_ground(scene: Scene) -> Ground | None:
    zones = find_zones(scene)
    if zones is None:
        return None
    zones, away = with_pockets(scene.lab, zones, SAME)
    ground = zones.ground
    share = float(np.any([ground, *zones.planes], axis=0).mean())
    if share < LEAST_SHARE:
        return None
    figure = ~ground
    for plane in zones.planes:
        figure &= ~plane & ~(_near(plane) & _near(ground))
    confidence = 0.55 + 0.4 * min(1.0, 2 * share)
    return Ground(
        figure=figure,
        behind=ground,
        planes=zones.planes,
        away=away,
        confidence=confidence * (1 - DOUBTED * _photographic(scene, ground, figure)),
    )


def _photographic(scene: Scene, ground: Mask, figure: Mask) -> float:
    """How much an even ground looks like the blurred one of a photo, 0..1.

    A drawn ground is flat or slopes evenly, and what stands before it ends within a pixel or two.
    """
    steep = slope(scene.lab)
    rough = float(np.subtract(*np.percentile(steep[ground], (90, 50))))
    things = (
        cv2.morphologyEx(figure.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0
    )
    rim = _near(things) & ~things & ~figure
    steepest = cv2.dilate(steep, np.ones((7, 7), np.uint8))
    crisp = float(np.median(steepest[rim])) if rim.any() else STEEP[1]
    is_rough = np.interp(rough, ROUGH, (0, 1))
    return float(is_rough * np.interp(crisp, STEEP, (1, 0)))


def _by_saliency(scene: Scene) -> Ground:
    figure = subject_of(scene)
    return Ground(figure=figure, behind=~figure, confidence=0.3)


def _near(mask: Mask) -> Mask:
    """The mask and the antialiased rim around it."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)


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
    found = cut(small.rgb, trimap).astype(np.float32)
    full = (scene.shape[1], scene.shape[0])
    return np.asarray(cv2.resize(found, full, interpolation=cv2.INTER_LINEAR) > 0.5)
