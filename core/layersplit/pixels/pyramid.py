"""Smooth continuation of known values into unknown places, in linear time.

Pull-push (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.5): pull weighted averages down
a pyramid until everything is covered, push them back up wherever the finer level knows nothing.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32
from layersplit.pixels.channels import divided, spread

TINY: Final = 1e-6


def push_pull(values: F32, weights: F32) -> F32:
    """Continue ``values`` (h, w, c) f32 to where ``weights`` (h, w) f32, 0..1, fall to 0.

    Where the weight is 1 the value is returned unchanged; between, it blends into the continuation.
    All zero weights give zeros.
    """
    levels: list[tuple[F32, F32]] = [(values * spread(weights, values.shape[2]), weights)]
    while max(levels[-1][1].shape) > 1:
        carried, known = levels[-1]
        height, width = (known.shape[0] + 1) // 2, (known.shape[1] + 1) // 2
        levels.append(
            (
                _resized(carried, width, height, cv2.INTER_AREA),
                _resized(known, width, height, cv2.INTER_AREA).reshape(height, width),
            )
        )
    out = _averages(*levels[-1])
    for carried, known in reversed(levels[:-1]):
        height, width = known.shape
        coarse = _resized(out, width, height, cv2.INTER_LINEAR)
        fine = _averages(carried, known)
        fine -= coarse
        fine *= spread(np.minimum(known, 1), values.shape[2])
        fine += coarse
        out = fine
    return out


def _averages(carried: F32, known: F32) -> F32:
    """What the weighted sums stand for; 0 where nothing is known."""
    return divided(carried, known, TINY)


def _resized(values: F32, width: int, height: int, interpolation: int) -> F32:
    """``cv2.resize`` that keeps the channel axis."""
    resized = cv2.resize(values, (width, height), interpolation=interpolation)
    return np.asarray(resized, np.float32).reshape(height, width, -1)
