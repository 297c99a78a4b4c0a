"""What of an answer is no layer: the regenerated picture, blanks, copies.

Some services return the whole picture again beside its layers, pad the answer to the number that
was asked for with empty layers, or send one layer twice. The rules are careful in one direction:
what is left out must be explained by what is kept, so an opaque background, or the only layer that
shows a part of the picture, always stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.domain import F32, U8, Dropped, Mask, ModelLayer

AREA_PX: Final = 160 * 160
BLANK_ALPHA: Final = 0.06
"""Mean of 3 x 3 alphas up to which a place counts as empty: what codecs leave is fainter."""
OPAQUE: Final = 0.95
SAME_ALPHA: Final = 0.94
"""Soft IoU from which two alphas are one (a re-encoded copy differs in its edge pixels)."""
SAME_COLOUR: Final = 0.035
"""Root mean square of 0..1 values below which two colourings are one."""
LOOKS_ALIKE: Final = 0.06
"""The same for the picture and its regeneration after the best colour fit: they differ more."""
EXPLAINED: Final = 0.35
"""The regenerated picture shows the objects this many times better than a background would."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """``kept``: indices of the layers that are layers, in the given order; ``notes``: sentences."""

    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]


def inspect(picture_small: U8, layers: Sequence[ModelLayer]) -> Inspection:
    """Sort the layers of an answer into kept and dropped.

    ``picture_small``: (h, w, 4) u8, straight alpha; ``layers``: any sizes, each covering the whole
    picture, as the provider ordered them. At least one layer is kept when any was given.
    """
    views = [_View(layer.pixels, picture_small.shape[:2]) for layer in layers]
    seen = _View(picture_small, picture_small.shape[:2])
    dropped = [Dropped(reason="blank", index=i) for i, view in enumerate(views) if view.is_blank]
    alive = [i for i, view in enumerate(views) if not view.is_blank]
    for index in _full_pictures(seen, views, alive):
        alive.remove(index)
        dropped.append(Dropped(reason="full-picture", index=index))
    for index in _copies(views, alive):
        alive.remove(index)
        dropped.append(Dropped(reason="duplicate", index=index))
    notes: list[str] = []
    if layers and not alive:
        rescued = max(dropped, key=lambda one: float(views[one.index].alpha.mean()))
        dropped.remove(rescued)
        alive = [rescued.index]
        notes.append("The provider returned no layer of substance; the picture stays one layer.")
    return Inspection(
        kept=tuple(sorted(alive)),
        dropped=tuple(sorted(dropped, key=lambda one: one.index)),
        notes=tuple(notes),
    )


class _View:
    """A layer at the small common size: alpha, colours, and whether there is anything in it."""

    def __init__(self, pixels: U8, shape: tuple[int, ...]) -> None:
        self.is_blank = _is_blank(pixels[..., 3])
        scale = min(1.0, (AREA_PX / (shape[0] * shape[1])) ** 0.5)
        size = (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))
        full = pixels.astype(np.float32) / 255
        full[..., :3] *= full[..., 3:]
        shrinks = pixels.shape[1] >= size[0] and pixels.shape[0] >= size[1]
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        small = cv2.resize(full, size, interpolation=way)
        # regenerated pictures are a little softer and shifted: compare what is left after a blur
        values: F32 = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.2), np.float32)
        self.alpha: F32 = values[..., 3]
        self.own: F32 = values[..., :3]
        self.colour: F32 = (self.own / np.maximum(values[..., 3:], 1e-3)).astype(np.float32)


def _is_blank(alpha: U8) -> bool:
    """Nothing but residue: faint everywhere, or noise without a single connected place."""
    cover = alpha.astype(np.float32) / 255
    smooth = cv2.blur(cover, (3, 3), borderType=cv2.BORDER_REPLICATE)
    if float(smooth.max()) < BLANK_ALPHA:
        return True
    solid = cv2.medianBlur(alpha, 3) if min(alpha.shape) >= 3 else alpha
    if int(solid.max()) > 255 * 0.3 or float((smooth > 0.3).mean()) > 1e-5:
        return False
    roughness = float(np.abs(cover - smooth).mean())
    return roughness > 0.35 * float(smooth.mean())


def _full_pictures(seen: _View, views: Sequence[_View], alive: Sequence[int]) -> list[int]:
    """Indices of opaque layers that show the whole picture although the others show it too."""
    weight = seen.alpha
    opaque = [i for i in alive if _share(views[i].alpha, weight) > OPAQUE]
    found: list[int] = []
    for index in opaque:
        others = [i for i in alive if i != index and i not in found]
        grounds = [i for i in others if i in opaque]
        if not grounds or not _looks_like(views[index], seen, weight > 0.5):
            continue
        hidden_by_others = any(i > index for i in grounds)
        if (hidden_by_others and index == alive[0]) or _shows_objects(
            index, others, grounds, seen, views
        ):
            found.append(index)
    return found


def _shows_objects(
    index: int, others: Sequence[int], grounds: Sequence[int], seen: _View, views: Sequence[_View]
) -> bool:
    """Whether the layer shows what lies in front of the other ground, and the others do as well."""
    front = [i for i in others if i not in grounds]
    if not front:
        return False
    cover = np.max([views[i].alpha for i in front], axis=0)
    place = (cover > 0.7) & (seen.alpha > 0.5)
    if not place.any():
        return False
    mine = _distance(_fitted(views[index], seen, seen.alpha > 0.5), seen.colour, place)
    ground = min(_distance(views[i].colour, seen.colour, place) for i in grounds)
    below = views[grounds[0]].colour
    for i in front:
        below = views[i].own + below * (1 - views[i].alpha[..., None])
    together = _distance(below, seen.colour, place)
    return mine < EXPLAINED * ground and together < 0.7 * ground


def _share(alpha: F32, weight: F32) -> float:
    return float((alpha * weight).sum() / max(float(weight.sum()), 1e-6))


def _looks_like(view: _View, seen: _View, where: Mask) -> bool:
    """Whether the layer is the picture, apart from a change of colours and softness."""
    if not where.any():
        return False
    return _distance(_fitted(view, seen, where), seen.colour, where) < LOOKS_ALIKE


def _fitted(view: _View, seen: _View, where: Mask) -> F32:
    """The layer's colours after the best linear change of colours towards the picture."""
    own = np.column_stack([view.colour[where], np.ones(int(where.sum()), np.float32)])
    change, *_ = np.linalg.lstsq(own, seen.colour[where], rcond=None)
    return np.asarray(view.colour @ change[:3] + change[3], np.float32)


def _distance(one: F32, other: F32, where: Mask) -> float:
    """Root mean square difference of two colourings inside ``where``."""
    if not where.any():
        return 0.0
    return float(np.sqrt(np.square(one[where] - other[where]).mean()))


def _copies(views: Sequence[_View], alive: Sequence[int]) -> list[int]:
    """Indices of layers that repeat an earlier one."""
    found: list[int] = []
    for at, index in enumerate(alive):
        earlier = [i for i in alive[:at] if i not in found]
        if any(_same(views[i], views[index]) for i in earlier):
            found.append(index)
    return found


def _same(one: _View, other: _View) -> bool:
    union = float(np.maximum(one.alpha, other.alpha).sum())
    common = np.minimum(one.alpha, other.alpha)
    if float(common.sum()) < SAME_ALPHA * union:
        return False
    return _distance(one.colour, other.colour, common > 0.5) < SAME_COLOUR
