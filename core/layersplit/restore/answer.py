"""A provider's answer on one common grid, in its right place, in the document's colour values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, ModelLayer, Picture
from layersplit.pixels.channels import divided, spread
from layersplit.pixels.colour import document_colours
from layersplit.pixels.pyramid import push_pull
from layersplit.pixels.reduction import reduced, reduced_extent
from layersplit.pixels.threads import in_threads
from layersplit.restore.evidence import SmallLayer
from layersplit.restore.grid import Grid
from layersplit.restore.registration import displacement, moved

LARGEST_AREA_PX: Final = 1_250_000
"""A finer answer is reduced: it would cost memory, and the picture has the detail anyway."""


def small_layers(
    picture: Picture, layers: Sequence[ModelLayer], *, is_in_place: bool
) -> tuple[Grid, F32, list[SmallLayer]]:
    """The grid, the picture on it (h, w, 3), and the layers on it, bottom first."""
    area = max(layer.pixels.shape[0] * layer.pixels.shape[1] for layer in layers)
    extent = reduced_extent(picture.extent, min(area, LARGEST_AREA_PX))
    grid = Grid(document=picture.extent, extent=extent)
    small = reduced(picture.pixels, extent)
    colour = push_pull(*_planes(small))
    colours = document_colours(picture.icc)
    stack = in_threads(lambda layer: _resampled(layer, grid), layers)
    if not is_in_place:
        offset = displacement(colours.to_srgb(colour), _composite(stack))
        if offset is not None:
            stack = [moved(values, offset) for values in stack]
    return grid, colour, in_threads(lambda values: _straight(values, colours.from_srgb), stack)


def _resampled(layer: ModelLayer, grid: Grid) -> F32:
    """A layer at the grid's size, (h, w, 4) f32 sRGB, premultiplied."""
    values: F32 = layer.pixels.astype(np.float32) * np.float32(1 / 255)
    values *= cv2.merge([*[values[..., 3]] * 3, np.ones(values.shape[:2], np.float32)])
    size = (grid.extent.width, grid.extent.height)
    if values.shape[1::-1] == size:
        return values
    larger = values.shape[0] * values.shape[1] > grid.extent.area
    how = cv2.INTER_AREA if larger else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(values, size, interpolation=how), np.float32).reshape(
        *size[::-1], 4
    )


def _composite(stack: Sequence[F32]) -> F32:
    """The colour of premultiplied layers over each other, the bottom's holes filled smoothly."""
    out = _filled(stack[0])
    for values in stack[1:]:
        colour, alpha = _planes(values)
        out = colour + out * spread(1 - alpha)
    return out


def _filled(values: F32) -> F32:
    """Straight colour of a premultiplied layer, continued to where it has no alpha."""
    colour, alpha = _unmultiplied(values)
    return push_pull(colour, np.clip(alpha * 4 - np.float32(0.1), 0, 1))


def _straight(values: F32, from_srgb: Callable[[F32], F32]) -> SmallLayer:
    """A premultiplied sRGB layer as alpha and straight colour in document values."""
    colour, alpha = _unmultiplied(values)
    return SmallLayer(alpha, np.clip(from_srgb(colour), 0, 1))


def _unmultiplied(values: F32) -> tuple[F32, F32]:
    """Straight colour (h, w, 3) and alpha (h, w) of premultiplied ``values``, within 0..1."""
    colour, alpha = _planes(values)
    colour = divided(colour, alpha, 1e-4)
    return np.clip(colour, 0, 1, out=colour), np.clip(alpha, 0, 1, out=alpha)


def _planes(values: F32) -> tuple[F32, F32]:
    """Copies of the colour (h, w, 3) and the alpha (h, w) of ``values`` (h, w, 4)."""
    colour = np.asarray(cv2.cvtColor(values, cv2.COLOR_RGBA2RGB), np.float32)
    return colour, np.asarray(cv2.extractChannel(values, 3), np.float32)
