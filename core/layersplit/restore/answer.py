"""A provider's answer on one common grid, in the document's colour values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, ModelLayer, Picture
from layersplit.pixels.colour import document_colours
from layersplit.pixels.pyramid import push_pull
from layersplit.pixels.reduction import reduced, reduced_extent
from layersplit.restore.evidence import SmallLayer
from layersplit.restore.grid import Grid

LARGEST_AREA_PX: Final = 1_250_000
"""A finer answer than this is reduced: it would cost memory and add little to the picture's own
detail."""


def small_layers(
    picture: Picture, layers: Sequence[ModelLayer]
) -> tuple[Grid, F32, list[SmallLayer]]:
    """The grid, the picture on it (h, w, 3), and the layers on it, bottom first."""
    area = max(layer.pixels.shape[0] * layer.pixels.shape[1] for layer in layers)
    extent = reduced_extent(picture.extent, min(area, LARGEST_AREA_PX))
    grid = Grid(document=picture.extent, extent=extent)
    small = reduced(picture.pixels, extent)
    colour = push_pull(np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3]))
    colours = document_colours(picture.icc)
    stack = []
    for layer in layers:
        alpha, values = _resampled(layer, grid)
        stack.append(SmallLayer(alpha, np.clip(colours.from_srgb(values), 0, 1)))
    return grid, colour, stack


def _resampled(layer: ModelLayer, grid: Grid) -> tuple[F32, F32]:
    """Alpha (h, w) and straight sRGB colour (h, w, 3) of a layer at the grid's size."""
    values: F32 = layer.pixels.astype(np.float32) * np.float32(1 / 255)
    values[..., :3] *= values[..., 3:]
    size = (grid.extent.width, grid.extent.height)
    if values.shape[1::-1] != size:
        smaller = values.shape[0] * values.shape[1] >= grid.extent.area
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        resized = cv2.resize(values, size, interpolation=how)
        values = np.asarray(resized, np.float32).reshape(*size[::-1], 4)
    alpha = np.clip(values[..., 3], 0, 1)
    colour = values[..., :3] / np.maximum(values[..., 3:], np.float32(1e-4))
    return np.ascontiguousarray(alpha), np.ascontiguousarray(np.clip(colour, 0, 1))
