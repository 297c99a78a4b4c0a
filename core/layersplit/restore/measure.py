"""How far the layers are from the picture that they came from: the figure of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from layersplit.domain import Arithmetic, Bounds, Layer, Picture, Pixels, Reconstruction
from layersplit.pixels.compositing import Floats, composite, peak, psnr
from layersplit.run import Run

STRIP_PX: Final = 1_000_000
FLOAT_NOISE: Final = 2e-6
"""Of 1: what float32 documents lose in two operations; it is reported as no difference."""


def measure(
    picture: Picture, layers: Sequence[Layer], arithmetic: Arithmetic, run: Run
) -> Reconstruction:
    """Composite ``layers`` (bottom first, in the picture's own coordinates) and compare.

    Colours are compared multiplied by alpha, as they are seen; alpha itself counts as a channel.
    The result is on the scale 0..255 whatever the depth; works in strips, so memory stays small.
    """
    extent = picture.extent
    full = peak(picture.pixels.dtype)
    rows = max(1, STRIP_PX // extent.width)
    worst, squares = 0.0, 0.0
    for top in range(0, extent.height, rows):
        run.check()
        height = min(rows, extent.height - top)
        bounds = Bounds(x=0, y=top, width=extent.width, height=height)
        source, seen = picture.pixels[bounds.slices], composite(layers, bounds, arithmetic)
        if np.array_equal(source, seen):
            continue
        difference = np.abs(_seen(source, full) - _seen(seen, full))
        if picture.pixels.dtype == np.float32:
            difference[difference <= FLOAT_NOISE] = 0
        worst = max(worst, float(difference.max()))
        squares += float(np.square(difference[..., :3]).sum())
    mean_square = squares / (extent.area * 3)
    return Reconstruction(max_abs=_rounded(worst * 255), psnr_db=_decibels(mean_square))


def _seen(pixels: Pixels, full: float) -> Floats:
    """(h, w, 4) in 0..1, colours multiplied by alpha."""
    values = pixels.astype(np.float64) / full
    values[..., :3] *= values[..., 3:]
    return values


def _rounded(value: float) -> float:
    return 0 if value == 0 else round(value, 4)


def _decibels(mean_square: float) -> float | None:
    decibels = psnr(mean_square, 1.0)
    return None if decibels is None else round(decibels, 2)
