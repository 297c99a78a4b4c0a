"""What a provider's answer says about every layer, prepared on the small raster.

Each layer gets a clean alpha, a colour that is defined everywhere, coefficients for its soft parts
and a gate that says where its edge is sharp. The tiles at full resolution only read this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, Bounds
from layersplit.pixels.pyramid import push_pull
from layersplit.restore.grid import Grid
from layersplit.restore.guided import Guide, box_mean, guide

FAINT: Final = np.float32(0.012)
"""Alpha below this is the codec's noise; the range above is stretched to 0..1."""
SEEN: Final = np.float32(0.004)
"""A cleaned alpha below this is nothing."""
MARGIN_PX: Final = 4
"""Small pixels kept around a layer's content: its edge may lie a little further out."""
GATE: Final = (np.float32(0.08), np.float32(0.25))
"""Local range of alpha at which an edge begins to count as sharp, and at which it surely is."""


@dataclass(frozen=True, eq=False)
class SmallLayer:
    """A provider's layer on the grid: ``alpha`` (h, w), ``colour`` (h, w, 3), document values."""

    alpha: F32
    colour: F32


@dataclass(frozen=True, eq=False)
class LayerEvidence:
    """One layer, cropped to its content. Everything (h, w) or (h, w, c) f32 on the grid.

    ``bounds``: where the crop lies on the grid. ``below``: the composite of all layers under it.
    ``own_soft`` and ``covered_soft``: coefficients that predict the layer's visibility, and that of
    it and everything below, from the picture. ``gate``: 1 where the edge is sharp. ``spread``:
    local standard deviation of the colour.
    """

    bounds: Bounds
    alpha: F32
    colour: F32
    below: F32
    own_soft: F32
    covered_soft: F32
    gate: F32
    spread: F32

    @property
    def corner(self) -> tuple[int, int]:
        """The grid pixel (x, y) at which the arrays begin."""
        return (self.bounds.x, self.bounds.y)


@dataclass(frozen=True, eq=False)
class Evidence:
    """The whole answer: the bottom's ``colour`` and ``spread``, and the layers above (None: blank).

    ``picture``: the small picture (h, w, 3), continued into transparent places.
    """

    grid: Grid
    picture: F32
    colour: F32
    spread: F32
    above: tuple[LayerEvidence | None, ...]


def clean(layer: SmallLayer) -> SmallLayer:
    """Stretch alpha past the noise, and continue the colours to where nothing is painted."""
    alpha = np.clip((layer.alpha - FAINT) / (1 - 2 * FAINT), 0, 1)
    return SmallLayer(alpha, push_pull(layer.colour, np.clip(alpha * 4 - np.float32(0.1), 0, 1)))


def gather(grid: Grid, picture: F32, layers: Sequence[SmallLayer]) -> Evidence:
    """Prepare clean, harmonised ``layers`` (bottom first) against ``picture`` (h, w, 3)."""
    bottom, *above = layers
    visible: list[F32] = []
    visibility = np.ones(bottom.alpha.shape, np.float32)
    for layer in reversed(above):
        visible.append(visibility * layer.alpha)
        visibility = visibility * (1 - layer.alpha)
    visible.reverse()
    fitter = guide(picture)
    below, covered = bottom.colour, visibility
    prepared: list[LayerEvidence | None] = []
    for layer, own in zip(above, visible, strict=True):
        covered = np.minimum(covered + own, 1)
        prepared.append(_prepared(layer, below, own, covered, fitter))
        below = below + layer.alpha[..., None] * (layer.colour - below)
    return Evidence(
        grid=grid,
        picture=picture,
        colour=bottom.colour,
        spread=_spread(bottom.colour),
        above=tuple(prepared),
    )


def _prepared(
    layer: SmallLayer, below: F32, own: F32, covered: F32, fitter: Guide
) -> LayerEvidence | None:
    place = _content(layer.alpha)
    if place is None:
        return None
    crop = place.slices
    return LayerEvidence(
        bounds=place,
        alpha=np.ascontiguousarray(layer.alpha[crop]),
        colour=np.ascontiguousarray(layer.colour[crop]),
        below=np.ascontiguousarray(below[crop]),
        own_soft=np.ascontiguousarray(fitter.fit(own)[crop]),
        covered_soft=np.ascontiguousarray(fitter.fit(covered)[crop]),
        gate=_gate(layer.alpha)[crop].copy(),
        spread=_spread(layer.colour)[crop].copy(),
    )


def _content(alpha: F32) -> Bounds | None:
    """The grid pixels around everything that is painted; None when nothing is."""
    painted = alpha > SEEN
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    if not rows.size:
        return None
    x, y = int(columns[0]), int(rows[0])
    tight = Bounds(x=x, y=y, width=int(columns[-1]) + 1 - x, height=int(rows[-1]) + 1 - y)
    height, width = alpha.shape
    return tight.padded(MARGIN_PX).intersection(Bounds(x=0, y=0, width=width, height=height))


def _gate(alpha: F32) -> F32:
    """How sharp the edge near each pixel is: a smooth step over the local range of alpha."""
    near: U8 = np.ones((3, 3), np.uint8)
    reach = cv2.dilate(cv2.dilate(alpha, near) - cv2.erode(alpha, near), near)
    step = np.clip((reach - GATE[0]) / (GATE[1] - GATE[0]), 0, 1)
    return np.asarray(step * step * (3 - 2 * step), np.float32)


def _spread(colour: F32) -> F32:
    """Local standard deviation of the mean channel over 3 x 3 pixels."""
    grey = np.ascontiguousarray(colour.mean(axis=-1, dtype=np.float32))
    variance = box_mean(grey * grey, 1) - box_mean(grey, 1) ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0)), np.float32)
