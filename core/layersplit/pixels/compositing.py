"""What the programs that show the layers compute, pixel by pixel.

Three arithmetics matter (:class:`layersplit.domain.Arithmetic`), both Porter-Duff "over" on the
document's own channel values, with full layer opacity:

- PER_LAYER, Krita 5: float32, the backdrop rounded to the document's integers after every layer.
  8 bit: ``KoOptimizedCompositeOpOver32.h``; 16 bit and float: ``KoOptimizedCompositeOpOver128.h``
  (the 16-bit template of the same operation), both over ``KoStreamedMath.h``. A transparent
  backdrop takes the source as it is. Where the backdrop's alpha is between 0 and full, the 8-bit
  operation divides through the processor's reciprocal estimate, good to 12 bits: this emulation
  divides exactly, so whoever needs certainty there leaves a margin of 2**-11 of the difference.
- CUT_OFF, Krita 5 and 6 with 16-bit grey: the generic "over" of ``KoCompositeOpOver.h``, integers
  whose ``blend`` of ``KoColorSpaceMaths.h`` divides by 65535 and drops the rest, for both signs.
- ONCE, GIMP 3 with a non-linear compositing space (``gimpoperationnormal.c``) and every program
  that keeps floating point: no rounding before the end.

Everything here is straight alpha; where the result's alpha is 0 its colour is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import CHANNELS, Arithmetic, Bounds, Layer, Mask, Pixels

Floats: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

PEAK: Final = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}
"""The channel value that means 1, for each dtype of a document."""


MIXED_PX: Final = 1 << 14
"""Pixels that are mixed together, so that the working set stays in the cache."""


def peak(dtype: npt.DTypeLike) -> float:
    """The channel value that means 1: 255, 65535 or 1."""
    return PEAK[np.dtype(dtype)]


def composite(layers: Sequence[Layer], bounds: Bounds, arithmetic: Arithmetic) -> Pixels:
    """Composite ``layers`` (bottom first) over nothing, as the user sees them inside ``bounds``.

    Returns (h, w, 4) of the layers' dtype, straight alpha, rounded as the program rounds.
    """
    dtype = layers[0].pixels.dtype
    if arithmetic is Arithmetic.CUT_OFF and dtype == np.uint16:
        return _composite_in_turn(layers, bounds, over_cut_off)
    if arithmetic is not Arithmetic.ONCE:
        return _composite_in_turn(layers, bounds, over_per_layer)
    return _stored(composite_unrounded(layers, bounds), dtype)


def composite_unrounded(layers: Sequence[Layer], bounds: Bounds) -> Floats:
    """Composite ``layers`` (bottom first) over nothing inside ``bounds``, without any rounding.

    Returns (h, w, 4) straight alpha in the layers' channel units (0..255, 0..65535 or 0..1):
    float32 for 8-bit layers, where it is exact to 1e-4 units, float64 for the others.
    """
    dtype = layers[0].pixels.dtype
    work = np.dtype(np.float32 if dtype == np.uint8 else np.float64)
    full = peak(dtype)
    out = np.zeros((bounds.height, bounds.width, CHANNELS), work)
    for source, place in _parts(layers, bounds):
        backdrop = out[place]
        alpha = source[..., 3:].astype(work) / work.type(full)
        if np.all(backdrop[..., 3] == full):
            backdrop[..., :3] += alpha * (source[..., :3] - backdrop[..., :3])
            continue
        below = backdrop[..., 3:] / work.type(full)
        united = alpha + below * (1 - alpha)
        weight = np.divide(alpha, united, out=np.zeros_like(alpha), where=united > 0)
        backdrop[..., :3] += weight * (source[..., :3] - backdrop[..., :3])
        backdrop[..., 3:] = united * work.type(full)
    return out


def _composite_in_turn(
    layers: Sequence[Layer], bounds: Bounds, over: Callable[[Pixels, Pixels], Pixels]
) -> Pixels:
    """The stack with the backdrop held in the document's dtype between the layers."""
    out = np.zeros((bounds.height, bounds.width, CHANNELS), layers[0].pixels.dtype)
    for source, place in _parts(layers, bounds):
        out[place] = over(out[place], source)
    return out


