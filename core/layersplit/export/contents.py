"""What every format writes: the layers as they can be written, and what they look like together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layersplit.domain import CHANNELS, Extent, Layer, LayerStack, Pixels
from layersplit.export.names import clean_name


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """A document for the writers.

    ``layers``: bottom first, see :func:`writable_layers`. ``merged``: (h, w, 4) of ``extent``, what
    they look like together. ``icc``: None for sRGB with 8 bits. ``report``: that of ``--json``.
    """

    extent: Extent
    title: str
    icc: bytes | None
    layers: tuple[Layer, ...]
    merged: Pixels
    report: Mapping[str, Any]


def writable_layers(stack: LayerStack) -> tuple[Layer, ...]:
    """The layers, bottom first, with names and rasters that every format can hold.

    A layer without pixels becomes one transparent pixel.
    """
    return tuple(
        replace(
            layer,
            name=clean_name(layer.name, number),
            pixels=_one_pixel(layer) if layer.bounds.is_empty else layer.pixels,
        )
        for number, layer in enumerate(stack, start=1)
    )


def _one_pixel(layer: Layer) -> Pixels:
    pixel: Pixels = np.zeros((1, 1, CHANNELS), layer.pixels.dtype)
    return pixel
