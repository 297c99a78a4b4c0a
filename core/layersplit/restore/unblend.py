"""Alpha from the colour line: what mixture of foreground and background a pixel is.

In a sharp edge every pixel is ``a F + (1 - a) B``. Enlarged alpha is blurred there, but the picture
is not: with good candidates for F and B, ``a`` follows from projecting the pixel on the line
between them (the per-pixel step of sampling-based matting, as in Gastal and Oliveira, "Shared
Sampling for Real-Time Alpha Matting", Eurographics 2010). Candidates are the model's colour, the
nearest surely pure pixel and the local mean of such pixels; the best-fitting of the pairs wins.

Colours of pixel lists are planar here, (3, n): three long rows are what numpy is fast at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Mask

Index: TypeAlias = npt.NDArray[np.intp]

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
CHUNK: Final = 16_384
"""Pixels solved together, so that the working set stays in the cache."""


@dataclass(frozen=True, eq=False)
class Band:
    """The solution for a list of pixels: alpha (n,), foreground and background (3, n)."""

    alpha: F32
    foreground: F32
    background: F32


def solve(
    target: F32,
    alpha: F32,
    uncovered: F32,
    *,
    index: Index,
    model: tuple[F32, F32],
    scale: float,
) -> Band:
    """Solve the pixels ``index`` (flat) of ``target``, all of which lie in a sharp band.

    ``target`` (h, w, 4): colour, and 1 in the fourth channel. ``alpha``: enlarged, (h, w).
    ``uncovered``: visibility from above, (h, w). ``model``: the model's colour of the layer and of
    what is below it, at ``index``, each (3, n).
    """
    pure = uncovered > UNCOVERED
    foregrounds = _candidates(target, (alpha > FOREGROUND) & pure, index, model[0], scale)
    backgrounds = _candidates(target, (alpha < BACKGROUND) & pure, index, model[1], scale)
    wanted = np.ascontiguousarray(target.reshape(-1, 4)[index, :3].T)
    guess = alpha.reshape(-1)[index]
    out = Band(np.empty_like(guess), np.empty_like(wanted), np.empty_like(wanted))
    for start in range(0, index.size, CHUNK):
        chunk = slice(start, start + CHUNK)
        _solve_chunk(
            wanted[:, chunk],
            guess[chunk],
            [colour[:, chunk] for colour in foregrounds],
            [colour[:, chunk] for colour in backgrounds],
            Band(out.alpha[chunk], out.foreground[:, chunk], out.background[:, chunk]),
        )
    return out


def _solve_chunk(
    wanted: F32, guess: F32, foregrounds: list[F32], backgrounds: list[F32], out: Band
) -> None:
    """Try every pair and keep the one with the least residual."""
    least = np.full(guess.shape, np.inf, np.float32)
    which = np.zeros(guess.shape, np.int8)
    contrast = np.zeros(guess.shape, np.float32)
    prior = PRIOR * guess
    for row, background in enumerate(backgrounds):
        offset = wanted - background
        squared = _dot(offset, offset)
        for column, foreground in enumerate(foregrounds):
            line = foreground - background
            length = _dot(line, line)
            along = _dot(offset, line)
            alpha = (prior + along) / (PRIOR + length)
            np.clip(alpha, 0, 1, out=alpha)
            residual = squared - alpha * (2 * along - alpha * length)
            better = residual < least
            np.copyto(least, residual, where=better)
            np.copyto(out.alpha, alpha, where=better)
            np.copyto(which, np.int8(3 * row + column), where=better)
            np.copyto(contrast, length, where=better)
    _settle(out.alpha, contrast, _texture(foregrounds), _texture(backgrounds))
    out.background[:] = backgrounds[0]
    for row, background in enumerate(backgrounds[1:], start=1):
        np.copyto(out.background, background, where=which // 3 == row)
    out.foreground[:] = foregrounds[0]
    for column, foreground in enumerate(foregrounds[1:], start=1):
        np.copyto(out.foreground, foreground, where=which % 3 == column)


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


def _texture(candidates: list[F32]) -> F32 | None:
    """Squared difference of nearest pixel and local mean; None where there is only the model."""
    if len(candidates) < ALL_CANDIDATES:
        return None
    difference = candidates[1] - candidates[2]
    return _dot(difference, difference)


def _dot(first: F32, second: F32) -> F32:
    """Scalar products of planar colours (3, n)."""
    products = first * second
    products[0] += products[1]
    products[0] += products[2]
    return np.asarray(products[0], np.float32)


def _candidates(target: F32, pure: Mask, index: Index, model: F32, scale: float) -> list[F32]:
    """Colours (3, n) for the pixels ``index``: model's, nearest pure pixel's, local mean."""
    chosen = pure.view(np.uint8)
    if not chosen.any():
        return [model]
    distance, nearest = _nearest(chosen, index)
    near = np.where(distance > REACH * scale, model, target.reshape(-1, 4)[nearest, :3].T)
    radius = max(2, math.ceil(WINDOW * scale))
    side = 2 * radius + 1
    sums = cv2.blur(cv2.copyTo(target, chosen), (side, side), borderType=cv2.BORDER_REFLECT_101)
    red, green, blue, weight = sums.reshape(-1, 4)[index].T
    mean = np.stack([red, green, blue]) / np.maximum(weight, np.float32(1e-6))
    trust = np.clip(weight * np.float32(side * side / 4), 0, 1)
    return [model, near, model + (mean - model) * trust]


def _nearest(pure: npt.NDArray[np.uint8], index: Index) -> tuple[F32, npt.NDArray[Any]]:
    """For the pixels ``index``: distance to the nearest pure pixel, and its flat number."""
    distance, labels = cv2.distanceTransformWithLabels(
        1 - pure, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(pure)
    of_label = np.empty(places.size + 1, np.intp)
    of_label[labels.reshape(-1)[places]] = places
    distances = np.asarray(distance, np.float32).reshape(-1)
    return distances[index], of_label[labels.reshape(-1)[index]]
