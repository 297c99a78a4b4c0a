"""Alpha from the colour line: what mixture of foreground and background a pixel is.

In a sharp edge every pixel is ``a F + (1 - a) B``. Enlarged alpha is blurred there, but the picture
is not: with good candidates for F and B, ``a`` follows from projecting the pixel on the line
between them (the per-pixel step of sampling-based matting, as in Gastal and Oliveira, "Shared
Sampling for Real-Time Alpha Matting", Eurographics 2010). Candidates are the model's colour, the
nearest surely pure pixel and the local mean of such pixels; the best-fitting of the pairs wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Mask

PRIOR: Final = np.float32(0.002)
"""Weight of the enlarged alpha against the squared colour difference of the pair."""
FOREGROUND: Final = np.float32(0.9)
BACKGROUND: Final = np.float32(0.1)
"""Enlarged alpha beyond which a pixel counts as pure."""
UNCOVERED: Final = np.float32(0.98)
REACH: Final = 3.0
"""How far the nearest pure pixel may be, in small pixels."""
WINDOW: Final = 1.25
"""Radius of the local mean, in small pixels."""
CHUNK: Final = 16_384
"""Pixels solved together, so that the working set stays in the cache."""


@dataclass(frozen=True, eq=False)
class Band:
    """The solution at ``index`` (flat pixels): alpha (n,), foreground and background (n, 3)."""

    index: npt.NDArray[np.intp]
    alpha: F32
    foreground: F32
    background: F32


def solve(
    target: F32,
    alpha: F32,
    uncovered: F32,
    *,
    index: npt.NDArray[np.intp],
    model: tuple[F32, F32],
    scale: float,
) -> Band:
    """Solve the pixels ``index`` of ``target`` (h, w, 3), all of which lie in a sharp band.

    ``alpha``: enlarged, (h, w). ``uncovered``: visibility from above, (h, w). ``model``: the
    model's colour of the layer and of what is below it, at ``index``, each (n, 3).
    """
    pure = uncovered > UNCOVERED
    foregrounds = _candidates(target, (alpha > FOREGROUND) & pure, index, model[0], scale)
    backgrounds = _candidates(target, (alpha < BACKGROUND) & pure, index, model[1], scale)
    wanted, guess = target.reshape(-1, 3)[index], alpha.reshape(-1)[index]
    out = Band(index, np.empty_like(guess), np.empty_like(wanted), np.empty_like(wanted))
    for start in range(0, index.size, CHUNK):
        chunk = slice(start, start + CHUNK)
        _solve_chunk(
            wanted[chunk],
            guess[chunk],
            [colour[chunk] for colour in foregrounds],
            [colour[chunk] for colour in backgrounds],
            (out.alpha[chunk], out.foreground[chunk], out.background[chunk]),
        )
    return out


def _solve_chunk(
    wanted: F32,
    guess: F32,
    foregrounds: list[F32],
    backgrounds: list[F32],
    out: tuple[F32, F32, F32],
) -> None:
    """Try every pair and keep the one with the least residual."""
    out_alpha, out_foreground, out_background = out
    least = np.full(guess.shape, np.inf, np.float32)
    for background in backgrounds:
        offset = wanted - background
        squared = np.einsum("ni,ni->n", offset, offset)
        for foreground in foregrounds:
            line = foreground - background
            length = np.einsum("ni,ni->n", line, line)
            along = np.einsum("ni,ni->n", offset, line)
            alpha = np.clip((PRIOR * guess + along) / (PRIOR + length), 0, 1)
            residual = squared - 2 * alpha * along + alpha * alpha * length
            better = residual < least
            np.copyto(least, residual, where=better)
            np.copyto(out_alpha, alpha, where=better)
            np.copyto(out_foreground, foreground, where=better[:, None])
            np.copyto(out_background, background, where=better[:, None])


def _candidates(
    target: F32, pure: Mask, index: npt.NDArray[np.intp], model: F32, scale: float
) -> list[F32]:
    """Colours for the pixels ``index``: the model's, the nearest pure one, the local mean."""
    if not pure.any():
        return [model]
    distance, nearest = _nearest(pure)
    near = target.reshape(-1, 3)[nearest[index]]
    far = distance.reshape(-1)[index] > REACH * scale
    near[far] = model[far]
    radius = max(2, math.ceil(WINDOW * scale))
    side = 2 * radius + 1
    weight = pure.astype(np.float32)
    weighted = np.dstack([target * weight[..., None], weight])
    sums = cv2.blur(weighted, (side, side), borderType=cv2.BORDER_REFLECT_101)
    sums = sums.reshape(-1, 4)[index]
    mean = sums[:, :3] / np.maximum(sums[:, 3:], np.float32(1e-6))
    trust = np.clip(sums[:, 3:] * np.float32(side * side / 4), 0, 1)
    return [model, near, model + (mean - model) * trust]


def _nearest(pure: Mask) -> tuple[F32, npt.NDArray[Any]]:
    """Distance to the nearest true pixel, and its flat number, for every pixel."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~pure).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(pure)
    of_label = np.zeros(places.size + 1, np.intp)
    of_label[labels.reshape(-1)[places]] = places
    return np.asarray(distance, np.float32), of_label[labels.reshape(-1)]
