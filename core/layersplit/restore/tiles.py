"""One tile of the document: alphas solved front to back, then colours that add up.

The tile is solved with a margin around it, so that distances and local means see past its border;
only the inner part is written. Tiles know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from layersplit.domain import F32, Arithmetic, Bounds, Colours, Pixels
from layersplit.pixels.compositing import peak
from layersplit.restore.canvases import Canvas
from layersplit.restore.document_alpha import show_through
from layersplit.restore.evidence import Evidence
from layersplit.restore.finish import Solved, exact_layers, in_fractions, stored_layers
from layersplit.restore.mattes import Matte, solve_matte

HALO: Final = 4.0
"""Margin around a tile, in small pixels: further than any candidate reaches."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What every tile needs; ``canvases`` bottom first, None for a blank layer."""

    evidence: Evidence
    source: Pixels
    canvases: tuple[Canvas | None, ...]
    arithmetic: Arithmetic
    colours: Colours
    has_alpha: bool


def restore_tile(plan: Plan, inner: Bounds) -> None:
    """Solve the document pixels of ``inner`` and write them to the canvases."""
    source: Pixels = plan.source[inner.slices].copy()
    solved = _solve(plan, inner)
    exact = plan.colours == "source"
    layers = (
        exact_layers(source, solved, plan.arithmetic) if exact else stored_layers(source, solved)
    )
    if plan.has_alpha:
        show_through(source, solved, layers, plan.arithmetic, exact=exact)
    for index, pixels in layers.items():
        canvas = plan.canvases[index]
        if canvas is not None:
            canvas.write(inner, pixels)


def _solve(plan: Plan, inner: Bounds) -> list[Solved]:
    """Alphas and colours of the layers that appear in the tile, bottom first."""
    evidence, grid = plan.evidence, plan.evidence.grid
    tile = inner.padded(int(np.ceil(HALO * grid.scale))).intersection(grid.document.bounds)
    full = peak(plan.source.dtype)
    target = _target(plan, tile)
    uncovered = np.ones(target.shape[:2], np.float32)
    keep = inner.moved(-tile.x, -tile.y).slices
    out: list[Solved] = []
    for index, layer in reversed(list(enumerate(evidence.above, start=1))):
        part = None if layer is None else layer.seen_in(grid, tile)
        if layer is None or part is None:
            continue
        place = part.moved(-tile.x, -tile.y).slices
        seen, clear = np.ascontiguousarray(target[place]), np.ascontiguousarray(uncovered[place])
        matte = solve_matte(layer, grid, part, target=seen, uncovered=clear, full=full)
        if matte is None:
            continue
        _peel(matte, seen, clear, own_colour=plan.colours == "source")
        target[place], uncovered[place] = seen, clear
        alpha = np.zeros(uncovered.shape, np.float32)
        colour = np.zeros((*uncovered.shape, 3), np.float32)
        near = np.zeros(uncovered.shape, bool)
        alpha[place], near[place], colour[place] = matte.alpha, matte.near, matte.foreground
        out.append(Solved(index, alpha[keep], near[keep], colour[keep]))
    ground = grid.enlarged(evidence.colour, (0, 0), inner, cubic=False)
    if plan.colours == "source":
        shows = np.clip((uncovered[keep] - np.float32(0.05)) * 4, 0, 1)
        partly = np.flatnonzero((shows > 0) & (uncovered[keep] < 1))
        flat = ground.reshape(-1, 3)
        bare = target[keep].reshape(-1, 4)[partly, :3]
        flat[partly] += (bare - flat[partly]) * shows.reshape(-1)[partly, None]
    everywhere = np.ones(ground.shape[:2], bool)
    out.append(Solved(0, everywhere.astype(np.float32), everywhere, ground))
    out.reverse()
    return out


def _target(plan: Plan, tile: Bounds) -> F32:
    """The picture's colours in the tile, (h, w, 4) with 1 in the fourth channel.

    Where the picture is transparent its surroundings are continued.
    """
    source = plan.source[tile.slices]
    values = in_fractions(source)
    if plan.has_alpha:
        nothing = source[..., 3] <= 0
        if nothing.any():
            picture = plan.evidence.picture
            smooth = plan.evidence.grid.enlarged(picture, (0, 0), tile, cubic=False)
            values[nothing, :3] = smooth[nothing]
    values[..., 3] = 1
    return values


def _peel(matte: Matte, target: F32, uncovered: F32, *, own_colour: bool) -> None:
    """Take the layer off ``target`` and add its cover, in place, where it is neither 0 nor 1.

    With ``own_colour`` the layer's colour becomes the picture's where it shows nearly alone. What
    an opaque layer hides stays as it is in ``target``: it is never looked at.
    """
    partial = np.flatnonzero((matte.alpha > 0) & (matte.alpha < 1))
    if partial.size and matte.background is not None:
        share = matte.alpha.reshape(-1)[partial, None]
        colours = matte.foreground.reshape(-1, 3)
        own, flat = colours[partial], target.reshape(-1, 4)
        seen, below = flat[partial, :3], matte.background.reshape(-1, 3)[partial]
        clear = 1 - share
        bare = (seen - share * own) / np.maximum(clear, np.float32(0.05))
        trust = np.clip(clear * 2 - np.float32(0.5), 0, 1)
        flat[partial, :3] = np.clip(below + (bare - below) * trust, 0, 1)
        if own_colour:
            shown = uncovered.reshape(-1)[partial, None] * share
            own += (seen - own) * np.clip((shown - np.float32(0.9)) * 10, 0, 1)
            colours[partial] = own
    uncovered *= 1 - matte.alpha
