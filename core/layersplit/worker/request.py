"""A host's message as the core's request. Wrong values are refused here, before any work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np

from layersplit.bridge.messages import DEPTH_BYTES, ORDERS, RawPicture, Resume, Split
from layersplit.domain import (
    U8,
    Arithmetic,
    Bounds,
    Colours,
    Extent,
    Hints,
    Picture,
    Point,
    SplitRequest,
)
from layersplit.errors import InputError

ARITHMETIC: Final = {"krita": Arithmetic.PER_LAYER, "gimp": Arithmetic.ONCE}
COLOURS: Final = ("source", "model")


def request_of(message: Split, mask: U8 | None) -> SplitRequest:
    """The request of ``message``; ``mask`` is the selection as a hint. Raises InputError."""
    options = message.options
    if message.host not in ARITHMETIC:
        raise _refused(f"The host '{message.host}' is not known.")
    if options.colours not in COLOURS:
        raise _refused(f"The colours '{options.colours}' are not known.")
    return SplitRequest(
        provider=options.provider,
        layer_count=options.layers,
        prompt=options.prompt,
        negative_prompt=options.negative_prompt,
        hints=Hints(
            boxes=tuple(_box(box) for box in options.boxes),
            points=tuple(_point(point) for point in options.points),
            mask=mask,
        ),
        resolution=options.resolution,
        seed=options.seed,
        steps=options.steps,
        guidance=options.guidance,
        colours=cast("Colours", options.colours),
        arithmetic=_arithmetic(message),
        fresh=options.fresh,
        model=options.model,
        plan=options.plan,
        language=options.language,
    )


def _arithmetic(message: Split) -> Arithmetic:
    """How the host composites this document."""
    if message.host == "krita" and message.picture.is_grey and message.picture.depth == "u16":
        return Arithmetic.CUT_OFF
    return ARITHMETIC[message.host]


def selected(folder: Path, raw: RawPicture) -> tuple[Bounds | None, U8 | None]:
    """The selection: its bounds, and (h, w) u8 of the whole picture where it is no rectangle.

    A rectangle says where to split, but nothing of what is inside, so it is no hint.
    """
    if raw.selection is None:
        return None, None
    bounds = _box(raw.selection)
    whole = Extent(width=raw.width, height=raw.height).bounds
    if bounds.is_empty or bounds.intersection(whole) != bounds:
        raise _refused(f"The selection {raw.selection} does not lie inside the picture.")
    file = folder / "selection.raw"
    found = file.stat().st_size if file.is_file() else 0
    if found != bounds.width * bounds.height:
        raise _refused(f"The selection has {found} bytes, not {bounds.width * bounds.height}.")
    inside = np.fromfile(file, np.uint8).reshape(bounds.height, bounds.width)
    if not inside.any():
        raise _refused("The selection is empty.")
    if inside.min() == 255:
        return bounds, None
    mask = np.zeros((raw.height, raw.width), np.uint8)
    mask[bounds.slices] = inside
    return bounds, mask


def usual_form(message: Resume, picture: Picture) -> tuple[str, str]:
    """Channel order and depth of the files that the host expects back."""
    depths = {"uint8": "u8", "uint16": "u16", "float32": "f32"}
    depth = message.depth or depths[picture.pixels.dtype.name]
    whole_numbers = depth in ("u8", "u16")
    order = message.order or ("bgra" if message.host == "krita" and whole_numbers else "rgba")
    if order not in ORDERS or depth not in DEPTH_BYTES:
        raise _refused(f"Pixels of order '{order}' and depth '{depth}' are not known.")
    return order, depth


def _box(values: Sequence[int]) -> Bounds:
    if len(values) != 4:
        raise _refused(f"The box {list(values)} does not have the form x, y, width, height.")
    x, y, width, height = values
    return Bounds(x=x, y=y, width=width, height=height)


def _point(values: Sequence[int]) -> Point:
    if len(values) not in (2, 3):
        raise _refused(f"The point {list(values)} does not have the form x, y or x, y, 0.")
    return Point(x=values[0], y=values[1], foreground=list(values[2:]) != [0])


def _refused(fact: str) -> InputError:
    return InputError(
        fact,
        meaning="Nothing was sent and nothing was changed.",
        remedy="Choose again; if that does not help, run install.py again.",
    )
