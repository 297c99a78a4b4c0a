"""One tile of the document: alphas solved front to back, colours projected, integers chosen.

The tile is solved with a margin around it, so that distances and local means see past its border;
only the inner part is written. Tiles know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Arithmetic, Bounds, Colours, Mask, Pixels
from layersplit.pixels.compositing import peak
from layersplit.restore.canvases import Canvas
from layersplit.restore.evidence import Evidence
from layersplit.restore.mattes import quantised, solve_matte
from layersplit.restore.projection import project, weights_of
from layersplit.restore.rounding import DEPTHS, exact_integers

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


@dataclass(frozen=True, eq=False)
class _Solved:
    """A layer on the inner part of the tile: ``alpha`` (h, w) as stored, ``colour`` (h, w, 3)."""

    index: int
    alpha: F32
    colour: F32


def restore_tile(plan: Plan, inner: Bounds) -> None:
    """Solve the document pixels of ``inner`` and write them to the canvases."""
    source = plan.source[inner.slices]
    solved = _solve(plan, inner)
    layers = _exact(plan, source, solved) if plan.colours == "source" else _modelled(plan, solved)
    if plan.has_alpha:
        _show_through(source, layers)
    for index, pixels in layers.items():
        canvas = plan.canvases[index]
        if canvas is not None:
            canvas.write(inner, pixels)


def _solve(plan: Plan, inner: Bounds) -> list[_Solved]:
    """Alphas and colours of the layers that appear in the tile, bottom first."""
    evidence, grid = plan.evidence, plan.evidence.grid
    tile = inner.padded(int(np.ceil(HALO * grid.scale))).intersection(grid.document.bounds)
    full = peak(plan.source.dtype)
    target = _values(plan, tile)
    uncovered = np.ones(target.shape[:2], np.float32)
    keep = inner.moved(-tile.x, -tile.y).slices
    out: list[_Solved] = []
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
    out.append(_Solved(0, np.ones(ground.shape[:2], np.float32), ground))
    out.reverse()
    return out


def _values(plan: Plan, tile: Bounds) -> F32:
    """The picture's colours in the tile, 0..1 nominally; continued where it is transparent."""
    source = plan.source[tile.slices]
    values = source[..., :3].astype(np.float32)
    if source.dtype == np.float32:
        np.nan_to_num(values, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    else:
        values *= np.float32(1 / peak(source.dtype))
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
) -> _Solved:
    """A solved part of the tile on the whole of its inner part, transparent elsewhere."""
    whole_alpha = np.zeros((tile.height, tile.width), np.float32)
    whole_colour = np.zeros((tile.height, tile.width, 3), np.float32)
    whole_alpha[place], whole_colour[place] = alpha, colour
    return _Solved(index, whole_alpha[keep], whole_colour[keep])


def _exact(plan: Plan, source: Pixels, solved: list[_Solved]) -> dict[int, Pixels]:
    """Colours that add up to the picture, as the document stores them: {layer: (h, w, 4)}."""
    height, width = source.shape[:2]
    picture = source.reshape(-1, 4)
    full = peak(source.dtype)
    alphas = [layer.alpha.reshape(-1) for layer in solved]
    colours = [layer.colour.reshape(-1, 3) for layer in solved]
    owner, mixed = _owners(alphas)
    out: dict[int, Pixels] = {}
    stored = []
    for position, (layer, alpha, colour) in enumerate(zip(solved, alphas, colours, strict=True)):
        pixels = np.empty((height * width, 4), source.dtype)
        pixels[:, :3] = _stored(colour, full)
        pixels[:, 3] = _stored(alpha, full)
        own = owner == position
        pixels[own, :3] = picture[own, :3]
        pixels[alpha == 0] = 0
        stored.append(pixels)
        out[layer.index] = pixels.reshape(height, width, 4)
    if mixed.size:
        chosen = _mixed(
            plan,
            picture[mixed],
            [alpha[mixed] for alpha in alphas],
            [colour[mixed] for colour in colours],
        )
        for pixels, alpha, colour in zip(stored, alphas, chosen, strict=True):
            painted = alpha[mixed] > 0
            pixels[mixed[painted], :3] = colour[painted]
    return out


