"""What part of a picture is worth sending, and how a split part goes back into the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from layersplit.domain import Bounds, Extent, Hints, Layer, Picture, SplitRequest

CONTEXT: Final = 0.35
"""Share of the hinted side that is sent around it: a model needs the surround to see an object."""
POINT_REACH: Final = 0.25
"""A lone point says nothing of the object's size: this share of the picture's side around it."""
WORTHWHILE: Final = 0.6
"""A region larger than this share of the picture gains no resolution: the whole is sent."""


def hinted_region(request: SplitRequest, extent: Extent) -> Bounds | None:
    """The hinted part with context that a remote or local model should see; None for the whole.

    The embedded splitter looks at the whole picture anyway, in its own resolution.
    """
    if request.provider == "classic" or not request.hints:
        return None
    marked = _marked(request.hints, extent)
    if marked.is_empty:
        return None
    margin_px = round(CONTEXT * max(marked.width, marked.height))
    region = marked.padded(margin_px).intersection(extent.bounds)
    if region.width * region.height > WORTHWHILE * extent.area:
        return None
    return region


def _marked(hints: Hints, extent: Extent) -> Bounds:
    """The smallest bounds around everything that the user marked as the subject."""
    parts = [box.intersection(extent.bounds) for box in hints.boxes]
    reach_px = round(POINT_REACH * max(extent.width, extent.height))
    if not hints.boxes and hints.mask is None:
        parts += [
            Bounds(x=p.x, y=p.y, width=1, height=1).padded(reach_px).intersection(extent.bounds)
            for p in hints.points
            if p.foreground
        ]
    if hints.mask is not None:
        rows = np.flatnonzero(hints.mask.any(axis=1))
        columns = np.flatnonzero(hints.mask.any(axis=0))
        if rows.size:
            x, y = int(columns[0]), int(rows[0])
            width, height = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
            parts.append(Bounds(x=x, y=y, width=width, height=height))
    if not parts:
        return Bounds(x=0, y=0, width=0, height=0)
    x, y = min(part.x for part in parts), min(part.y for part in parts)
    right, bottom = max(part.right for part in parts), max(part.bottom for part in parts)
    return Bounds(x=x, y=y, width=right - x, height=bottom - y)


def embed(layers: Sequence[Layer], picture: Picture, region: Bounds) -> tuple[Layer, ...]:
    """Let the bottom layer of a split region cover the whole picture.

    Outside ``region`` it carries the source's own pixels, so the stack still adds up everywhere.
    ``layers``: bottom first, in document coordinates; they lie inside ``region``.
    """
    bottom, *rest = layers
    pixels = picture.pixels.copy()
    pixels[region.slices] = 0
    pixels[bottom.bounds.slices] = bottom.pixels
    return (replace(bottom, pixels=pixels, x=0, y=0), *rest)
