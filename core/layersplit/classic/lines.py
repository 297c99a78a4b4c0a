"""Written lines and blocks of lines, from things that could be letters.

What makes letters text is company: several of one colour and weight, side by side, on a common
straight or arched base. Nothing is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.glyphs import Glyph
from layersplit.classic.masks import grown
from layersplit.classic.scene import Scene
from layersplit.domain import F32, Bounds, Mask

SAME_COLOUR: Final = 16.0
"""Lab distance up to which two neighbours are of one colour."""
OFF_BASE: Final = 0.16
"""Median distance from the common base, in heights of a capital, up to which a line is one."""
UNEVEN_STROKE: Final = 0.35
UNEVEN_HEIGHT: Final = 0.1
LEAST_UNEVEN_PX: Final = 1.5
"""How much letters of one height differ, as a share of it, and at least."""
SMALL_LETTER: Final = 0.5
"""Height of small letters at least, as a share of the tallest in the line."""
TOUCHING: Final = 0.12
"""Share of a block's rim that belongs to another one when both are parts of the same letters."""
OUTLINE: Final = 0.35
"""How far an outline reaches from its letters at most, in heights of a capital."""
STRICTER: Final = 0.6
DIFFERENT: Final = 0.2
"""Mean difference of two letters in one frame: bars and stripes on things differ by half of it."""
SOLID: Final = 0.74
"""Share of its frame that a letter fills at most, usually: discs, boxes and few fonts fill more."""
RECRUIT_COLOUR: Final = 24.0

_Relation = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class TextBlock:
    """Lines of one colour and size that stand together. ``mask``: (h, w) of the scene."""

    mask: Mask
    bounds: Bounds
    height_px: float
    """Height of its capitals, about."""
    glyph_count: int
    is_outlined: bool = False
    """Whether the letters have an outline of another colour, which belongs to the block."""


def find_blocks(scene: Scene, glyphs: Sequence[Glyph], figure: Mask) -> list[TextBlock]:
    """Blocks of text among ``glyphs``, the largest letters first.

    ``figure``: (h, w) what stands before the ground; whole pieces of it inside a block's frame join
    the block.
    """
    if len(glyphs) < 2:
        return []
    rows = [[glyphs[i] for i in group] for group in _connected(_beside(glyphs))]
    lines = [row for row in rows if is_line(row)]
    if lines:  # a short line counts when a neighbour of its style proves it
        styles = [_Style.of(line) for line in lines]
        proven = {id(line) for line in lines}
        for row in rows:
            style = _Style.of(row)
            if id(row) not in proven and any(_goes_with(style, line) for line in styles):
                lines.append(row)
    blocks = [
        _block(scene, [g for line in stack for g in line], figure) for stack in _stacked(lines)
    ]
    return sorted(_interleaved(blocks), key=lambda block: -block.height_px)


def _interleaved(blocks: list[TextBlock]) -> list[TextBlock]:
    """Blocks that touch along much of their outline are parts of the same letters: one block.

    Letters with a gradient or an outline are found as several rows of one place.
    """
    result: list[TextBlock] = []
    for block in sorted(blocks, key=lambda block: -int(block.mask.sum())):
        for at, known in enumerate(result):
            rim = grown(block.mask, 1) & ~block.mask
            if int((rim & known.mask).sum()) > TOUCHING * int(rim.sum()):
                result[at] = _together(known, block)
                break
        else:
            result.append(block)
    return result


def _together(one: TextBlock, other: TextBlock) -> TextBlock:
    left, top = min(one.bounds.x, other.bounds.x), min(one.bounds.y, other.bounds.y)
    right = max(one.bounds.right, other.bounds.right)
    bottom = max(one.bounds.bottom, other.bounds.bottom)
    return TextBlock(
        mask=one.mask | other.mask,
        bounds=Bounds(x=left, y=top, width=right - left, height=bottom - top),
        height_px=max(one.height_px, other.height_px),
        glyph_count=max(one.glyph_count, other.glyph_count),
        is_outlined=True,
    )


def _frames(glyphs: Sequence[Glyph]) -> tuple[npt.NDArray[np.float32], ...]:
    table = np.array([(g.x, g.y, g.width, g.height) for g in glyphs], np.float32)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _beside(glyphs: Sequence[Glyph]) -> _Relation:
    """Which pairs could be neighbours in a line."""
    x, y, w, h = _frames(glyphs)
    tall = np.maximum(h[:, None], h[None])
    gap = np.maximum(x[:, None], x[None]) - np.minimum((x + w)[:, None], (x + w)[None])
    drop = np.abs((y + h / 2)[:, None] - (y + h / 2)[None])
    colours = np.stack([g.colour for g in glyphs])
    strokes = np.array([g.stroke for g in glyphs], np.float32)
    ratio = strokes[:, None] / strokes[None]
    linked = np.linalg.norm(colours[:, None] - colours[None], axis=2) < SAME_COLOUR
    linked &= (ratio > 0.45) & (ratio < 2.2) & (np.minimum(h[:, None], h[None]) > 0.4 * tall)
    return np.asarray(linked & (gap < 0.9 * tall) & (gap > -0.4 * tall) & (drop < 0.5 * tall))


