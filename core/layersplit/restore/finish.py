"""Colours of a solved tile as the document stores them, adding up to the picture.

Most pixels belong to one layer alone: that layer takes the source's own value. Where several layers
meet, colours are projected onto the picture and rounded to integers that composite to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Arithmetic, Mask, Pixels
from layersplit.pixels.compositing import peak
from layersplit.restore.projection import project, weights_of
from layersplit.restore.rounding import DEPTHS, exact_integers

Index: TypeAlias = npt.NDArray[np.intp]

WHOLE: Final = {1: np.uint32, 2: np.uint64, 4: np.complex128}
"""A type as large as a pixel, by the bytes of one of its four channels."""
CHUNK: Final = 1 << 15
"""Mixed pixels solved together, so that the working set stays in the cache."""


@dataclass(frozen=True, eq=False)
class Solved:
    """A layer on a tile: ``alpha`` (h, w) as stored but 0..1, ``colour`` (h, w, 3), 0..1.

    ``index``: its place in the stack; 0 is the opaque bottom. ``near`` (h, w): where it keeps a
    colour even without alpha.
    """

    index: int
    alpha: F32
    near: Mask
    colour: F32


def exact_layers(
    source: Pixels, solved: Sequence[Solved], arithmetic: Arithmetic
) -> dict[int, Pixels]:
    """Pixels (h, w, 4) of every solved layer, by its index, that composite to ``source``.

    ``source`` (h, w, 4), contiguous, is taken as opaque; ``solved``: bottom first.
    """
    height, width = source.shape[:2]
    alphas = [np.ascontiguousarray(layer.alpha).reshape(-1) for layer in solved]
    colours = [layer.colour.reshape(-1, 3) for layer in solved]
    owned, mixed = _owners(alphas)
    picture = source.reshape(-1, 4)
    out: list[Pixels] = []
    for layer, alpha, colour, own in zip(solved, alphas, colours, owned, strict=True):
        pixels: Pixels = np.zeros_like(picture)
        np.copyto(_whole_pixels(pixels), _whole_pixels(picture), where=own)
        hidden = np.flatnonzero((layer.near.reshape(-1) | (alpha > 0)) & ~own)
        pixels[hidden, :3] = in_units(colour[hidden], source.dtype)
        pixels[:, 3] = in_units(alpha, source.dtype)
        out.append(pixels)
    several = np.flatnonzero(mixed)
    for start in range(0, several.size, CHUNK):
        index = several[start : start + CHUNK]
        shares = [alpha[index] for alpha in alphas]
        here = [0, *(k for k in range(1, len(solved)) if shares[k].any())]
        chosen = add_up(
            picture[index, :3],
            [shares[k] for k in here],
            [colours[k][index] for k in here],
            arithmetic,
        )
        for k, values in zip(here, chosen, strict=True):
            painted = shares[k] > 0
            out[k][index[painted], :3] = values[painted]
    return {
        layer.index: pixels.reshape(height, width, 4)
        for layer, pixels in zip(solved, out, strict=True)
    }


def _whole_pixels(pixels: Pixels) -> npt.NDArray[Any]:
    """Pixels (n, 4) as (n,) items of the same bytes: copied at once, never computed with."""
    return pixels.view(WHOLE[pixels.dtype.itemsize]).reshape(-1)


def stored_layers(source: Pixels, solved: Sequence[Solved]) -> dict[int, Pixels]:
    """The solved layers as they are, rounded to the dtype of ``source``; 0 where they are not."""
    out: dict[int, Pixels] = {}
    for layer in solved:
        pixels: Pixels = np.empty((*layer.alpha.shape, 4), source.dtype)
        nothing = ~layer.near & (layer.alpha == 0)
        pixels[..., :3] = in_units(np.where(nothing[..., None], 0, layer.colour), source.dtype)
        pixels[..., 3] = in_units(layer.alpha, source.dtype)
        out[layer.index] = pixels
    return out


def in_units(values: F32, dtype: npt.DTypeLike) -> F32:
    """Values 0..1 in the units of ``dtype``, rounded; floating point stays as it is."""
    full = peak(dtype)
    return values if full == 1 else np.rint(np.clip(values, 0, 1) * np.float32(full))


def in_fractions(colours: Pixels) -> F32:
    """Stored values as f32 fractions of the peak; what is infinite or no number is made finite."""
    values: F32 = colours.astype(np.float32)
    if colours.dtype == np.float32:
        return np.nan_to_num(values, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    values *= np.float32(1 / peak(colours.dtype))
    return values


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
    """Colours near ``colours`` (n, 3) that composite to ``picture`` (n, 3), in its dtype.

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
            total += weight[:, None].astype(np.float64) * colour
        missing = goal - total
        for position, (weight, colour) in enumerate(zip(weights, out, strict=True)):
            mine = heaviest == position
            colour[mine] += (missing[mine] / weight[mine, None]).astype(np.float32)
    return list(out)
