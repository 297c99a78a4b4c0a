"""Continue a regular pattern: stripes, dots, checks, weave.

A pattern fits itself again when it is moved by its period. The correlation of the known part with
itself over all moves at once (a Fourier transform, normalised over what both copies know: Padfield,
"Masked object registration in the Fourier domain", 2012) has its peaks there; the hole is
copied from where the best of these moves lead.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32, Mask

AREA_PX: Final = 440 * 440
REGULAR: Final = 0.85
"""Correlation from which a move fits."""
LEAST_OVERLAP: Final = 0.08
"""Share of the picture that must be known in both copies for a move to be judged."""
MOVES: Final = 60
SAMPLES: Final = 8000
NEAREST_PX: Final = 3

_Moves = list[tuple[int, int]]


def periodic_fill(texture: F32, hole: Mask) -> tuple[F32, Mask] | None:
    """Fill ``hole`` (h, w) of ``texture`` (h, w, 3) f32, mean about 0, by the pattern's moves.

    Returns the texture and what of the hole is left; None when there is no regular pattern.
    """
    height, width = hole.shape
    step = max(1, round((height * width / AREA_PX) ** 0.5))
    size = (max(1, width // step), max(1, height // step))
    known = (~hole).astype(np.float32)
    profile = _main_axis(texture, hole)
    small_known = (cv2.resize(known, size, interpolation=cv2.INTER_AREA) > 0.99).astype(np.float32)
    small = cv2.resize(profile, size, interpolation=cv2.INTER_AREA) * small_known
    moves = _peaks(_correlation(np.asarray(small, np.float32), small_known))
    result = texture.copy()
    missing = hole.copy()
    sample = np.flatnonzero(~hole)
    sample = sample[:: max(1, sample.size // SAMPLES)]
    for down, right in moves:
        exact = _refined(profile, hole, sample, (down * step, right * step), step)
        if exact is not None:
            _copy(result, missing, hole, exact)
        if not missing.any():
            break
    return (result, missing) if missing.sum() < hole.sum() else None


def _main_axis(texture: F32, hole: Mask) -> F32:
    """The texture along the colour direction in which it changes most: (h, w)."""
    values = texture[~hole][:: max(1, int((~hole).sum()) // 50_000)]
    _, _, axes = np.linalg.svd(values - values.mean(0), full_matrices=False)
    return np.asarray((texture - values.mean(0)) @ axes[0], np.float32)


def _correlation(values: F32, known: F32) -> F32:
    """Normalised correlation for moves (down, right), moved so that no move is in the middle."""
    height, width = known.shape
    shape = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))

    def spectrum(part: F32) -> npt.NDArray[np.complex64]:
        return np.fft.rfft2(part, shape).astype(np.complex64)

    def matched(one: npt.NDArray[np.complex64], other: npt.NDArray[np.complex64]) -> F32:
        return np.asarray(np.fft.irfft2(one * np.conj(other), shape), np.float32)

    of_values, of_known, of_squares = (spectrum(p) for p in (values, known, np.square(values)))
    overlap = matched(of_known, of_known)
    energy = np.maximum(matched(of_squares, of_known), 0) * np.maximum(
        matched(of_known, of_squares), 0
    )
    fit = matched(of_values, of_values) / np.sqrt(np.maximum(energy, 1e-6))
    fit[overlap < LEAST_OVERLAP * height * width] = -1
    fit = np.fft.fftshift(fit)
    middle = (shape[0] // 2, shape[1] // 2)
    return np.ascontiguousarray(
        fit[
            middle[0] - height + 1 : middle[0] + height,
            middle[1] - width + 1 : middle[1] + width,
        ]
    )


def _peaks(fit: F32) -> _Moves:
    """The moves that fit best, away from no move, best first."""
    middle = (fit.shape[0] // 2, fit.shape[1] // 2)
    peak = (fit >= cv2.dilate(fit, np.ones((3, 3), np.uint8))) & (fit > REGULAR)
    rows, columns = np.nonzero(peak)
    down, right = rows - middle[0], columns - middle[1]
    far = np.hypot(down, right) >= NEAREST_PX
    rows, columns, down, right = rows[far], columns[far], down[far], right[far]
    worth = fit[rows, columns] - 0.02 * np.hypot(down, right) / max(fit.shape)
    best = np.argsort(-worth, kind="stable")[:MOVES]
    return [(int(down[i]), int(right[i])) for i in best]


def _refined(
    profile: F32,
    hole: Mask,
    sample: npt.NDArray[np.intp],
    move: tuple[int, int],
    step: int,
) -> tuple[int, int] | None:
    """The whole-pixel move near ``move`` that fits best at full size; None when none does."""
    height, width = hole.shape
    y, x = np.divmod(sample, width)
    best, found = REGULAR, None
    for down in range(move[0] - step + 1, move[0] + step):
        for right in range(move[1] - step + 1, move[1] + step):
            inside = (y >= down) & (y < height + down) & (x >= right) & (x < width + right)
            here = sample[inside]
            there = here - down * width - right
            both = ~hole.ravel()[there]
            one, other = profile.ravel()[here[both]], profile.ravel()[there[both]]
            scale = float(np.sqrt((one @ one) * (other @ other)))
            fit = float(one @ other) / max(scale, 1e-6)
            if fit > best:
                best, found = fit, (down, right)
    return found


def _windows(
    shape: tuple[int, ...], down: int, right: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a picture and its copy moved by (down, right) overlap: in the picture, in the copy."""
    height, width = shape
    here = (
        slice(max(0, down), min(height, height + down)),
        slice(max(0, right), min(width, width + right)),
    )
    there = (
        slice(max(0, -down), min(height, height - down)),
        slice(max(0, -right), min(width, width - right)),
    )
    return here, there


def _copy(result: F32, missing: Mask, hole: Mask, move: tuple[int, int]) -> None:
    """Take what is still missing from where the move leads, if that is known."""
    here, there = _windows(hole.shape, *move)
    usable = missing[here] & ~hole[there]
    result[here][usable] = result[there][usable]
    missing[here] &= ~usable
