"""The embedded splitter: a flat picture to layers, without network and without weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.checks.subject import subject_mattes
from layersplit.classic.glyphs import on_things, standing_alone
from layersplit.classic.ground import find_ground
from layersplit.classic.lines import find_blocks
from layersplit.classic.objects import find_objects
from layersplit.classic.scene import Scene
from layersplit.classic.stack import Cutout, stacked
from layersplit.domain import U8, Extent, Hints, Mask, ModelLayer
from layersplit.run import Run

AUTOMATIC: Final = 8
"""Layers at most when no number was asked for."""
ROUGH_HELPS: Final = (
    "Background and subject could not be told apart with certainty; "
    "a rough selection around the subject helps."
)


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
    if most == 1 or min(scene.shape) < 8:
        return Splitting(layers=stacked(scene.rgb, (), 1.0, run))
    if hints:
        mattes = subject_mattes(picture, hints, extent)
        cutouts = [
            Cutout(mask=np.asarray(matte > 0.5), name=None, confidence=0.8)
            for matte in mattes
            if float(matte.max()) > 0.5
        ]
        return Splitting(layers=stacked(scene.rgb, cutouts[-(most - 1) :], 0.8, run))
    return _automatic(scene, most, run)


def _automatic(scene: Scene, most: int, run: Run) -> Splitting:
    run.progress("provider", 0.05, "Looking for the background")
    ground = find_ground(scene)
    run.progress("provider", 0.3, "Looking for text")
    glyphs = standing_alone(scene, ground.figure) if ground.is_even else []
    large = _large_pieces(ground.figure) if ground.is_even else np.ones(scene.shape, bool)
    glyphs += on_things(scene, large, run)
    blocks = find_blocks(scene, glyphs, ground.figure)
    figure = ground.figure.copy()
    room = most - 1
    texts = [Cutout(mask=b.mask, name="text", confidence=0.9) for b in blocks]
    text_room = max(1, room // 2) if room > 1 else 0
    if len(texts) > text_room:
        rest = texts[max(0, text_room - 1) :]
        texts = texts[: max(0, text_room - 1)]
        if text_room:
            merged = np.any([t.mask for t in rest], axis=0)
            texts.append(Cutout(mask=merged, name="text", confidence=0.9))
    for text in texts:
        figure = _without(figure, text.mask)
    objects = find_objects(figure, room - len(texts))
    cutouts = [Cutout(mask=o, name=None, confidence=ground.confidence) for o in objects]
    run.progress("provider", 0.6, "Filling what is hidden")
    layers = stacked(scene.rgb, [*cutouts, *texts], ground.confidence, run)
    return Splitting(layers=layers, notes=() if ground.is_even else (ROUGH_HELPS,))


def _large_pieces(figure: Mask) -> Mask:
    """Pieces that are too large for a letter: things that can carry text."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(figure.astype(np.uint8), connectivity=8)
    wanted = stats[:, cv2.CC_STAT_AREA] > 0.01 * figure.size
    wanted[0] = False
    return np.asarray(wanted[labels])


def _without(figure: Mask, text: Mask) -> Mask:
    """The figure without a text: its pieces go, and text on a larger thing leaves no hole in it."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(figure.astype(np.uint8), connectivity=8)
    share = np.bincount(labels[text], minlength=len(stats)) / stats[:, cv2.CC_STAT_AREA]
    gone = share > 0.4
    gone[0] = False
    return np.asarray(figure & ~gone[labels])
