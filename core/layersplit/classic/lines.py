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
from layersplit.classic.scene import Scene
from layersplit.domain import F32, Bounds, Mask

SAME_COLOUR: Final = 16.0
"""Lab distance up to which two neighbours are of one colour."""
OFF_BASE: Final = 0.16
"""Median distance from the common base, in heights of a capital, up to which a line is one."""
UNEVEN_STROKE: Final = 0.35
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
        lines += [row for row in rows if row not in lines and _is_short_line(row, lines)]
    blocks = [
        _block(scene, [g for line in stack for g in line], figure) for stack in _stacked(lines)
    ]
    return sorted(blocks, key=lambda block: -block.height_px)


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
    """Whether a row of letter-like things is written: enough, on a base, of one weight, no dots."""
    x, y, w, h = _frames(row)
    middles = (x + w / 2).astype(np.float32)
    strokes = np.array([g.stroke for g in row], np.float32)
    tall = float(np.percentile(h, 80))
    wide = float((x + w).max() - x.min())
    if len(row) < 3 or wide < 1.6 * tall:
        return False
    off = min(_off_base(middles, (y + h).astype(np.float32)), _off_base(middles, y)) / tall
    if off > OFF_BASE or _spread(strokes) > UNEVEN_STROKE * float(np.median(strokes)):
        return False
    even = h.std() < 0.04 * h.mean() and w.std() < 0.05 * w.mean()
    return not even or _differ(row)


def _differ(row: Sequence[Glyph]) -> bool:
    """Whether frames of one size hold different things (block letters), not copies (dots, bars)."""
    sizes = (24, 24)
    shapes = [
        cv2.resize(g.mask.astype(np.float32), sizes, interpolation=cv2.INTER_AREA) for g in row
    ]
    away = [float(np.abs(one - shapes[0]).mean()) for one in shapes[1:]]
    return float(np.median(away)) > 0.12


def _is_short_line(row: Sequence[Glyph], lines: Sequence[Sequence[Glyph]]) -> bool:
    """Whether one or two letters are of the colour and size of a line nearby."""
    tall = float(np.percentile([g.height for g in row], 80))
    colour = np.median([g.colour for g in row], axis=0)
    left, right = min(g.x for g in row), max(g.x + g.width for g in row)
    middle = float(np.median([g.y + g.height / 2 for g in row]))
    for line in lines:
        line_tall = float(np.percentile([g.height for g in line], 80))
        if not 0.6 < tall / line_tall < 1.5:
            continue
        if np.linalg.norm(np.median([g.colour for g in line], axis=0) - colour) > SAME_COLOUR:
            continue
        away_y = abs(float(np.median([g.y + g.height / 2 for g in line])) - middle)
        apart = max(min(g.x for g in line), left) - min(max(g.x + g.width for g in line), right)
        if away_y < 2.2 * line_tall and apart < 1.2 * line_tall:
            return True
    return False


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
        rows = slice(glyph.y, glyph.y + glyph.height)
        columns = slice(glyph.x, glyph.x + glyph.width)
        mask[rows, columns] |= glyph.mask
    left = max(0, int(min(g.x for g in glyphs) - 1.2 * tall))
    right = min(width, int(max(g.x + g.width for g in glyphs) + 1.2 * tall))
    top = max(0, int(min(g.y for g in glyphs) - 0.4 * tall))
    bottom = min(height, int(max(g.y + g.height for g in glyphs) + 0.45 * tall))
    view = (slice(top, bottom), slice(left, right))
    near = _near(scene.lab[view], colour)
    mask[view] |= _small_pieces(near, tall)
    alone = figure[view]
    mask[view] |= _small_pieces(alone, tall, near)
    return TextBlock(
        mask=mask,
        bounds=Bounds(x=left, y=top, width=right - left, height=bottom - top),
        height_px=tall,
        glyph_count=len(glyphs),
    )


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
