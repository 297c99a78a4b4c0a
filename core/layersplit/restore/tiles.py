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
from layersplit.restore.evidence import Evidence, LayerEvidence
from layersplit.restore.finish import Solved, exact_layers, stored_layer
from layersplit.restore.mattes import Matte, solve_matte
from layersplit.restore.pixel_lists import gathered, interleaved, planes, scattered
from layersplit.restore.units import in_fractions

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
    tile = inner.moved(-inner.x, -inner.y)
    layers = (
        exact_layers(source, solved, plan.arithmetic)
        if exact
        else {layer.index: stored_layer(layer, tile, source.dtype) for layer in solved}
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
    out: list[Solved] = []
    here = _layers_in(evidence, tile)
    for index, layer, part in here:
        place = part.moved(-tile.x, -tile.y).slices
        seen, clear = np.ascontiguousarray(target[place]), np.ascontiguousarray(uncovered[place])
        needed = inner if index == here[-1][0] else tile
        matte = solve_matte(
            layer,
            grid,
            part,
            needed=needed.intersection(part),
            target=seen,
            uncovered=clear,
            full=full,
        )
        if matte is None:
            continue
        _peel(matte, seen, clear, own_colour=plan.colours == "source")
        if part != tile:
            target[place], uncovered[place] = seen, clear
        if part.intersection(inner).is_empty:
            continue  # it only lies in the margin
        out.append(
            Solved(
                index=index,
                bounds=part.moved(-inner.x, -inner.y),
                alpha=matte.alpha,
                near=matte.near,
                colour=matte.foreground,
            )
        )
    keep = inner.moved(-tile.x, -tile.y).slices
    ground = grid.enlarged(evidence.paint, (0, 0), inner, cubic=False)
    if plan.colours == "source":
        _uncover(ground, target[keep], uncovered[keep])
    everywhere = np.ones(ground.shape[:2], bool)
    out.append(
        Solved(
            index=0,
            bounds=inner.moved(-inner.x, -inner.y),
            alpha=everywhere.astype(np.float32),
            near=everywhere,
            colour=ground,
        )
    )
    out.reverse()
    return out


def _layers_in(evidence: Evidence, tile: Bounds) -> list[tuple[int, LayerEvidence, Bounds]]:
    """Number, evidence and place of every layer that may be seen in ``tile``, front first."""
    out = []
    for index, layer in enumerate(evidence.above, start=1):
        part = None if layer is None else layer.seen_in(evidence.grid, tile)
        if layer is not None and part is not None:
            out.append((index, layer, part))
    return out[::-1]


def _uncover(ground: F32, bare: F32, uncovered: F32) -> None:
    """Give ``ground`` (h, w, 4), in place, the picture's colours where they show through."""
    shows = np.ascontiguousarray(np.clip((uncovered - np.float32(0.05)) * 4, 0, 1))
    partly = np.flatnonzero((shows > 0) & (uncovered < 1))
    if not partly.size:
        return
    colours = planes(gathered(ground, partly))
    found = planes(gathered(np.ascontiguousarray(bare), partly))
    colours += (found - colours) * shows.reshape(-1).take(partly)
    scattered(ground, partly, interleaved(colours))


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
            values[nothing] = smooth[nothing]
    values[..., 3] = 1
    return values


def _peel(matte: Matte, target: F32, uncovered: F32, *, own_colour: bool) -> None:
    """Take the layer off ``target`` and add its cover, in place, where it is neither 0 nor 1.

    With ``own_colour`` the layer's colour becomes the picture's where it shows nearly alone. What
    an opaque layer hides stays as it is in ``target``: it is never looked at.
    """
    partial = np.flatnonzero((matte.alpha > 0) & (matte.alpha < 1))
    if partial.size and matte.background is not None:
        share = matte.alpha.reshape(-1).take(partial)
        own, seen, below = (
            planes(gathered(raster, partial))
            for raster in (matte.foreground, target, matte.background)
        )
        clear = 1 - share
        bare = (seen - share * own) / np.maximum(clear, np.float32(0.05))
        trust = np.clip(clear * 2 - np.float32(0.5), 0, 1)
        bare = np.clip(below + (bare - below) * trust, 0, 1)
        scattered(target, partial, interleaved(bare))
        if own_colour:
            shown = uncovered.reshape(-1).take(partial) * share
            own += (seen - own) * np.clip((shown - np.float32(0.9)) * 10, 0, 1)
            scattered(matte.foreground, partial, interleaved(own))
    uncovered *= 1 - matte.alpha
