"""One layer's alpha at full resolution, from the picture and the enlarged evidence.

Sharp edges are solved on the colour line (unblend.py). Soft ones keep the smooth enlarged alpha: a
guided filter was measured to copy the picture's texture into them. Works on a tile, front layer
first: each layer is solved against what is left of the picture when everything in front is taken
off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, Bounds, Mask
from layersplit.restore import unblend
from layersplit.restore.evidence import SEEN, LayerEvidence
from layersplit.restore.grid import Grid
from layersplit.restore.pixel_lists import Index, gathered, interleaved, planes, scattered

BAND: Final = np.float32(0.02)
"""Sharpness from which a pixel is solved on the colour line."""
LEAST_UNCOVERED: Final = np.float32(0.2)
"""Under more cover than this leaves there is nothing to solve from."""
NEAR: Final = np.float32(1 / 512)
"""Enlarged alpha from which a layer keeps its colour even where it ends up transparent: editors
that interpolate straight colours then find no dark rim."""
SNAP: Final = np.float32(2.5 / 255)
"""Alpha nearer than this to 0 or 1 is 0 or 1: layers must not touch by noise."""


@dataclass(frozen=True, eq=False)
class Matte:
    """A layer inside a tile: ``alpha`` (h, w) as the document stores it, 0..1.

    ``near`` (h, w): where it is, or nearly is. ``foreground`` (h, w, 4): its colour; ``background``
    (h, w, 4): that of what is below, None where alpha is nowhere between 0 and 1. The fourth
    channel of both has no meaning.
    """

    alpha: F32
    near: Mask
    foreground: F32
    background: F32 | None


def solve_matte(
    layer: LayerEvidence,
    grid: Grid,
    part: Bounds,
    *,
    needed: Bounds,
    target: F32,
    uncovered: F32,
    full: float,
) -> Matte | None:
    """Solve ``layer`` at the document pixels of ``part``; None when nothing of it lies there.

    ``needed``: the pixels of ``part`` whose sharp edges are solved; the others stay rough.
    ``target`` (h, w, 4): the picture without the layers in front, and 1. ``uncovered`` (h, w): how
    much they let through. ``full``: the stored alpha that means 1.
    """
    rough = grid.enlarged(layer.alpha, layer.corner, part, cubic=True)
    np.clip(rough, 0, 1, out=rough)
    if float(rough.max()) <= SEEN:
        return None
    near = rough > NEAR
    foreground = grid.enlarged(layer.paint, layer.corner, part, cubic=False)
    gate = np.asarray(cv2.extractChannel(foreground, 3), np.float32)
    sharp = gate > BAND
    if not sharp.any():
        alpha = stored(rough, full)
        if np.all((alpha == 0) | (alpha == 1)):
            return Matte(alpha, near, foreground, None)
        background = grid.enlarged(layer.below, layer.corner, part, cubic=False)
        return Matte(alpha, near, foreground, background)
    background = grid.enlarged(layer.below, layer.corner, part, cubic=False)
    purely = unblend.pure(rough, uncovered)
    decided = purely[0] | purely[1]
    undecided = sharp & (uncovered > LEAST_UNCOVERED) & ~decided
    index = _inside(undecided, needed.moved(-part.x, -part.y))
    rough += (purely[0].astype(np.float32) - rough * decided) * gate
    if index.size:
        visible = uncovered.reshape(-1).take(index)
        visible = np.clip((visible - LEAST_UNCOVERED) / np.float32(0.3), 0, 1)
        share = gate.reshape(-1).take(index) * visible
        _unblend(
            target,
            rough,
            purely=purely,
            index=index,
            share=share,
            colours=(foreground, background),
            scale=grid.scale,
        )
    return Matte(stored(rough, full), near, foreground, background)


def _inside(mask: Mask, part: Bounds) -> Index:
    """The flat numbers of the pixels of ``mask`` (h, w) that are set and lie in ``part``."""
    inside = np.zeros_like(mask)
    inside[part.slices] = mask[part.slices]
    return np.flatnonzero(inside)


def _unblend(
    target: F32,
    rough: F32,
    *,
    purely: tuple[Mask, Mask],
    index: Index,
    share: F32,
    colours: tuple[F32, F32],
    scale: float,
) -> None:
    """Solve the pixels ``index`` and take ``share`` (n,) of the solution, in place.

    ``colours``: foreground and background, (h, w, 4) each, changed where the layer is.
    """
    model = planes(gathered(colours[0], index)), planes(gathered(colours[1], index))
    band = unblend.solve(target, rough, purely=purely, index=index, model=model, scale=scale)
    guess = rough.reshape(-1).take(index)
    alpha = guess + (band.alpha - guess) * share
    rough.reshape(-1)[index] = alpha
    kept = np.flatnonzero(alpha > 0)
    share, places = share.take(kept), index.take(kept)
    for raster, own, found in zip(colours, model, (band.foreground, band.background), strict=True):
        before = own.take(kept, axis=1)
        after = before + (found.take(kept, axis=1) - before) * share
        scattered(raster, places, interleaved(after))


def stored(alpha: F32, full: float) -> F32:
    """Alpha (changed in place) as the document stores it, still as 0..1; ``full`` 1: floats."""
    if full != 1:
        alpha *= np.float32(full)
        np.rint(alpha, out=alpha)
        alpha *= np.float32(1 / full)
    alpha[alpha < SNAP] = 0
    alpha[alpha > 1 - SNAP] = 1
    return alpha
