"""Colours of a solved tile as the document stores them, adding up to the picture.

Most pixels belong to one layer alone: that layer takes the source's own value. Where several layers
meet, colours are projected onto the picture and rounded to integers that composite to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, Arithmetic, Bounds, Mask, Pixels
from layersplit.pixels.compositing import peak
from layersplit.restore.pixel_lists import Index, gathered, planes, whole_pixels
from layersplit.restore.projection import project, weights_of
from layersplit.restore.rounding import DEPTHS, exact_integers
from layersplit.restore.units import in_fractions, in_units

CHUNK: Final = 1 << 13
"""Mixed pixels solved together, so that the working set stays in the cache."""
GREY_MARGIN: Final = 3e-3
"""Units that Krita's mixing of 8-bit grey may err: it has integers of its own (``UINT8_BLEND`` in
KoIntegerMaths.h), which round what is below a backdrop by 127/255 to the wrong side."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """A layer of a tile, known inside ``bounds``: document pixels from the tile's corner.

    ``bounds`` may reach beyond the tile. ``alpha`` (h, w) as stored but 0..1; ``near`` (h, w):
    where it keeps a colour even without alpha; ``colour`` (h, w, 4), 0..1, its fourth channel
    without meaning. ``index``: its place in the stack; 0 is the opaque bottom.
    """

    index: int
    bounds: Bounds
    alpha: F32
    near: Mask
    colour: F32

    def part(self, tile: Bounds) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """What lies in ``tile`` (at the origin): where in the tile, and where in the arrays."""
        here = self.bounds.intersection(tile)
        return here.slices, here.moved(-self.bounds.x, -self.bounds.y).slices

    def alpha_in(self, tile: Bounds) -> F32:
        """Alpha of the whole ``tile`` (at the origin), contiguous."""
        out = np.zeros((tile.height, tile.width), np.float32)
        there, here = self.part(tile)
        out[there] = self.alpha[here]
        return out

    def colours_at(self, index: Index, tile: Bounds) -> F32:
        """Colours of the tile's pixels ``index`` (flat), planar (3, n).

        Beyond ``bounds`` they have no meaning.
        """
        rows, columns = np.divmod(index, tile.width)
        rows -= self.bounds.y
        columns -= self.bounds.x
        np.clip(rows, 0, self.bounds.height - 1, out=rows)
        np.clip(columns, 0, self.bounds.width - 1, out=columns)
        rows *= self.bounds.width
        rows += columns
        return planes(gathered(self.colour, rows))


def exact_layers(
    source: Pixels, solved: Sequence[Solved], arithmetic: Arithmetic
) -> dict[int, Pixels]:
    """Pixels (h, w, 4) of every solved layer, by its index, that composite to ``source``.

    ``source`` (h, w, 4), contiguous, is taken as opaque; ``solved``: bottom first.
    """
    tile = Bounds(x=0, y=0, width=source.shape[1], height=source.shape[0])
    alphas = [layer.alpha_in(tile) for layer in solved]
    owned, mixed = _owners(alphas)
    out: list[Pixels] = []
    for layer, own in zip(solved, owned, strict=True):
        pixels = stored_layer(layer, tile, source.dtype)
        cv2.copyTo(source, own.view(np.uint8), pixels)
        out.append(pixels)
    flat = [alpha.reshape(-1) for alpha in alphas]
    picture = source.reshape(-1, 4)
    several = np.flatnonzero(mixed)
    for start in range(0, several.size, CHUNK):
        index = several[start : start + CHUNK]
        shares = [alpha.take(index) for alpha in flat]
        here = [0, *(k for k in range(1, len(solved)) if shares[k].any())]
        here_source = _planar(picture.take(index, axis=0))
        chosen = add_up(
            here_source,
            [shares[k] for k in here],
            [solved[k].colours_at(index, tile) for k in here],
            arithmetic,
            GREY_MARGIN if _is_grey(here_source) and here_source.dtype == np.uint8 else None,
        )
        for k, values in zip(here, chosen, strict=True):
            painted = np.flatnonzero(shares[k] > 0)
            pixels = np.empty((painted.size, 4), source.dtype)
            pixels[:, :3] = values.take(painted, axis=1).T
            pixels[:, 3] = in_units(shares[k].take(painted), source.dtype)
            whole_pixels(out[k])[index.take(painted)] = whole_pixels(pixels)
    return {layer.index: pixels for layer, pixels in zip(solved, out, strict=True)}


def _is_grey(colours: Pixels) -> bool:
    """Whether all three channels of colours (3, n) are equal, as those of a grey document are."""
    return bool((colours[0] == colours[1]).all() and (colours[1] == colours[2]).all())


def _planar(pixels: Pixels) -> Pixels:
    """The colours of pixels (n, 4) as (3, n)."""
    colours: Pixels = pixels[:, :3].T.copy()
    return colours


def stored_layer(layer: Solved, tile: Bounds, dtype: np.dtype[np.generic]) -> Pixels:
    """A solved layer as it is on the whole ``tile``, rounded to ``dtype``; 0 where it is not."""
    out: Pixels = np.zeros((tile.height, tile.width, 4), dtype)
    there, here = layer.part(tile)
    alpha = np.ascontiguousarray(layer.alpha[here])
    pixels = np.ascontiguousarray(in_units(layer.colour[here], dtype))
    cv2.insertChannel(in_units(alpha, dtype), pixels, 3)
    something = (layer.near[here] | (alpha > 0)).view(np.uint8)
    out[there] = cv2.copyTo(pixels, something)
    return out


def _owners(alphas: Sequence[F32]) -> tuple[list[Mask], Mask]:
    """For each layer the pixels that it makes alone, and the pixels that several make."""
    undecided: Mask = np.ones(alphas[0].shape, bool)
    mixed: Mask = np.zeros(alphas[0].shape, bool)
    owned: list[Mask] = []
    for alpha in reversed(alphas):
        opaque = alpha >= 1
        mixed |= undecided & (alpha > 0) & ~opaque
        own = undecided & opaque
        owned.append(own)
        undecided &= ~own
    owned.reverse()
    return [own & ~mixed for own in owned], mixed


def add_up(
    picture: Pixels,
    alphas: Sequence[F32],
    colours: Sequence[F32],
    arithmetic: Arithmetic,
    margin: float | None = None,
) -> list[Pixels]:
    """Colours near ``colours`` (3, n) that composite to ``picture`` (3, n), in its dtype.

    ``alphas``: (n,) 0..1; lists bottom first, the bottom's alpha is taken as 1. ``margin``: units
    that the host's arithmetic may err, where it is coarser than usual.
    """
    full = peak(picture.dtype)
    goal = in_fractions(picture)
    weights = weights_of(alphas[1:])
    fitted = project(goal, weights, colours)
    match picture.dtype.type:
        case np.uint8 | np.uint16:
            depth = DEPTHS[full] if margin is None else DEPTHS[full].with_margin(margin)
            chosen = exact_integers(
                picture.astype(depth.work),
                alphas[1:],
                [colour * np.float32(full) for colour in fitted],
                depth,
                arithmetic,
            )
            if full == 255:
                return [values.astype(np.uint8) for values in chosen]
            return [values.astype(np.uint16) for values in chosen]
        case _:
            return _remainder(goal, weights, fitted)


def _remainder(goal: F32, weights: Sequence[F32], colours: Sequence[F32]) -> list[Pixels]:
    """Floating point: what the range 0..1 left over goes to the layer that shows most."""
    heaviest = np.argmax(np.stack(weights), axis=0)
    out: list[F32] = [colour.astype(np.float32) for colour in colours]
    for _ in range(2):  # once more for what the first rounding to float32 left
        total = np.zeros(goal.shape, np.float64)
        for weight, colour in zip(weights, out, strict=True):
            total += weight.astype(np.float64) * colour
        missing = goal - total
        for position, (weight, colour) in enumerate(zip(weights, out, strict=True)):
            mine = heaviest == position
            colour[:, mine] += (missing[:, mine] / weight[mine]).astype(np.float32)
    return list(out)
