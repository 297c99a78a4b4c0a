"""Everything that stands before the ground, rear to front: planes, things, texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from layersplit.checks.cutting import without_islands
from layersplit.classic.glyphs import on_things, standing_alone
from layersplit.classic.ground import Ground, subject_of
from layersplit.classic.hills import RIM_PX
from layersplit.classic.lines import TextBlock, find_blocks
from layersplit.classic.masks import grown
from layersplit.classic.nested import find_backdrop, strokes_on
from layersplit.classic.objects import OBJECT, find_objects
from layersplit.classic.scene import Scene
from layersplit.classic.shapes import simple_shape
from layersplit.classic.smooth import smooth_fill
from layersplit.classic.stack import Cutout
from layersplit.classic.zones import SMOOTH, nearest_of, slope
from layersplit.domain import Mask
from layersplit.run import Run

SCENERY: Final = 0.5
TEXTURED: Final = 0.33
"""Shares of the picture, and of uneven places in it, from which one thing is a scene with somebody
in it: in a flat drawing what hangs together is better left together."""
OF_SCENERY: Final = (0.06, 0.75)
"""Share of a scene that its subject has."""
OF_BORDER: Final = 0.12
"""Share of the picture's border that a scene covers at least."""
TEXT_CONFIDENCE: Final = 0.9
GUESS: Final = 0.35
"""Confidence of what stands out from a scene."""
ALREADY_FOUND: Final = 0.6
"""Share of a letter found by colour that is a letter found by its outline."""
OWN_PIECE: Final = 0.2
"""Share of a thing without holes from which a piece is the thing itself and not something in it."""
SETTING: Final = 0.004
"""Share of a disc that planes hide at least when it lies behind them."""
ACROSS: Final = 0.05
"""Share of two opposite sides of the picture that a scene covers: a portrait only stands on one."""
ROUGH: Final = 0.2
"""Share of uneven places from which scraps of little substance are grain, not things."""
SPOTTED: Final = 0.22
LEAST_LETTERS: Final = 12
SMALL_PRINT: Final = 0.04
SMALL_PRINT_PX: Final = 24
"""Among so much texture (SPOTTED), fewer letters than that, no higher than this share of the longer
side or this many pixels, are windows, spots and branches that happen to stand in a row."""
CARRIES_TEXT: Final = 0.01
"""Share of the picture from which a thing can carry text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """``cutouts`` rear to front; ``is_guess``: whether a subject was guessed out of a scene."""

    cutouts: list[Cutout]
    is_guess: bool = False


def find_parts(scene: Scene, ground: Ground, most: int, run: Run, *, eager: bool) -> Parts:
    """At most ``most`` things before ``ground``; ``eager``: take small things apart too."""
    run.progress("provider", 0.3, "Looking for text")
    roughness = float((slope(scene.lab) > SMOOTH).mean())
    blocks = _text(scene, ground, run)
    if roughness > SPOTTED:
        blocks = [block for block in blocks if _is_surely_text(block, scene)]
    figure = ground.figure
    for block in blocks:
        figure = _without(figure, block.mask)
    texts = _texts(blocks, max(1, most // 2))[:most]
    planes = _largest(ground.planes, max(0, most - len(texts) - 1))
    room = most - len(texts) - len(planes)
    run.progress("provider", 0.45, "Looking for things")
    base = _without_text(scene, blocks)
    masks = find_objects(base, figure, room)
    if roughness > ROUGH:
        masks = [mask for mask in masks if float(mask.mean()) > OBJECT]
    things = [Cutout(mask=mask, confidence=ground.confidence) for mask in masks]
    if ground.is_even and not ground.is_nothing:
        things = _subject_apart(base, things, room)
    is_guess = any(thing.confidence == GUESS for thing in things)
    things = _backdrops_apart(base, things, room, eager=eager)
    behind = [_behind_planes(thing, planes) for thing in things]
    far = [thing for thing in behind if thing is not None]
    near = [thing for thing, covered in zip(things, behind, strict=True) if covered is None]
    rear = [
        Cutout(mask=mask, confidence=ground.confidence)
        for mask in _completed(planes, ground, [thing.mask for thing in far])
    ]
    return Parts(cutouts=[*far, *rear, *near, *texts], is_guess=is_guess)


def shared_out(parts: Sequence[Cutout]) -> list[Cutout]:
    """Parts of a picture on nothing, each with the transparent places next to it.

    The document's own alpha cuts every layer, so none needs an edge where the picture ends, and no
    layer must show the rim of another.
    """
    nearest = nearest_of([part.mask for part in parts])
    known = np.any([part.mask for part in parts], axis=0)
    return [
        replace(part, mask=part.mask | ((nearest == at) & ~known)) for at, part in enumerate(parts)
    ]


def _text(scene: Scene, ground: Ground, run: Run) -> list[TextBlock]:
    """Text that stands alone on the ground, and text on things."""
    if not ground.is_even:
        return find_blocks(scene, on_things(scene, np.ones(scene.shape, bool), run), ground.figure)
    things = _large_pieces(ground.figure)
    strokes = _without_inner(ground.strokes, things)
    written = strokes_on(scene, things)
    glyphs = [*standing_alone(scene, strokes), *standing_alone(scene, written)]
    found = np.zeros(scene.shape, bool)
    for glyph in glyphs:
        found[glyph.rows, glyph.columns] |= glyph.mask
    glyphs += [
        glyph
        for glyph in on_things(scene, things, run)
        if float(found[glyph.rows, glyph.columns][glyph.mask].mean()) < ALREADY_FOUND
    ]
    known = np.asarray((strokes & ~things) | written)
    return find_blocks(scene, glyphs, known)


def _is_surely_text(block: TextBlock, scene: Scene) -> bool:
    """Whether there are enough letters, or large enough ones, to be believed among texture."""
    high = block.height_px > max(SMALL_PRINT_PX, SMALL_PRINT * max(scene.shape))
    return high or block.glyph_count >= LEAST_LETTERS


def _without_inner(strokes: Mask, things: Mask) -> Mask:
    """Strokes without those that only fill a hole of a larger thing (a letter on a sign)."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    _, thing_of, thing_stats, _ = cv2.connectedComponentsWithStats(things.astype(np.uint8))
    around = np.zeros(len(stats), np.intp)
    around[pieces[things]] = thing_of[things]
    size = thing_stats[around, cv2.CC_STAT_AREA]
    inner = (around > 0) & (stats[:, cv2.CC_STAT_AREA] < OWN_PIECE * size)
    return np.asarray(strokes & ~inner[pieces])


