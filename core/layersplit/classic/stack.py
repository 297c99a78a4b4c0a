"""From masks to layers: soft edges, and what each layer shows where another one hides it.

Every thing has a mask of its whole extent, hidden parts included. Its colours come from its own
visible pixels alone, continued into what is hidden, so nothing of a neighbour bleeds into it. Edges
are found from the back to the front: a pixel of an edge is a mixture of the thing and of what the
layers below show there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.classic.fill import fill
from layersplit.classic.masks import grown
from layersplit.classic.scene import Scene
from layersplit.classic.shadow import Shadow
from layersplit.domain import F32, Mask, ModelLayer
from layersplit.run import Run

BAND_PX: Final = 2
"""How far around a mask's outline its edge pixels lie."""
FAINT: Final = 8.0
"""Difference from the ground (0..255) below which an edge cannot be measured."""
SHADOW: Final = "shadow"
_SQUARE: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutout:
    """One thing: ``mask`` (h, w) of its whole extent, its layer's name and confidence.

    ``reach_px``: how far from an edge pixel the thing's own colour is found at most; more than a
    stroke for thin things of one colour (text), a few pixels for others.
    """

    mask: Mask
    name: str | None = None
    confidence: float = 0.8
    reach_px: int = 2


def stacked(
    scene: Scene,
    cutouts: Sequence[Cutout],
    ground: Cutout,
    run: Run,
    shadow: Shadow | None = None,
) -> tuple[ModelLayer, ...]:
    """Layers of ``scene``, bottom first: the ground, its ``shadow``, ``cutouts`` in their order."""
    values = scene.rgb.astype(np.float32)
    in_front = _in_front([ground.mask, *(cutout.mask for cutout in cutouts)])
    alpha = np.ones(values.shape[:2], np.float32)
    if shadow is None:
        below = fill(values, ~ground.mask | grown(in_front[0], BAND_PX), run)
        layers = [_layer(below, alpha, ground)]
    else:
        dark = Cutout(mask=shadow.alpha > 0, name=SHADOW, confidence=ground.confidence)
        black = np.zeros_like(values)
        layers = [_layer(shadow.lit, alpha, ground), _layer(black, shadow.alpha, dark)]
        below = shadow.lit * (1 - shadow.alpha[..., None])
    for at, cutout in enumerate(cutouts, start=1):
        run.progress("provider", 0.55 + 0.4 * at / len(cutouts), "Filling what is hidden")
        hidden = in_front[at]
        shown = scene.solid & ~cutout.mask & ~hidden
        alpha = soft_edge(values, below, cutout.mask, shown, cutout.reach_px)
        own = _own_colours(values, alpha, cutout.mask, hidden, run)
        layers.append(_layer(own, alpha, cutout))
        below = below + (own - below) * alpha[..., None]
    return tuple(layers)


def _in_front(masks: Sequence[Mask]) -> list[Mask]:
    """For each mask, what lies before it."""
    before = np.zeros_like(masks[0])
    found = []
    for mask in reversed(masks):
        found.append(before)
        before = before | mask
    return found[::-1]


def soft_edge(values: F32, below: F32, mask: Mask, shown: Mask, reach_px: int) -> F32:
    """Coverage of a thing, soft in the pixels of its edge: (h, w) f32 0..1.

    The pixel nearby that differs most from what lies below is the thing itself; the share of the
    way from below to it that a pixel has gone is its coverage. ``values``, ``below``: (h, w, 3) f32
    0..255. Far from where what lies below is ``shown`` (h, w), ``below`` is a guess and proves
    nothing: there the edge is as soft as a pixel.
    """
    near = grown(mask, BAND_PX)
    core = cv2.erode(mask.astype(np.uint8), _SQUARE) > 0
    difference = values - below
    away = np.linalg.norm(difference, axis=-1).astype(np.float32)
    away[~near] = 0
    window = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
    most = cv2.dilate(np.where(mask, away, 0).astype(np.float32), window)
    if reach_px > BAND_PX:
        own = _stroke_colour(values, mask & (away > 0.9 * most), reach_px) - below
        along = np.square(own).sum(-1)
        measured = (difference * own).sum(-1) / np.maximum(along, 1e-3)
        most = np.sqrt(along)
    else:
        measured = np.where(core, 1, away / np.maximum(most, 1e-3))
    plain = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    can_measure = (most > FAINT) & grown(shown, BAND_PX + 1)
    alpha = np.where(can_measure, measured, plain)
    return np.asarray(np.clip(np.where(near, alpha, 0), 0, 1), np.float32)


def _stroke_colour(values: F32, pure: Mask, reach_px: int) -> F32:
    """The colour of thin strokes around each pixel, from their purest pixels: (h, w, 3)."""
    side = 4 * reach_px + 1
    weight = cv2.blur(pure.astype(np.float32), (side, side))
    total = cv2.blur(values * pure[..., None], (side, side))
    return np.asarray(total / np.maximum(weight, 1e-6)[..., None], np.float32)


def _own_colours(values: F32, alpha: F32, mask: Mask, hidden: Mask, run: Run) -> F32:
    """The thing's colours over its whole extent and a little around it."""
    rows, columns = (
        np.flatnonzero((alpha > 0).any(1)),
        np.flatnonzero((alpha > 0).any(0)),
    )
    if not rows.size:
        return values
    pad = 4
    view = (
        slice(max(0, int(rows[0]) - pad), int(rows[-1]) + 1 + pad),
        slice(max(0, int(columns[0]) - pad), int(columns[-1]) + 1 + pad),
    )
    sure = (alpha[view] > 0.97) & mask[view] & ~grown(hidden, 1)[view]
    inner = sure & (cv2.erode(sure.astype(np.uint8), _SQUARE) > 0)
    known = inner if int(inner.sum()) > 0.3 * int(sure.sum()) else sure
    if not known.any():
        known = mask[view] & ~hidden[view]
    own = values.copy()
    if known.any():
        own[view] = fill(values[view], ~known, run, where=mask[view] & hidden[view])
    return own


def _layer(values: F32, alpha: F32, cutout: Cutout) -> ModelLayer:
    pixels = np.dstack([np.clip(values, 0, 255), alpha * 255])
    return ModelLayer(
        pixels=np.rint(pixels).astype(np.uint8),
        name=cutout.name,
        confidence=cutout.confidence,
    )
