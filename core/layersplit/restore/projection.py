"""Colours of overlapping layers, moved as little as possible so that they add up to the picture.

In a pixel that several layers share, ``sum w_k c_k = picture`` is one equation for several colours:
the correction of least norm, clipped to the range of the channel and repeated for what the clipping
left (Kaczmarz, on a box).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from layersplit.domain import F32

ROUNDS: Final = 3
ENOUGH: Final = np.float32(0.2 / 255)
TINY: Final = np.float32(1e-9)


def weights_of(alphas: Sequence[F32]) -> list[F32]:
    """How much each layer shows, (n,) each, bottom first; the bottom is opaque.

    ``alphas``: (n,) of 0..1 for every layer above the bottom, bottom first.
    """
    through = np.ones_like(alphas[0])
    out: list[F32] = []
    for alpha in reversed(alphas):
        out.append(through * alpha)
        through = through * (1 - alpha)
    out.append(through)
    out.reverse()
    return out


def project(picture: F32, weights: Sequence[F32], colours: Sequence[F32]) -> list[F32]:
    """Move ``colours`` so that their weighted sum is ``picture`` as nearly as 0..1 allows.

    ``picture`` (3, n). For each layer, bottom first: ``weights`` (n,), ``colours`` (3, n).
    """
    out = list(colours)
    for turn in range(ROUNDS):
        missing = picture - sum(w * c for w, c in zip(weights, out, strict=True))
        if turn and np.abs(missing).max(initial=0) < ENOUGH:
            break
        usable = [
            np.where(((colour <= 0) & (missing < 0)) | ((colour >= 1) & (missing > 0)), 0, w)
            for colour, w in zip(out, weights, strict=True)
        ]
        norm = sum(w * w for w in usable)
        step = missing / np.maximum(norm, TINY)
        out = [
            np.clip(colour + w * step, 0, 1).astype(np.float32)
            for colour, w in zip(out, usable, strict=True)
        ]
    return out
