"""Rearranging pixels: grey to RGBA, premultiplied to straight, upright, finite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

import numpy as np

from layersplit.domain import CHANNELS, Pixels
from layersplit.pixels.compositing import peak

_BAND_BYTES: Final = 8 << 20
"""Temporary copies of a conversion stay about this small, however large the picture is."""


def bands(height: int, row_bytes: int) -> Iterator[slice]:
    """Rows from top to bottom in bands of some megabytes."""
    step = max(1, _BAND_BYTES // max(1, row_bytes))
    for top in range(0, height, step):
        yield slice(top, min(height, top + step))


def rgba(channels: Pixels, *, colours: int, alpha: int | None) -> Pixels:
    """(h, w, 4) from (h, w, n): the first ``colours`` (1 or 3) channels and the one at ``alpha``.

    The same array comes back where it already is R, G, B, A.
    """
    height, width, count = channels.shape
    if colours == 3 and alpha == 3 and count == CHANNELS:
        return channels
    out: Pixels = np.empty((height, width, CHANNELS), channels.dtype)
    out[..., :3] = channels[..., :colours]
    out[..., 3] = peak(channels.dtype) if alpha is None else channels[..., alpha]
    return out


def make_straight(premultiplied: Pixels) -> None:
    """Divide the colours of (h, w, 4) by alpha, in place; colour is 0 where alpha is 0."""
    top = peak(premultiplied.dtype)
    for rows in bands(premultiplied.shape[0], premultiplied[:1].nbytes):
        part = premultiplied[rows]
        alpha = part[..., 3:].astype(np.float64)
        scale = np.divide(top, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        colour = part[..., :3] * scale
        part[..., :3] = colour if part.dtype == np.float32 else np.rint(np.minimum(colour, top))


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turned and mirrored as Exif's orientation (1..8) says; other values mean 1."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return cast("Pixels", np.ascontiguousarray(pixels))


def finite(pixels: Pixels) -> tuple[Pixels, tuple[str, ...]]:
    """Floats without NaN and infinities and with alpha in 0..1, and a note if that changed any.

    Integers come back as they are. Colours below 0 and above 1 survive.
    """
    if pixels.dtype != np.float32:
        return pixels, ()
    odd = sum(_count_odd(pixels[rows]) for rows in bands(pixels.shape[0], pixels[:1].nbytes))
    if not odd:
        return pixels, ()
    mended = np.nan_to_num(pixels, nan=0.0, posinf=1.0, neginf=0.0).astype(np.float32, copy=False)
    np.clip(mended[..., 3], 0, 1, out=mended[..., 3])
    return mended, (
        f"{odd} values that are no colours (not numbers, or alpha out of range) were mended.",
    )


def _count_odd(part: Pixels) -> int:
    alpha = part[..., 3]
    return int(np.count_nonzero(~np.isfinite(part))) + int(
        np.count_nonzero((alpha < 0) | (alpha > 1))
    )
