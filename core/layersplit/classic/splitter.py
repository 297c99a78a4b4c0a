"""The embedded splitter: a flat picture to layers, without network and without weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from layersplit.checks.subject import subject_mattes
from layersplit.classic.ground import find_ground
from layersplit.classic.objects import find_objects
from layersplit.classic.scene import Scene
from layersplit.classic.smooth import smooth_fill
from layersplit.classic.stack import Cutout, _grown, stacked
from layersplit.classic.text import find_text
from layersplit.domain import U8, Extent, Hints, ModelLayer
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
    run.progress("provider", 0.05, "Looking for text")
    blocks = find_text(scene, run)
    room = most - 1
    texts = [Cutout(mask=b.mask, name="text", confidence=0.9) for b in blocks]
    text_room = max(1, room // 2) if room > 1 else 0
    if len(texts) > text_room:
        rest = texts[max(0, text_room - 1) :]
        texts = texts[: max(0, text_room - 1)]
        if text_room:
            merged = np.any([t.mask for t in rest], axis=0)
            texts.append(Cutout(mask=merged, name="text", confidence=0.9))
    base = scene
    if texts:
        hole = _grown(np.any([t.mask for t in texts], axis=0), 2)
        filled = smooth_fill(scene.rgb.astype(np.float32), hole)
        base = scene.with_rgb(np.rint(filled).astype(np.uint8))
    run.progress("provider", 0.35, "Looking for the background")
    ground = find_ground(base)
    objects = find_objects(ground.figure, room - len(texts))
    cutouts = [Cutout(mask=o, name=None, confidence=ground.confidence) for o in objects]
    run.progress("provider", 0.6, "Filling what is hidden")
    layers = stacked(scene.rgb, [*cutouts, *texts], ground.confidence, run)
    return Splitting(layers=layers, notes=() if ground.is_smooth else (ROUGH_HELPS,))
