"""The embedded splitter: a flat picture to layers, without network and without weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from layersplit.checks.subject import subject_mattes
from layersplit.classic.grain import without_grain
from layersplit.classic.ground import UNSURE, find_ground
from layersplit.classic.parts import find_parts, shared_out
from layersplit.classic.scene import Scene
from layersplit.classic.shadow import find_shadow
from layersplit.classic.stack import Cutout, stacked
from layersplit.domain import U8, Extent, Hints, Mask, ModelLayer
from layersplit.run import Run

AUTOMATIC: Final = 8
"""Layers at most when no number was asked for."""
SMALLEST_SIDE: Final = 8
"""Below this many pixels nothing can be told apart."""
HINTED: Final = 0.8
"""Confidence of what the user pointed at."""
ROUGH_HELPS: Final = (
    "Background and subject could not be told apart with certainty; "
    "a rough selection around the subject helps."
)
ONE_LAYER: Final = (
    "Nothing in the picture stands out clearly, so it stays one layer; "
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
    if most == 1 or min(scene.shape) < SMALLEST_SIDE:
        return Splitting(layers=stacked(scene, (), _ground(_everything(scene), 1.0), run))
    run.progress("provider", 0.05, "Looking for the subject" if hints else "Looking around")
    mattes = subject_mattes(picture, hints, extent)
    subjects = [
        Cutout(mask=np.asarray(matte > 0.5), confidence=HINTED)
        for matte in mattes
        if float(matte.max()) > 0.5
    ]
    if subjects:
        ground = _ground(_everything(scene), HINTED)
        return Splitting(layers=stacked(scene, subjects[-(most - 1) :], ground, run))
    return _automatic(scene, most, run, eager=layer_count is not None)


def _everything(scene: Scene) -> Mask:
    return np.ones(scene.shape, bool)


def _ground(mask: Mask, confidence: float) -> Cutout:
    return Cutout(mask=mask, name=_BACKGROUND, confidence=confidence)


def _automatic(scene: Scene, most: int, run: Run, *, eager: bool) -> Splitting:
    calm = without_grain(scene)
    ground = find_ground(calm)
    room = most if ground.is_nothing else most - 1
    parts = find_parts(calm, ground, room, run, eager=eager)
    if ground.is_nothing and len(parts.cutouts) < 2:  # one thing on nothing: look into the thing
        ground = find_ground(calm, opaque=True)
        parts = find_parts(calm, ground, most - 1, run, eager=eager)
    if ground.is_nothing:
        rear, *front = shared_out(parts.cutouts)
    else:
        rear, front = _ground(_everything(scene), ground.confidence), parts.cutouts
    shadow = find_shadow(calm, ground) if len(front) < most - 1 else None
    layers = stacked(scene, front, rear, run, shadow)
    if len(layers) < 2:
        return Splitting(layers=layers, notes=(ONE_LAYER,))
    is_guess = parts.is_guess or not ground.is_even or ground.confidence < UNSURE
    return Splitting(layers=layers, notes=(ROUGH_HELPS,) if is_guess else ())
