"""The document's own transparency, given to the layers.

The stack is solved as if the document were opaque. Where the document is partly transparent the
layers' visibilities are multiplied by its alpha, and only the two layers that show most keep a
share. With two layers there is one blend and so one rounding, in every program: the upper layer
gets its share ``t`` of the document's alpha ``A``, the lower one ``(A - t) / (1 - t)``, whose
rounding moves the composite by less than half a unit. Alpha is therefore exact, and the colours
are integers chosen as in rounding.py, with the weight ``t / A`` in the place of alpha. Krita blends
such pixels with a reciprocal that is good to 12 bits, hence the wider margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Arithmetic, Bounds, Pixels
from layersplit.pixels.compositing import peak, united_cut_off
from layersplit.restore.finish import Solved, add_up
from layersplit.restore.pixel_lists import Index
from layersplit.restore.projection import weights_of
from layersplit.restore.units import in_units

F64: TypeAlias = npt.NDArray[np.float64]

ALONE: Final = np.float32(0.02)
"""A second layer that shows less than this share of the pixel is left out."""
RECIPROCAL_MARGIN: Final = 0.13
"""Units by which 255 differing values blended with a 12-bit reciprocal can be off."""


def show_through(
    source: Pixels,
    solved: Sequence[Solved],
    layers: dict[int, Pixels],
    arithmetic: Arithmetic,
    *,
    exact: bool,
) -> None:
    """Change ``layers`` (h, w, 4), by index, so that together they have the alpha of ``source``.

    ``exact``: choose colours that composite to ``source``; otherwise the solved colours stay.
    """
    full = peak(source.dtype)
    given = source[..., 3]
    for pixels in layers.values():
        pixels[given <= 0] = 0
    partial = (given > 0) & (given < full)
    if not partial.any():
        return
    picture = source[partial]
    tile = Bounds(x=0, y=0, width=source.shape[1], height=source.shape[0])
    alphas = [layer.alpha_in(tile)[partial] for layer in solved]
    index = np.flatnonzero(partial)
    colours = np.stack([layer.colours_at(index, tile) for layer in solved])
    weights = np.stack(weights_of(alphas[1:]) if len(alphas) > 1 else alphas)
    lower, upper, share = _two_heaviest(weights)
    rows = np.arange(len(picture))
    above, below = _alphas(picture[:, 3].astype(np.float64) / full, share, full)
    if exact:
        blend = _blend(above, below, arithmetic, source.dtype)
        pair = [np.ascontiguousarray(colours[who, :, rows].T) for who in (lower, upper)]
        margin = RECIPROCAL_MARGIN if full == 255 else None
        goal: Pixels = picture[:, :3].T.copy()
        both = add_up(goal, [np.ones_like(blend), blend], pair, arithmetic, margin)
        chosen = [values.T for values in both]
        alone = blend >= 1
        chosen[1][alone] = picture[alone, :3]
        alone = blend <= 0
        chosen[0][alone] = picture[alone, :3]
    else:
        chosen = [in_units(colours[who, :, rows], source.dtype) for who in (lower, upper)]
    for position, layer in enumerate(solved):
        pixels = np.zeros_like(picture)
        for who, colour, alpha in ((lower, chosen[0], below), (upper, chosen[1], above)):
            mine = (who == position) & (alpha > 0)
            pixels[mine, :3] = colour[mine]
            pixels[mine, 3] = in_units(alpha[mine].astype(np.float32), source.dtype)
        layers[layer.index][partial] = pixels


def _blend(above: F64, below: F64, arithmetic: Arithmetic, dtype: np.dtype[np.generic]) -> F32:
    """The weight of the upper layer's colour where two layers of these alphas meet."""
    if arithmetic is Arithmetic.CUT_OFF and dtype == np.uint16:
        units = [np.rint(alpha * 65535).astype(np.int64) for alpha in (below, above)]
        return (united_cut_off(*units)[1] / 65535).astype(np.float32)
    return np.divide(above, above + below * (1 - above), dtype=np.float32)


def _two_heaviest(weights: F32) -> tuple[Index, Index, F32]:
    """For each pixel the lower and the upper of its two main layers, and the upper's share."""
    count = len(weights)
    if count == 1:
        only = np.zeros(weights.shape[1], np.intp)
        return only, only, np.ones(weights.shape[1], np.float32)
    first = np.argmax(weights, axis=0)
    rows = np.arange(weights.shape[1])
    rest = weights.copy()
    rest[first, rows] = -1
    second = np.argmax(rest, axis=0)
    lower, upper = np.minimum(first, second), np.maximum(first, second)
    total = weights[first, rows] + weights[second, rows]
    share = weights[upper, rows] / np.maximum(total, np.float32(1e-9))
    share = np.where(share < ALONE, 0, np.where(share > 1 - ALONE, 1, share))
    return lower.astype(np.intp), upper.astype(np.intp), share.astype(np.float32)


def _alphas(alpha: F64, share: F32, full: float) -> tuple[F64, F64]:
    """Alphas of the upper and the lower layer, as stored, whose composite is ``alpha``; 0..1."""
    above = alpha * share
    if full == 1:
        return above, (alpha - above) / (1 - above)
    above = np.minimum(np.rint(above * full) / full, alpha)
    below = np.rint((alpha - above) / (1 - above) * full) / full
    return above, below
