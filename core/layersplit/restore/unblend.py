"""Alpha from the colour line: what mixture of foreground and background a pixel is.

In a sharp edge every pixel is ``a F + (1 - a) B``. Enlarged alpha is blurred there, but the picture
is not: with good candidates for F and B, ``a`` follows from projecting the pixel on the line
between them (the per-pixel step of sampling-based matting, as in Gastal and Oliveira, "Shared
Sampling for Real-Time Alpha Matting", Eurographics 2010). Candidates are the model's colour, the
nearest surely pure pixel and the local mean of such pixels; the best-fitting of the pairs wins.

Colours of pixel lists are planar here, (3, n): long rows are what numpy is fast at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Mask
from layersplit.restore.pixel_lists import Index, gathered, planes, transposed

Kind: TypeAlias = npt.NDArray[np.int32]

PRIOR: Final = np.float32(0.001)
"""Weight of the enlarged alpha against the squared colour difference of the pair."""
GRAIN: Final = np.float32(5e-4)
"""Squared colour difference that means nothing even on flat colour: codecs, grain, dithering."""
TEXTURE: Final = np.float32(0.2)
"""Weight of the squared difference between nearest pixel and local mean, which is texture."""
FOREGROUND: Final = np.float32(0.9)
BACKGROUND: Final = np.float32(0.1)
"""Enlarged alpha beyond which a pixel counts as pure."""
UNCOVERED: Final = np.float32(0.98)
REACH: Final = 3.0
"""How far the nearest pure pixel may be, in small pixels."""
WINDOW: Final = 1.25
"""Radius of the local mean, in small pixels."""
ALL_CANDIDATES: Final = 3
CHUNK: Final = 1 << 14
"""Pixels solved together: few enough for the cache, enough that threads seldom wait for Python."""
NUMBER_BITS: Final = np.int32(15)
"""Low bits of a residual that give way to the number of its pair; there are at most nine."""


@dataclass(frozen=True, eq=False)
class Band:
    """The solution for a list of pixels: alpha (n,), foreground and background (3, n)."""

    alpha: F32
    foreground: F32
    background: F32


def pure(rough: F32, uncovered: F32) -> tuple[Mask, Mask]:
    """Where the layer is surely all there is, and where it surely is not there.

    ``rough``: enlarged alpha, (h, w). ``uncovered``: visibility from above, (h, w).
    """
    clear = uncovered > UNCOVERED
    return (rough > FOREGROUND) & clear, (rough < BACKGROUND) & clear


def solve(
    target: F32,
    alpha: F32,
    *,
    purely: tuple[Mask, Mask],
    index: Index,
    model: tuple[F32, F32],
    scale: float,
) -> Band:
    """Solve the pixels ``index`` (flat) of ``target``, all of which lie in a sharp band.

    ``target`` (h, w, 4): colour, and 1 in the fourth channel. ``alpha``: enlarged, (h, w).
    ``purely``: the masks of ``pure``. ``model``: the model's colour of the layer and of what is
    below it, at ``index``, each (3, n).
    """
    front = _Side.of(target, purely[0], index, model[0], scale)
    back = _Side.of(target, purely[1], index, model[1], scale)
    guess = alpha.reshape(-1).take(index)
    shape = (3, index.size)
    out = Band(np.empty_like(guess), np.empty(shape, np.float32), np.empty(shape, np.float32))
    for start in range(0, index.size, CHUNK):
        chunk = slice(start, start + CHUNK)
        _solve_chunk(
            planes(gathered(target, index[chunk])),
            guess[chunk],
            front.candidates(chunk),
            back.candidates(chunk),
            Band(out.alpha[chunk], out.foreground[:, chunk], out.background[:, chunk]),
        )
    return out


def _solve_chunk(wanted: F32, guess: F32, foregrounds: F32, backgrounds: F32, out: Band) -> None:
    """Try every pair of candidates, (i, 3, n) and (j, 3, n), and keep the best-fitting one.

    With ``u`` and ``v`` from the pixel to foreground and background, the line's squared length is
    ``u.u + v.v - 2 u.v``, and the pixel lies ``v.v - u.v`` along it.
    """
    front, back = foregrounds - wanted, backgrounds - wanted
    count = guess.size
    fronts, backs = _squares(front)[:, None], _squares(back)[None]
    both = front[:, None, 0] * back[None, :, 0]
    both += front[:, None, 1] * back[None, :, 1]
    both += front[:, None, 2] * back[None, :, 2]
    along = backs - both
    length = fronts - both
    length += along
    prior = PRIOR * guess
    alpha = (along + prior) / (length + PRIOR)
    np.clip(alpha, 0, 1, out=alpha)
    along *= 2
    along -= alpha * length
    along *= alpha
    residual = np.maximum(backs - along, 0)
    best = _least(residual.reshape(-1, count))
    place = best * np.int32(count)
    place += np.arange(count, dtype=np.int32)
    np.take(alpha.reshape(-1), place, out=out.alpha)
    contrast = length.reshape(-1).take(place)
    _settle(out.alpha, contrast, _texture(foregrounds), _texture(backgrounds))
    _pick(foregrounds, best // np.int32(len(backgrounds)), out.foreground)
    _pick(backgrounds, best % np.int32(len(backgrounds)), out.background)


def _least(residuals: F32) -> Kind:
    """The number of the least of ``residuals`` (k, n), none of them negative.

    Bits of floats that are not negative sort as integers do: with its number in the lowest bits
    each residual brings its place along, which is far faster than a search for places.
    """
    bits = residuals.view(np.int32)
    bits &= ~NUMBER_BITS
    bits |= np.arange(len(bits), dtype=np.int32)[:, None]
    return np.asarray(bits.min(axis=0) & NUMBER_BITS, np.int32)


def _pick(candidates: F32, number: Kind, out: F32) -> None:
    """Of ``candidates`` (k, 3, n) the one that ``number`` (n,) names, into ``out`` (3, n)."""
    count = number.size
    place = number * np.int32(3 * count)
    place += np.arange(count, dtype=np.int32)
    flat = np.ascontiguousarray(candidates).reshape(-1)
    for channel in range(3):
        np.take(flat, place + np.int32(channel * count), out=out[channel])


def _settle(alpha: F32, contrast: F32, front: F32 | None, back: F32 | None) -> None:
    """Draw ``alpha`` (in place) to 0 or 1 where the pixel is no further from pure than grain is.

    ``contrast``: squared difference of foreground and background. Alpha of exactly 0 or 1 is far
    likelier in a sharp band than a trace of the other side.
    """
    kept = _beyond(alpha * alpha * contrast, back) * alpha
    clear = 1 - alpha
    gone = _beyond(clear * clear * contrast, front) * clear
    share = np.clip(alpha * 2 - np.float32(0.5), 0, 1)
    alpha[:] = kept + (1 - gone - kept) * share


def _beyond(squared: F32, texture: F32 | None) -> F32:
    """How surely a squared difference is more than grain and texture: 0..1."""
    noise = GRAIN if texture is None else GRAIN + TEXTURE * texture
    energy = squared * squared
    return np.asarray(energy / (energy + noise * noise), np.float32)


def _texture(candidates: F32) -> F32 | None:
    """Squared difference of nearest pixel and local mean; None where there is only the model."""
    if len(candidates) < ALL_CANDIDATES:
        return None
    return np.asarray(_squares(candidates[1] - candidates[2]), np.float32)


def _squares(vectors: F32) -> F32:
    """Squared lengths (..., n) of planar vectors (..., 3, n)."""
    squares = vectors * vectors
    total = squares[..., 0, :] + squares[..., 1, :]
    total += squares[..., 2, :]
    return np.asarray(total, np.float32)


@dataclass(frozen=True, eq=False)
class _Side:
    """Where the candidates of a list of pixels for one side, foreground or background, come from.

    ``target`` (h, w, 4), ``index`` (n,), ``model`` (3, n). ``pure``, None where no pixel is purely
    of this side: the flat number of the nearest such pixel, whether it is beyond reach, (n,) each,
    and the mean of the target over the window, (h, w, 4), in which all other pixels count as 0.
    """

    target: F32
    index: Index
    model: F32
    window_px: int
    pure: tuple[Index, Mask, F32] | None

    @classmethod
    def of(cls, target: F32, chosen: Mask, index: Index, model: F32, scale: float) -> Self:
        """For the pixels ``index`` of ``target``, where ``chosen`` (h, w) are pure."""
        side = 2 * max(2, math.ceil(WINDOW * scale)) + 1
        mask = chosen.view(np.uint8)
        if not mask.any():
            return cls(target, index, model, side, None)
        distance, nearest = _nearest(mask, index)
        sums = cv2.blur(cv2.copyTo(target, mask), (side, side), borderType=cv2.BORDER_REFLECT_101)
        pure = nearest, distance > REACH * scale, np.asarray(sums, np.float32)
        return cls(target, index, model, side, pure)

    def candidates(self, chunk: slice) -> F32:
        """Colours (k, 3, n) for some of the pixels: model's, nearest pure pixel's, local mean."""
        model = self.model[:, chunk]
        if self.pure is None:
            return model[None]
        nearest, is_far, sums = self.pure
        out = np.empty((ALL_CANDIDATES, *model.shape), np.float32)
        out[0] = model
        out[1] = planes(gathered(self.target, nearest[chunk]))
        np.copyto(out[1], model, where=is_far[chunk])
        listed = transposed(gathered(sums, self.index[chunk]))
        weight = listed[3]
        np.divide(listed[:3], np.maximum(weight, np.float32(1e-6)), out=out[2])
        trust = np.clip(weight * np.float32(self.window_px**2 / 4), 0, 1)
        out[2] -= model
        out[2] *= trust
        out[2] += model
        return out


def _nearest(chosen: npt.NDArray[np.uint8], index: Index) -> tuple[F32, npt.NDArray[Any]]:
    """For the pixels ``index``: distance to the nearest chosen pixel, and its flat number."""
    distance, labels = cv2.distanceTransformWithLabels(
        1 - chosen, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(chosen)
    flat = np.asarray(labels).reshape(-1)
    of_label = np.empty(places.size + 1, np.intp)
    of_label[flat.take(places)] = places
    distances = np.asarray(distance, np.float32).reshape(-1)
    return distances.take(index), of_label.take(flat.take(index))