def _connected(linked: _Relation) -> list[list[int]]:
    """Connected groups of a symmetric relation."""
    group = np.full(len(linked), -1)
    found: list[list[int]] = []
    for start in range(len(linked)):
        if group[start] >= 0:
            continue
        members, fresh = [start], [start]
        group[start] = len(found)
        while fresh:
            near = np.flatnonzero(linked[fresh].any(axis=0) & (group < 0))
            group[near] = len(found)
            fresh = [int(i) for i in near]
            members += fresh
        found.append(sorted(members))
    return found


def is_line(row: Sequence[Glyph]) -> bool:
    """Whether a row of letter-like things is written: enough, on a base, of one weight, no dots.

    Things carry much that looks like a letter, so a row on them must be longer and more even.
    """
    x, y, w, h = _frames(row)
    middles = (x + w / 2).astype(np.float32)
    strokes = np.array([g.stroke for g in row], np.float32)
    tall = float(np.percentile(h, 80))
    wide = float((x + w).max() - x.min())
    alone = sum(g.stands_alone for g in row) > len(row) / 2
    if len(row) < (3 if alone else 4) or wide < 1.6 * tall or not _of_one_height(h):
        return False
    off = min(_off_base(middles, (y + h).astype(np.float32)), _off_base(middles, y)) / tall
    strict = 1.0 if alone else STRICTER
    uneven = _spread(strokes) / float(np.median(strokes))
    if off > OFF_BASE * strict or uneven > UNEVEN_STROKE * strict:
        return False
    solid = float(np.median([g.mask.mean() for g in row])) > SOLID
    even = h.std() < 0.04 * h.mean() and w.std() < 0.05 * w.mean()
    return (alone and not even and not solid) or _difference(row) > DIFFERENT


def _of_one_height(heights: npt.NDArray[np.float32]) -> bool:
    """Whether half of the heights agree, as those of small letters or of capitals do."""
    allowed = np.maximum(LEAST_UNEVEN_PX, UNEVEN_HEIGHT * heights)
    alike = (np.abs(heights[:, None] - heights[None]) <= allowed[:, None]).sum(1)
    usual = heights >= SMALL_LETTER * heights.max()
    return 2 * int(alike[usual].max()) >= len(heights)


