"""The embedded splitter: a flat picture to layers, without network and without weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from layersplit.checks.subject import subject_mattes
from layersplit.classic.glyphs import on_things, standing_alone
from layersplit.classic.ground import Ground, find_ground
from layersplit.classic.lines import TextBlock, find_blocks
from layersplit.classic.nested import find_backdrop
from layersplit.classic.objects import find_objects
from layersplit.classic.scene import Scene
from layersplit.classic.smooth import smooth_fill
from layersplit.classic.stack import Cutout, grown, stacked
from layersplit.classic.zones import nearest_of
from layersplit.domain import U8, Extent, Hints, Mask, ModelLayer
from layersplit.run import Run

AUTOMATIC: Final = 8
"""Layers at most when no number was asked for."""
SMALLEST_SIDE: Final = 8
"""Below this many pixels nothing can be told apart."""
ROUGH_HELPS: Final = (
    "Background and subject could not be told apart with certainty; "
    "a rough selection around the subject helps."
)
_BACKGROUND: Final = "background"


@dataclass(frozen=True, kw_only=True, eq=False)
class Splitting:
    """``layers`` bottom first; ``notes``: sentences for the user."""

    layers: tuple[ModelLayer, ...]
    notes: tuple[str, ...] = ()


def split(
    picture: U8, *, hints: Hints, extent: Extent, layer_count: int | None, run: Run
) -> Splitting:
    """Split ``picture`` ((h, w, 4) u8, straight alpha) into at most ``layer_count`` layers.

    ``hints`` in pixels of the full picture, whose size is ``extent``: with them the layers are the
    marked objects before the rest. Deterministic.
    """
    most = layer_count or AUTOMATIC
    scene = Scene.of(picture)
    everything = np.ones(scene.shape, bool)
    if most == 1 or min(scene.shape) < SMALLEST_SIDE:
        return Splitting(layers=stacked(scene, (), _ground(everything, 1.0), run))
    if hints:
        mattes = subject_mattes(picture, hints, extent)
        cutouts = [
            Cutout(mask=np.asarray(matte > 0.5)) for matte in mattes if float(matte.max()) > 0.5
        ]
        ground = _ground(everything, 0.8)
        return Splitting(layers=stacked(scene, cutouts[-(most - 1) :], ground, run))
    return _automatic(scene, most, run, eager=layer_count is not None)


def _ground(mask: Mask, confidence: float) -> Cutout:
    return Cutout(mask=mask, name=_BACKGROUND, confidence=confidence)


def _automatic(scene: Scene, most: int, run: Run, *, eager: bool) -> Splitting:
    run.progress("provider", 0.05, "Looking for the background")
    ground = find_ground(scene)
    parts = _parts(scene, ground, most, run, eager=eager)
    if ground.is_nothing and len(parts) < 2:  # one thing on nothing: look into the thing
        ground = find_ground(scene, opaque=True)
        parts = _parts(scene, ground, most, run, eager=eager)
    if ground.is_nothing:
        rear, *front = _shared_out(parts)
    else:
        rear, front = _ground(np.ones(scene.shape, bool), ground.confidence), parts
    layers = stacked(scene, front, rear, run)
    return Splitting(layers=layers, notes=() if ground.is_even else (ROUGH_HELPS,))


def _parts(scene: Scene, ground: Ground, most: int, run: Run, *, eager: bool) -> list[Cutout]:
    """Everything before the ground, rear to front: planes, things, texts."""
    run.progress("provider", 0.3, "Looking for text")
    blocks = _text(scene, ground, run)
    figure = ground.figure
    for block in blocks:
        figure = _without(figure, block.mask)
    room = most if ground.is_nothing else most - 1
    texts = _texts(blocks, max(1, room // 2))[:room]
    planes = ground.planes[: max(0, room - len(texts) - 1)]
    room -= len(texts) + len(planes)
    base = _without_text(scene, blocks)
    objects = _apart(base, find_objects(base, figure, room), room, eager=eager)
    return [
        *(Cutout(mask=_completed(plane, ground), confidence=ground.confidence) for plane in planes),
        *(Cutout(mask=mask, confidence=ground.confidence) for mask in objects),
        *texts,
    ]


def _shared_out(parts: Sequence[Cutout]) -> list[Cutout]:
    """Parts of a picture on nothing, each with the transparent places next to it.

    The document's own alpha cuts every layer, so none needs an edge where the picture ends, and no
    layer must show the rim of another.
    """
    nearest = nearest_of([part.mask for part in parts])
    known = np.any([part.mask for part in parts], axis=0)
    return [
        replace(part, mask=part.mask | ((nearest == at) & ~known)) for at, part in enumerate(parts)
    ]


def _without_text(scene: Scene, blocks: Sequence[TextBlock]) -> Scene:
    """The picture as it may look without its text."""
    if not blocks:
        return scene
    hole = grown(np.any([block.mask for block in blocks], axis=0), 2)
    return scene.with_rgb(np.rint(smooth_fill(scene.rgb.astype(np.float32), hole)).astype(np.uint8))


def _apart(scene: Scene, objects: Sequence[Mask], room: int, *, eager: bool) -> list[Mask]:
    """Objects with backdrops taken apart, as long as there is room: rear to front."""
    result: list[Mask] = []
    waiting = list(objects)
    while waiting:
        piece = waiting.pop(0)
        free = room - len(result) - len(waiting)
        backdrop = find_backdrop(scene, piece, eager=eager) if free > 1 else None
        if backdrop is None:
            result.append(piece)
        else:
            result.append(backdrop.shape)
            before = find_objects(scene, backdrop.before, free - 1)
            waiting = [*before, *waiting]
    return result


def _text(scene: Scene, ground: Ground, run: Run) -> list[TextBlock]:
    """Text that stands alone on the ground, and text on things."""
    if not ground.is_even:
        return find_blocks(scene, on_things(scene, np.ones(scene.shape, bool), run), ground.figure)
    strokes = ground.strokes
    glyphs = standing_alone(scene, strokes)
    glyphs += on_things(scene, _large_pieces(ground.figure), run)
    return find_blocks(scene, glyphs, strokes)


def _texts(blocks: Sequence[TextBlock], most: int) -> list[Cutout]:
    """One cutout a block; the smallest letters share the last one when there are too many."""
    groups = [[block] for block in blocks[:most]]
    for block in blocks[most:]:
        groups[-1].append(block)
    return [
        Cutout(
            mask=np.any([block.mask for block in group], axis=0),
            name="text",
            confidence=0.9,
            reach_px=max(3, round(0.8 * group[0].height_px)),
        )
        for group in groups
    ]


def _large_pieces(figure: Mask) -> Mask:
    """Pieces that are too large for a letter, without holes: things that can carry text."""
    pieces = figure.astype(np.uint8)
    outlines, _ = cv2.findContours(pieces, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [o for o in outlines if cv2.contourArea(o) > 0.01 * figure.size]
    return np.asarray(cv2.drawContours(np.zeros_like(pieces), large, -1, 1, -1) > 0)


def _without(figure: Mask, text: Mask) -> Mask:
    """The figure as it would be without a text: what surrounds the letters decides."""
    around = grown(text, 2)
    indicator = figure.astype(np.float32)[..., None]
    return np.asarray(smooth_fill(indicator, around)[..., 0] > 0.5)


def _completed(plane: Mask, ground: Ground) -> Mask:
    """A plane with what things before it hide: between known places the border runs smoothly."""
    known = np.any([ground.behind, *ground.planes], axis=0)
    indicator = plane.astype(np.float32)[..., None]
    return np.asarray(smooth_fill(indicator, ~known)[..., 0] > 0.5)