def over_per_layer(backdrop: Pixels, source: Pixels) -> Pixels:
    """Put ``source`` over ``backdrop`` as Krita does; both (h, w, 4) straight, of one dtype."""
    dtype = backdrop.dtype
    full = np.float32(peak(dtype))
    if dtype != np.float32:
        if not backdrop[..., 3].any():
            return _copied(source, source[..., 3] > 0, np.zeros_like(source))
        if (backdrop[..., 3] == full).all():
            return _over_opaque(backdrop, source)
    share = source[..., 3:].astype(np.float32) * (np.float32(1) / full)
    colour = source[..., :3].astype(np.float32)
    below = backdrop[..., :3].astype(np.float32)
    below_alpha = backdrop[..., 3:].astype(np.float32)
    united = below_alpha + (full - below_alpha) * share
    weight = np.divide(share * full, united, out=np.zeros_like(share), where=united > 0)
    weight[below_alpha == full] = share[below_alpha == full]
    out = np.empty_like(backdrop)
    out[..., :3] = _stored(weight * (colour - below) + below, dtype)
    out[..., 3:] = _stored(united, dtype)
    taken = (below_alpha == 0)[..., 0]
    out[taken] = source[taken]
    out[out[..., 3] == 0] = 0
    return out


def _over_opaque(backdrop: Pixels, source: Pixels) -> Pixels:
    """The same before an opaque backdrop of integers: only where it mixes is there anything to do.

    Where ``source`` is opaque, ``(colour - below) + below`` is the colour itself.
    """
    dtype = backdrop.dtype
    full = np.float32(peak(dtype))
    alpha = source[..., 3]
    out = _copied(source, alpha == full, backdrop.copy())
    mixed = np.flatnonzero((alpha > 0) & (alpha < full))
    if not mixed.size:
        return out
    flat, pixels = out.reshape(-1, CHANNELS), source.reshape(-1, CHANNELS)
    for start in range(0, mixed.size, MIXED_PX):
        index = mixed[start : start + MIXED_PX]
        above = pixels.take(index, axis=0).astype(np.float32)
        below = flat.take(index, axis=0).astype(np.float32)
        share = above[:, 3:] * (np.float32(1) / full)
        stored = _stored(share * (above - below) + below, dtype)
        stored[:, 3] = full
        flat[index] = stored
    return out


def _copied(source: Pixels, where: Mask, out: Pixels) -> Pixels:
    """``out`` (h, w, 4), contiguous, with the pixels of ``source`` at ``where`` (h, w)."""
    copied: Pixels = cv2.copyTo(source, where.view(np.uint8), out)
    return copied


def over_cut_off(backdrop: Pixels, source: Pixels) -> Pixels:
    """Put ``source`` over ``backdrop`` as Krita does with 16-bit grey; both (h, w, 4) u16."""
    above, below = source.astype(np.int64), backdrop.astype(np.int64)
    united, weight = united_cut_off(below[..., 3:], above[..., 3:])
    step = (above[..., :3] - below[..., :3]) * weight
    out = np.empty_like(backdrop)
    out[..., :3] = below[..., :3] + np.sign(step) * (np.abs(step) // 65535)
    out[..., 3:] = united
    taken = backdrop[..., 3] == 0
    out[taken] = source[taken]
    out[out[..., 3] == 0] = 0
    return out


def united_cut_off(
    below: npt.NDArray[np.int64], above: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Krita's alpha of both together, and the weight of the upper colour; all 0..65535."""
    product = (65535 - below) * above + 0x8000
    united = below + (((product >> 16) + product) >> 16)
    return united, (above * 65535 + united // 2) // np.maximum(united, 1)


def _stored(values: Floats, dtype: npt.DTypeLike) -> Pixels:
    """As the document stores it: nearest integer, halves to even; floats only change precision."""
    match np.dtype(dtype).type:
        case np.uint8:
            return np.clip(np.rint(values), 0, 255).astype(np.uint8)
        case np.uint16:
            return np.clip(np.rint(values), 0, 65535).astype(np.uint16)
        case _:
            return values.astype(np.float32)


def _parts(layers: Sequence[Layer], bounds: Bounds) -> list[tuple[Pixels, tuple[slice, slice]]]:
    """What each layer shows inside ``bounds``, with its place there; bottom first."""
    parts = []
    for layer in layers:
        seen = layer.bounds.intersection(bounds)
        if not seen.is_empty:
            inside = seen.moved(-layer.x, -layer.y)
            parts.append((layer.pixels[inside.slices], seen.moved(-bounds.x, -bounds.y).slices))
    return parts


def psnr(mean_square: float, full: float) -> float | None:
    """Peak signal-to-noise ratio in dB from the mean squared error; None when there is no error."""
    if mean_square <= 0:
        return None
    return float(10 * np.log10(full * full / mean_square))
