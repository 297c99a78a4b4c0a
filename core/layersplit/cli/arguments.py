"""Argument types of the command line; argparse turns an ArgumentTypeError into exit status 2."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy comes with it, and --help does without
    from layersplit.domain import Bounds, Point


def layer_count(text: str) -> int | None:
    """``auto`` is None; a number must be positive (the provider's own range is checked later)."""
    if text == "auto":
        return None
    try:
        count = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number nor 'auto'") from None
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} layers cannot be made; 1 is the least")
    return count


def _numbers(text: str, counts: tuple[int, ...], form: str) -> list[int]:
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in counts:
        raise argparse.ArgumentTypeError(f"'{text}' does not have the form {form}")
    return values


def box(text: str) -> Bounds:
    """``X0,Y0,X1,Y1``: two opposite corners, the second one outside the box."""
    from layersplit.domain import Bounds  # noqa: PLC0415 - numpy comes with it

    x0, y0, x1, y1 = _numbers(text, (4,), "X0,Y0,X1,Y1")
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if left == right or top == bottom:
        raise argparse.ArgumentTypeError(f"the box '{text}' has no inside")
    return Bounds(x=left, y=top, width=right - left, height=bottom - top)


def point(text: str) -> Point:
    """``X,Y`` marks the subject, ``X,Y,0`` the background."""
    from layersplit.domain import Point  # noqa: PLC0415 - as above

    x, y, *label = _numbers(text, (2, 3), "X,Y or X,Y,0")
    return Point(x=x, y=y, foreground=label != [0])
