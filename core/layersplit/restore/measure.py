"""How far the composite of the layers is from the source, in the program that will show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from layersplit.domain import Arithmetic, Bounds, Layer, Picture, Pixels, Reconstruction
from layersplit.pixels.compositing import composite, peak, psnr
from layersplit.pixels.threads import in_threads
from layersplit.restore.canvases import forget
from layersplit.run import Run

STRIP_PX: Final = 250_000
"""Pixels that are compared at a time, on every core."""


def measure(
    picture: Picture, layers: Sequence[Layer], arithmetic: Arithmetic, run: Run
) -> Reconstruction:
    """Composite ``layers`` (bottom first) and compare with ``picture``, premultiplied.

    Returns the greatest difference of any channel, alpha included, on the scale 0..255, and the
    PSNR over all channels.
    """
    full = peak(picture.pixels.dtype)
    extent = picture.extent
    rows = max(1, STRIP_PX // extent.width)

    def strip_of(top: int) -> tuple[float, float]:
        run.check()
        height = min(rows, extent.height - top)
        strip = Bounds(x=0, y=top, width=extent.width, height=height)
        shown = composite(layers, strip, arithmetic)
        source = picture.pixels[strip.slices]
        for layer in layers:
            forget(layer.pixels)
        if np.array_equal(shown, source):
            return 0.0, 0.0
        difference = _premultiplied(shown, full) - _premultiplied(source, full)
        return float(np.abs(difference).max()), float(np.sum(difference * difference))

    strips = in_threads(strip_of, range(0, extent.height, rows))
    mean_square = sum(squares for _, squares in strips) / (extent.area * 4)
    greatest = max(greatest for greatest, _ in strips)
    return Reconstruction(max_abs=greatest * 255, psnr_db=psnr(mean_square, 1.0))


def _premultiplied(pixels: Pixels, full: float) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.nan_to_num(pixels.astype(np.float64)) / full
    values[..., :3] *= values[..., 3:]
    return values
