"""What a provider's answer says about every layer, prepared on the small raster.

Each layer gets a clean alpha, a colour that is defined everywhere and a gate that says where its
edge is sharp. The tiles at full resolution only read this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, Bounds
from layersplit.pixels.channels import spread
from layersplit.pixels.pyramid import push_pull
from layersplit.restore.grid import Grid
from layersplit.restore.smooth import box_mean, gaussian

FAINT: Final = (np.float32(0.003), np.float32(0.009))
"""Local mean of alpha up to which it is nothing and from which it is meant; more if it is noisy."""
NOISE_STEPS: Final = (np.float32(2.7), np.float32(5.4))
"""The same in units of the least local mean, which is about 0.3 deviations of clipped noise."""
SOFT_BLUR_PX: Final = 1.0
"""Smoothing of alpha where it has no edge: the noise goes, the shape stays."""
GATE: Final = (np.float32(0.08), np.float32(0.25))
"""Local range of alpha at which an edge begins to count as sharp, and at which it surely is."""
SEEN: Final = np.float32(0.004)
"""A cleaned alpha below this is nothing."""
REACH_PX: Final = 3
"""How far around a small pixel cubic interpolation and the sharp band may reach."""
MARGIN_PX: Final = 4
"""Small pixels kept around a layer's content: its edge may lie a little further out."""


@dataclass(frozen=True, eq=False)
class SmallLayer:
    """A provider's layer on the grid: ``alpha`` (h, w), ``colour`` (h, w, 3), document values."""

    alpha: F32
    colour: F32


@dataclass(frozen=True, eq=False)
class CleanLayer:
    """The same without noise, its colour defined everywhere; ``gate`` (h, w): sharpness, 0..1."""

    alpha: F32
    colour: F32
    gate: F32


@dataclass(frozen=True, eq=False)
class LayerEvidence:
    """One layer, cropped to its content. Everything f32 on the grid.

    ``bounds``: where the crop lies on the grid. ``alpha`` (h, w). ``paint`` (h, w, 4): the layer's
    colour, and in the fourth channel how sharp its edge is; enlarging four channels takes a third
    of the time of three and one. ``below`` (h, w, 4): the composite of all layers under it, and 1.
    """

    bounds: Bounds
    alpha: F32
    paint: F32
    below: F32

    @property
    def corner(self) -> tuple[int, int]:
        """The grid pixel (x, y) at which the arrays begin."""
        return (self.bounds.x, self.bounds.y)

    def seen_in(self, grid: Grid, part: Bounds) -> Bounds | None:
        """The smallest bounds inside the document pixels ``part`` that may hold something of it."""
        here = grid.under(part, REACH_PX).intersection(self.bounds)
        if here.is_empty:
            return None
        place = content(self.alpha[here.moved(-self.bounds.x, -self.bounds.y).slices])
        if place is None:
            return None
        around = place.moved(here.x, here.y).padded(REACH_PX).intersection(self.bounds)
        found = grid.outer(around).intersection(part)
        return None if found.is_empty else found


@dataclass(frozen=True, eq=False)
class Evidence:
    """The whole answer: the bottom's ``paint``, and the layers above (None: blank).

    ``picture``: the small picture, continued into transparent places. Both (h, w, 4), with 1 in the
    fourth channel.
    """

    grid: Grid
    picture: F32
    paint: F32
    above: tuple[LayerEvidence | None, ...]


def clean(layer: SmallLayer, *, bottom: bool) -> CleanLayer:
    """Free alpha from noise where it is nearly 0 or 1, and continue colours to where none is.

    Alpha in between keeps its level, so shadows and glass stay as strong as they were. The bottom
    becomes opaque.
    """
    alpha = _settled(layer.alpha)
    alpha = 1 - _settled(1 - alpha)
    gate = _gate(alpha)
    smooth = gaussian(alpha, SOFT_BLUR_PX)
    alpha = smooth + (alpha - smooth) * gate
    colour = push_pull(layer.colour, np.clip(alpha * 4 - np.float32(0.1), 0, 1))
    return CleanLayer(np.ones_like(alpha) if bottom else alpha, colour, gate)


def _settled(alpha: F32) -> F32:
    """Alpha with 0 where its surroundings are no more than noise."""
    around = box_mean(alpha, 2)
    empty = around[around < 0.1]
    if empty.size == 0:
        return alpha
    least = np.float32(np.quantile(empty, 0.2))
    low, high = (max(faint, least * step) for faint, step in zip(FAINT, NOISE_STEPS, strict=True))
    meant = np.clip((around - low) / (high - low), 0, 1)
    return np.asarray(alpha * (meant * meant * (3 - 2 * meant)), np.float32)


def gather(grid: Grid, picture: F32, layers: Sequence[CleanLayer]) -> Evidence:
    """Prepare clean, harmonised ``layers`` (bottom first) for ``picture`` (h, w, 3)."""
    bottom, *above = layers
    full = np.ones(picture.shape[:2], np.float32)
    below = bottom.colour
    prepared: list[LayerEvidence | None] = []
    for layer in above:
        prepared.append(_prepared(layer, below, full))
        below = below + spread(layer.alpha) * (layer.colour - below)
    return Evidence(
        grid=grid,
        picture=np.dstack([picture, full]),
        paint=np.dstack([bottom.colour, full]),
        above=tuple(prepared),
    )


def _prepared(layer: CleanLayer, below: F32, full: F32) -> LayerEvidence | None:
    tight = content(layer.alpha)
    if tight is None:
        return None
    height, width = layer.alpha.shape
    place = tight.padded(MARGIN_PX).intersection(Bounds(x=0, y=0, width=width, height=height))
    crop = place.slices
    return LayerEvidence(
        bounds=place,
        alpha=layer.alpha[crop].copy(),
        paint=np.dstack([layer.colour[crop], layer.gate[crop]]),
        below=np.dstack([below[crop], full[crop]]),
    )


def content(alpha: F32) -> Bounds | None:
    """The smallest bounds around everything that is painted; None when nothing is."""
    painted = alpha > SEEN
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    if not rows.size:
        return None
    x, y = int(columns[0]), int(rows[0])
    return Bounds(x=x, y=y, width=int(columns[-1]) + 1 - x, height=int(rows[-1]) + 1 - y)


def _gate(alpha: F32) -> F32:
    """How sharp the edge near each pixel is: a smooth step over the local range of alpha."""
    near: U8 = np.ones((3, 3), np.uint8)
    reach = cv2.dilate(cv2.dilate(alpha, near) - cv2.erode(alpha, near), near)
    step = np.clip((reach - GATE[0]) / (GATE[1] - GATE[0]), 0, 1)
    return np.asarray(step * step * (3 - 2 * step), np.float32)