def _texts(blocks: Sequence[TextBlock], most: int) -> list[Cutout]:
    """One cutout a block; the smallest letters share the last one when there are too many."""
    groups = [[block] for block in blocks[:most]]
    for block in blocks[most:]:
        groups[-1].append(block)
    return [
        Cutout(
            mask=np.any([block.mask for block in group], axis=0),
            name="text",
            confidence=TEXT_CONFIDENCE,
            reach_px=2 if _is_coloured(group) else max(3, round(0.8 * group[0].height_px)),
        )
        for group in groups
    ]


def _is_coloured(group: Sequence[TextBlock]) -> bool:
    """Whether the letters are of more than one colour, so that none stands for all."""
    return len(group) > 1 or group[0].is_outlined


def _without_text(scene: Scene, blocks: Sequence[TextBlock]) -> Scene:
    """The picture as it may look without its text."""
    if not blocks:
        return scene
    hole = grown(np.any([block.mask for block in blocks], axis=0), 2)
    return scene.with_rgb(np.rint(smooth_fill(scene.rgb.astype(np.float32), hole)).astype(np.uint8))


def _without(figure: Mask, text: Mask) -> Mask:
    """The figure as it would be without a text: what surrounds the letters decides."""
    around = grown(text, 2)
    indicator = figure.astype(np.float32)[..., None]
    return np.asarray(smooth_fill(indicator, around)[..., 0] > 0.5)


