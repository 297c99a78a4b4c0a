"""One tile of the document: alphas solved front to back, colours projected, integers chosen.

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
from layersplit.restore.mattes import quantised, solve_matte

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
    source = plan.source[inner.slices]
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
    target = _values(plan, tile)
    uncovered = np.ones(target.shape[:2], np.float32)
    keep = inner.moved(-tile.x, -tile.y).slices
    out: list[Solved] = []
    for index, layer in reversed(list(enumerate(evidence.above, start=1))):
        if layer is None:
            continue
        part = grid.outer(layer.bounds).intersection(tile)
        if part.is_empty:
            continue
        place = part.moved(-tile.x, -tile.y).slices
        seen, clear = np.ascontiguousarray(target[place]), np.ascontiguousarray(uncovered[place])
        matte = solve_matte(layer, grid, part, seen, clear)
        if matte is None:
            continue
        alpha = quantised(matte.alpha, full)
        share, shown = alpha[..., None], (clear * alpha)[..., None]
        colour = matte.foreground
        if plan.colours == "source":
            colour = colour + (seen - colour) * np.clip((shown - 0.9) * 10, 0, 1)
        out.append(_placed(index, alpha, colour, place=place, tile=tile, keep=keep))
        bare = (seen - share * matte.foreground) / np.maximum(1 - share, np.float32(0.05))
        trust = np.clip((1 - share - 0.25) / 0.5, 0, 1)
        peeled = np.clip(matte.background + (bare - matte.background) * trust, 0, 1)
        target[place] = np.where(share > 0, peeled, seen)
        uncovered[place] = clear * (1 - alpha)
    ground = grid.enlarged(evidence.colour, (0, 0), inner, cubic=False)
    if plan.colours == "source":
        shows = np.clip((uncovered[keep] - 0.05) * 4, 0, 1)[..., None]
        ground = ground + (target[keep] - ground) * shows
    out.append(Solved(0, np.ones(ground.shape[:2], np.float32), ground))
    out.reverse()
    return out


def _values(plan: Plan, tile: Bounds) -> F32:
    """The picture's colours in the tile, 0..1 nominally; continued where it is transparent."""
    source = plan.source[tile.slices]
    values = in_fractions(source[..., :3])
    if plan.has_alpha:
        nothing = source[..., 3] <= 0
        if nothing.any():
            smooth = plan.evidence.grid.enlarged(plan.evidence.picture, (0, 0), tile, cubic=False)
            values[nothing] = smooth[nothing]
    return values


def _placed(
    index: int,
    alpha: F32,
    colour: F32,
    *,
    place: tuple[slice, slice],
    tile: Bounds,
    keep: tuple[slice, slice],
) -> Solved:
    """A solved part of the tile on the whole of its inner part, transparent elsewhere."""
    whole_alpha = np.zeros((tile.height, tile.width), np.float32)
    whole_colour = np.zeros((tile.height, tile.width, 3), np.float32)
    whole_alpha[place], whole_colour[place] = alpha, colour
    return Solved(index, whole_alpha[keep], whole_colour[keep])
