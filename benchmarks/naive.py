"""The way of a person without Layersplit: enlarge the service's layers and paste them in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image


def enlarged(
    layers: list[npt.NDArray[np.uint8]],
    size: tuple[int, int],
    how: Image.Resampling = Image.Resampling.BICUBIC,
) -> list[npt.NDArray[np.uint8]]:
    """Each layer (h, w, 4) u8 at ``size`` (w, h), by Pillow."""
    return [np.asarray(Image.fromarray(layer, "RGBA").resize(size, how)) for layer in layers]