def _difference(row: Sequence[Glyph]) -> float:
    """How much things of one row differ: block letters in even frames do, dots and bars do not."""
    sizes = (24, 24)
    shapes = [
        cv2.resize(g.mask.astype(np.float32), sizes, interpolation=cv2.INTER_AREA) for g in row
    ]
    return float(np.median([float(np.abs(one - shapes[0]).mean()) for one in shapes[1:]]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Style:
    """What a row looks like and where it stands."""

    tall: float
    colour: F32
    left: int
    right: int
    middle: float

    @classmethod
    def of(cls, row: Sequence[Glyph]) -> _Style:
        """Of at least one glyph."""
        return cls(
            tall=float(np.percentile([g.height for g in row], 80)),
            colour=np.median([g.colour for g in row], axis=0).astype(np.float32),
            left=min(g.x for g in row),
            right=max(g.x + g.width for g in row),
            middle=float(np.median([g.y + g.height / 2 for g in row])),
        )


def _goes_with(row: _Style, line: _Style) -> bool:
    """Whether one or two letters are of the colour and size of a line nearby."""
    if not 0.6 < row.tall / line.tall < 1.5:
        return False
    if float(np.linalg.norm(row.colour - line.colour)) > SAME_COLOUR:
        return False
    down = abs(line.middle - row.middle)
    apart = max(line.left, row.left) - min(line.right, row.right)
    in_line = down < 0.4 * line.tall
    return down < 2.2 * line.tall and apart < (2.2 if in_line else 1.2) * line.tall


def _off_base(x: npt.NDArray[np.float32], ends: npt.NDArray[np.float32]) -> float:
    """Median distance of letter ends from their common base, straight or arched."""
    flat = _spread(ends)
    if len(ends) < 5:
        return flat
    place = (x - x.mean()) / max(float(np.ptp(x)), 1.0)
    curve = np.polynomial.polynomial.polyfit(place, ends, 2)
    away = np.abs(ends - np.polynomial.polynomial.polyval(place, curve))
    return min(flat, float(np.median(away)) * 1.2)


def _spread(values: npt.NDArray[np.float32]) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def _stacked(lines: Sequence[Sequence[Glyph]]) -> list[list[Sequence[Glyph]]]:
    """Lines of one style that stand under each other or go on, as blocks."""
    if not lines:
        return []
    colours = np.stack([np.median([g.colour for g in line], axis=0) for line in lines])
    tall = np.array([np.percentile([g.height for g in line], 80) for line in lines])
    tops = np.array([min(g.y for g in line) for line in lines])
    bottoms = np.array([max(g.y + g.height for g in line) for line in lines])
    lefts = np.array([min(g.x for g in line) for line in lines])
    rights = np.array([max(g.x + g.width for g in line) for line in lines])
    larger = np.maximum(tall[:, None], tall[None])
    gap = np.maximum(tops[:, None], tops[None]) - np.minimum(bottoms[:, None], bottoms[None])
    apart = np.maximum(lefts[:, None], lefts[None]) - np.minimum(rights[:, None], rights[None])
    linked = np.linalg.norm(colours[:, None] - colours[None], axis=2) < SAME_COLOUR
    linked &= (gap < 1.5 * larger) & (apart < 2.5 * larger)
    linked &= np.minimum(tall[:, None], tall[None]) > 0.65 * larger
    return [[lines[i] for i in group] for group in _connected(np.asarray(linked))]


def _block(scene: Scene, glyphs: Sequence[Glyph], figure: Mask) -> TextBlock:
    """The glyphs, and all of their colour or standing alone inside their frame: dots, commas."""
    height, width = scene.shape
    tall = float(np.percentile([g.height for g in glyphs], 80))
    colour = np.median([g.colour for g in glyphs], axis=0).astype(np.float32)
    mask = np.zeros((height, width), bool)
    for glyph in glyphs:
        mask[glyph.rows, glyph.columns] |= glyph.mask
    left = max(0, int(min(g.x for g in glyphs) - 1.2 * tall))
    right = min(width, int(max(g.x + g.width for g in glyphs) + 1.2 * tall))
    top = max(0, int(min(g.y for g in glyphs) - 0.4 * tall))
    bottom = min(height, int(max(g.y + g.height for g in glyphs) + 0.45 * tall))
    view = (slice(top, bottom), slice(left, right))
    near = _near(scene.lab[view], colour)
    mask[view] |= _small_pieces(near, tall)
    alone = figure[view]
    mask[view] |= _small_pieces(alone, tall, near)
    outline = _outline(scene, mask, tall)
    return TextBlock(
        mask=mask if outline is None else outline,
        bounds=Bounds(x=left, y=top, width=right - left, height=bottom - top),
        height_px=tall,
        glyph_count=len(glyphs),
        is_outlined=outline is not None,
    )


def _outline(scene: Scene, text: Mask, tall: float) -> Mask | None:
    """The text with the outline drawn around its letters; None when there is none.

    An outline is of one colour and hugs the letters; a sign that carries them reaches further.
    """
    reach = max(3, round(OUTLINE * tall))
    ring = grown(text, 4) & ~grown(text, 2)
    if not ring.any():
        return None
    colour = np.median(scene.lab[ring], axis=0).astype(np.float32)
    alike = (np.linalg.norm(scene.lab - colour, axis=-1) < 0.5 * RECRUIT_COLOUR) & ~text
    _, labels = cv2.connectedComponents(alike.astype(np.uint8))
    beside = np.zeros(int(labels.max()) + 1, bool)
    beside[labels[ring & alike]] = True
    beside[0] = False
    around = beside[labels]
    hugs = int((around & grown(text, reach)).sum()) > 0.97 * int(around.sum())
    closed = int((ring & around).sum()) > 0.7 * int(ring.sum())
    if not hugs or not closed:
        return None
    drawn = cv2.morphologyEx((around | text).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
    outlines, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(cv2.drawContours(np.zeros_like(drawn), outlines, -1, 1, -1) > 0)


def _near(lab: F32, colour: F32) -> Mask:
    return np.asarray(np.linalg.norm(lab - colour, axis=-1) < RECRUIT_COLOUR)


def _small_pieces(mask: Mask, tall: float, mostly: Mask | None = None) -> Mask:
    """Pieces of letter size wholly inside, those with at least a third of ``mostly`` if given."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    x, y, w, h, area = stats.T
    fits = (x > 0) & (y > 0) & (x + w < mask.shape[1]) & (y + h < mask.shape[0])
    fits &= (h <= 1.5 * tall) & (w <= 5 * tall) & (area >= 3)
    if mostly is not None:
        share = np.bincount(labels[mostly], minlength=len(stats)) / np.maximum(area, 1)
        fits &= share > 0.33
    fits[0] = False
    return np.asarray(fits[labels])