def _large_pieces(figure: Mask) -> Mask:
    """Pieces that are too large for a letter, without holes: things that can carry text."""
    pieces = figure.astype(np.uint8)
    outlines, _ = cv2.findContours(pieces, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [o for o in outlines if cv2.contourArea(o) > CARRIES_TEXT * figure.size]
    return np.asarray(cv2.drawContours(np.zeros_like(pieces), large, -1, 1, -1) > 0)


def _subject_apart(scene: Scene, things: list[Cutout], room: int) -> list[Cutout]:
    """What stands out from the first thing, when that is a whole scene, comes before it."""
    if not things or len(things) >= room:
        return things
    piece = things[0].mask
    sides = [piece[0], piece[-1], piece[:, 0], piece[:, -1]]
    if float(piece.mean()) < SCENERY or float(np.concatenate(sides).mean()) < OF_BORDER:
        return things
    top, bottom, left, right = (float(side.mean()) > ACROSS for side in sides)
    if not (top and bottom) and not (left and right):
        return things
    if float((slope(scene.lab)[piece] > SMOOTH).mean()) < TEXTURED:
        return things
    subject = without_islands(subject_of(scene) & piece)
    share = int(subject.sum()) / int(piece.sum())
    if not OF_SCENERY[0] < share < OF_SCENERY[1]:
        return things
    front = Cutout(mask=subject, confidence=GUESS)
    return [replace(things[0], confidence=GUESS), front, *things[1:]]


def _backdrops_apart(
    scene: Scene, things: Sequence[Cutout], room: int, *, eager: bool
) -> list[Cutout]:
    """Things with backdrops taken apart, as long as there is room: rear to front."""
    result: list[Cutout] = []
    waiting = list(things)
    while waiting:
        thing = waiting.pop(0)
        free = room - len(result) - len(waiting)
        backdrop = find_backdrop(scene, thing.mask, eager=eager) if free > 1 else None
        if backdrop is None:
            result.append(thing)
            continue
        result.append(replace(thing, mask=backdrop.shape))
        before = find_objects(scene, backdrop.before, free - 1)
        waiting = [*(replace(thing, mask=mask) for mask in before), *waiting]
    return result


def _largest(planes: Sequence[Mask], most: int) -> list[Mask]:
    """The ``most`` largest planes, in their order."""
    by_area = sorted(range(len(planes)), key=lambda at: -int(planes[at].sum()))
    return [planes[at] for at in sorted(by_area[:most])]


def _behind_planes(thing: Cutout, planes: Sequence[Mask]) -> Cutout | None:
    """A disc that a plane cuts off, whole (a sun behind hills); None for everything else."""
    if not planes:
        return None
    hiding = np.any(planes, axis=0)
    piece = _largest_piece(thing.mask)
    found = simple_shape(piece, piece | grown(hiding, RIM_PX))
    if found is None or found.is_panel:
        return None
    inner = cv2.erode(found.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # no mere rim
    hidden = int((inner & hiding).sum()) / int(found.mask.sum())
    return replace(thing, mask=found.mask | thing.mask) if hidden > SETTING else None


def _largest_piece(mask: Mask) -> Mask:
    """A thing without the specks that belong to it."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _completed(planes: Sequence[Mask], ground: Ground, far: Sequence[Mask]) -> list[Mask]:
    """Planes, rear to front, with what is hidden of them; ``far``: things behind all of them.

    Behind things: between known places the border runs smoothly. Behind nearer planes: a range of
    hills goes on below its foot.
    """
    known = np.any([ground.behind, *ground.planes, *far], axis=0)
    found: list[Mask] = []
    nearer = np.zeros_like(ground.behind)
    for plane in reversed(planes):
        indicator = plane.astype(np.float32)[..., None]
        whole = np.asarray(smooth_fill(indicator, ~known)[..., 0] > 0.5)
        found.append(whole | (nearer & plane.any(0)))
        nearer |= whole
    return found[::-1]