def _owners(alphas: list[F32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.intp]]:
    """Which layer alone makes each pixel (-1: several), and the pixels that several make."""
    owner = np.full(alphas[0].shape, -1, np.int16)
    undecided: Mask = np.ones(alphas[0].shape, bool)
    mixed: Mask = np.zeros(alphas[0].shape, bool)
    for position in range(len(alphas) - 1, -1, -1):
        alpha = alphas[position]
        mixed |= undecided & (alpha > 0) & (alpha < 1)
        opaque = undecided & (alpha >= 1)
        owner[opaque & ~mixed] = position
        undecided &= ~opaque
    return owner, np.flatnonzero(mixed)


def _mixed(plan: Plan, picture: Pixels, alphas: list[F32], colours: list[F32]) -> list[Pixels]:
    """Projected and rounded colours of pixels that several layers share; lists bottom first."""
    full = peak(picture.dtype)
    goal = picture[:, :3].astype(np.float32) / np.float32(full)
    weights = weights_of(alphas[1:])
    fitted = project(goal, weights, colours)
    if full == 1:
        return _remainder(goal, weights, fitted)
    depth = DEPTHS[full]
    chosen = exact_integers(
        picture[:, :3].astype(depth.work),
        alphas[1:],
        [colour * np.float32(full) for colour in fitted],
        depth,
        plan.arithmetic,
    )
    return [values.astype(picture.dtype) for values in chosen]


def _remainder(goal: F32, weights: list[F32], colours: list[F32]) -> list[Pixels]:
    """Floating point: what the range 0..1 left over goes to the layer that shows most."""
    heaviest = np.argmax(np.stack(weights), axis=0)
    out: list[Pixels] = [colour.astype(np.float32) for colour in colours]
    for _ in range(2):
        total = sum(
            weight[:, None].astype(np.float64) * colour
            for weight, colour in zip(weights, out, strict=True)
        )
        missing = goal - total
        for position, (weight, colour) in enumerate(zip(weights, out, strict=True)):
            mine = heaviest == position
            colour[mine] += (missing[mine] / weight[mine, None]).astype(np.float32)
    return out


def _modelled(plan: Plan, solved: list[_Solved]) -> dict[int, Pixels]:
    """The provider's own colours under the solved alphas."""
    full = peak(plan.source.dtype)
    out: dict[int, Pixels] = {}
    for layer in solved:
        pixels = np.empty((*layer.alpha.shape, 4), plan.source.dtype)
        pixels[..., :3] = _stored(layer.colour, full)
        pixels[..., 3] = _stored(layer.alpha, full)
        pixels[layer.alpha == 0] = 0
        out[layer.index] = pixels
    return out


def _stored(values: F32, full: float) -> F32:
    """Values 0..1 in the document's units."""
    return values if full == 1 else np.rint(np.clip(values, 0, 1) * np.float32(full))


def _show_through(source: Pixels, layers: dict[int, Pixels]) -> None:
    """Give the document's own transparency to the layers, in place: one layer makes each pixel."""
    full = peak(source.dtype)
    given = source[..., 3]
    nothing, partial = given <= 0, (given > 0) & (given < full)
    for pixels in layers.values():
        pixels[nothing] = 0
    if not partial.any():
        return
    remaining = np.ones(int(partial.sum()), np.float32)
    best = np.full(remaining.shape, -1.0, np.float32)
    owner = np.zeros(remaining.shape, np.int16)
    for index in sorted(layers, reverse=True):
        alpha = layers[index][partial][:, 3].astype(np.float32) / np.float32(full)
        weight = remaining * alpha
        owner[weight > best] = index
        best = np.maximum(best, weight)
        remaining = remaining * (1 - alpha)
    for index, pixels in layers.items():
        pixels[partial] = np.where((owner == index)[:, None], source[partial], 0)
