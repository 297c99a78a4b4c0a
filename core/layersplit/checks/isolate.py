"""The subject that the user pointed at, as a layer of its own, whichever engine answered.

No service takes points or boxes, so the hints choose afterwards: of every returned layer the part
inside the subject's matte moves to the front, the rest stays in its place. A layer that is wholly
inside moves as it is; one that is only partly inside is cut along the matte, not along the box.
Where a layer was cut, what lies below shows through, and the restoration makes it add up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from layersplit.checks.subject import subject_mattes
from layersplit.domain import F32, U8, Extent, Hints, ModelLayer

WHOLLY: Final = 0.85
"""Share of a layer's visible alpha inside the subject from which it moves as it is."""
NOT_AT_ALL: Final = 0.02
"""Share of the subject that a layer shows, up to which it stays untouched."""


def isolate(
    picture_small: U8, layers: Sequence[ModelLayer], hints: Hints, extent: Extent
) -> list[ModelLayer]:
    """Bring the hinted subject to the front; without hints the layers stay as they are.

    ``picture_small``: (h, w, 4) u8, straight alpha; ``layers`` bottom first, in their right order;
    ``hints`` in pixels of the full picture, whose size is ``extent``.
    """
    result = list(layers)
    for matte in subject_mattes(picture_small, hints, extent):
        if float(matte.max()) > 0.5:
            result = _brought_forward(picture_small, result, matte)
    return result


def _brought_forward(picture: U8, layers: Sequence[ModelLayer], matte: F32) -> list[ModelLayer]:
    """One subject: the parts of all layers that lie in it, in front of everything else."""
    visible = _visible(layers, picture.shape[:2])
    rest: list[ModelLayer] = []
    subject: list[ModelLayer] = []
    of_subject = float(matte.sum())
    for index, layer in enumerate(layers):
        inside = float((visible[index] * matte).sum())
        own = float(visible[index].sum())
        if index and own and inside > WHOLLY * own:
            subject.append(layer)
        elif inside > NOT_AT_ALL * of_subject:
            part = cv2.resize(matte, layer.pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            subject.append(_cut(layer, np.asarray(part, np.float32)))
            rest.append(layer if index == 0 else _cut(layer, np.asarray(1 - part, np.float32)))
        else:
            rest.append(layer)
    return [*rest, *subject]


def _visible(layers: Sequence[ModelLayer], shape: tuple[int, ...]) -> list[F32]:
    """What of each layer can be seen from above, (h, w) f32 at the picture's small size."""
    through = np.ones(shape, np.float32)
    visible: list[F32] = []
    for layer in reversed(layers):
        alpha = layer.pixels[..., 3].astype(np.float32) / 255
        alpha = cv2.resize(alpha, shape[::-1], interpolation=cv2.INTER_AREA)
        visible.append(np.asarray(through * alpha, np.float32))
        through = through * (1 - alpha)
    return visible[::-1]


def _cut(layer: ModelLayer, keep: F32) -> ModelLayer:
    pixels = layer.pixels.copy()
    pixels[..., 3] = np.rint(pixels[..., 3] * keep).astype(np.uint8)
    return ModelLayer(pixels=pixels, name=layer.name, confidence=layer.confidence)
