"""How well the layers of an answer explain the picture, in words that a person understands.

The restored layers always add up; whether each pixel is in the right one depends on the provider.
Two failures can be seen without knowing the truth: the layers do not look like the picture when
they are put together, and a thing is painted a second time in what lies behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, ModelLayer

AREA_PX: Final = 160 * 160
POOR_DB: Final = 22.0
"""Recomposition of a model below which it did not understand the picture (usual are 22 to 28)."""
LEAST_SHARE: Final = 0.004
"""Share of the picture that a layer must show to be judged."""
STILL_THERE: Final = 0.03
"""Root mean square change (of 0..1 values) up to which taking a layer away changes nothing."""


def judge(picture_small: U8, layers: Sequence[ModelLayer]) -> tuple[str, ...]:
    """Sentences about an answer; none when nothing is wrong.

    ``picture_small``: (h, w, 4) u8, straight alpha; ``layers`` bottom first, in their right order,
    of any sizes, each covering the whole picture.
    """
    if len(layers) < 2:
        return ()
    height, width = picture_small.shape[:2]
    scale = min(1.0, float((AREA_PX / (height * width)) ** 0.5))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    seen = _premultiplied(picture_small, size)
    stack = [_premultiplied(layer.pixels, size) for layer in layers]
    notes = []
    weight = seen[..., 3]
    picture = seen[..., :3] / np.maximum(weight, 1e-3)[..., None]
    squares = np.square(_composite(stack) - picture).mean(-1)
    error = float((squares * weight).sum() / max(float(weight.sum()), 1e-6))
    decibels = -10 * float(np.log10(max(error, 1e-9)))
    if decibels < POOR_DB:
        notes.append(
            "Put together, the provider's layers look little like the picture "
            f"({decibels:.0f} dB). "
            "They add up to it all the same, but parts may be in the wrong layer; another seed or "
            "another number of layers may do better."
        )
    doubled = sum(_is_doubled(stack, index) for index in range(1, len(stack)))
    if doubled:
        things = "One layer is" if doubled == 1 else f"{doubled} layers are"
        notes.append(
            f"{things} painted a second time in what lies behind: when moved away, "
            "the same thing is still there."
        )
    return tuple(notes)


def _premultiplied(pixels: U8, size: tuple[int, int]) -> F32:
    """(h, w, 4) f32 premultiplied colours and alpha at ``size`` (width, height)."""
    values = pixels.astype(np.float32) / 255
    values[..., :3] *= values[..., 3:]
    shrinks = values.shape[1] >= size[0] and values.shape[0] >= size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(values, size, interpolation=how)
    return np.asarray(resized, np.float32).reshape(size[1], size[0], 4)


def _composite(stack: Sequence[F32]) -> F32:
    """Colour of the stack over grey, (h, w, 3)."""
    out = np.full((*stack[0].shape[:2], 3), 0.5, np.float32)
    for layer in stack:
        out = layer[..., :3] + out * (1 - layer[..., 3:])
    return out


def _is_doubled(stack: Sequence[F32], index: int) -> bool:
    """Whether what lies below a layer looks like the layer itself where it is solid."""
    solid = stack[index][..., 3] > 0.9
    if float(solid.mean()) < LEAST_SHARE:
        return False
    own = stack[index][..., :3][solid] / stack[index][..., 3:][solid]
    covered = np.max([layer[..., 3] for layer in stack[:index]], axis=0)[solid]
    below = _composite(stack[:index])[solid]
    detail = float(own.std(axis=0).max())
    change = float(np.sqrt(np.square(own - below).mean()))
    # a plain thing on a ground of its own colour proves nothing: it needs detail of its own
    return bool(covered.mean() > 0.9) and detail > 2 * STILL_THERE and change < STILL_THERE
