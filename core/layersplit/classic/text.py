"""Find written lines without reading them.

Letters are connected places of one colour with an even stroke on an even ground; what makes them
text is company: several of one colour and weight, side by side. After a line is found, everything
of its colour inside its frame belongs to it (dots, thin letters, commas).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.scene import Scene
from layersplit.domain import F32, U8, Bounds, Mask
from layersplit.run import Run

COLOURS: Final = 14
SAMPLES: Final = 30_000
MOST_GLYPHS: Final = 4000
"""More candidates than any page has: texture, and not worth the time."""
SAME_COLOUR: Final = 14.0
"""Lab distance up to which two glyphs are of one colour."""
LEAST_CONTRAST: Final = 16.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TextBlock:
    """Lines of one colour and size that stand together. ``mask``: (h, w) of the scene."""

    mask: Mask
    bounds: Bounds
    height_px: float
    """Height of its capitals, about."""
    glyph_count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Glyph:
    x: int
    y: int
    width: int
    height: int
    stroke: float
    colour: F32
    mask: Mask


def find_text(scene: Scene, run: Run) -> list[TextBlock]:
    """Blocks of text, the largest letters first."""
    height, width = scene.shape
    if min(height, width) < 24:
        return []
    glyphs = _glyphs(scene, run)
    if len(glyphs) < 2:
        return []
    lines = [line for line in _lines(glyphs) if _is_text(line)]
    blocks = [_block(scene, group) for group in _stacked(lines)]
    return sorted(blocks, key=lambda block: -block.height_px)


def _glyphs(scene: Scene, run: Run) -> list[_Glyph]:
    """Everything that could be a letter."""
    labels = _colour_labels(scene)
    glyphs: list[_Glyph] = []
    for colour in range(COLOURS):
        run.check()
        count, components, stats, _ = cv2.connectedComponentsWithStats(
            (labels == colour).astype(np.uint8), connectivity=8
        )
        for index in _of_letter_size(stats, scene.shape):
            glyph = _glyph(scene, components, index, stats[index])
            if glyph is not None:
                glyphs.append(glyph)
            if len(glyphs) > MOST_GLYPHS:
                return []
        del count
    return glyphs


def _colour_labels(scene: Scene) -> npt.NDArray[np.uint8]:
    """The nearest of a few representative colours for each pixel, (h, w) u8."""
    rgb = cv2.medianBlur(scene.rgb, 3)
    codes = (
        (rgb[..., 0].astype(np.int32) >> 3 << 10) | (rgb[..., 1].astype(np.int32) >> 3 << 5)
    ) | (rgb[..., 2] >> 3)
    present, first, inverse, counts = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    del present
    lab = scene.lab.reshape(-1, 3)[first]
    shares = np.maximum(1, np.rint(counts * (SAMPLES / codes.size))).astype(np.intp)
    samples = np.repeat(lab, shares, axis=0)
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    count = min(COLOURS, len(samples))
    _, _, centres = cv2.kmeans(
        samples, count, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS
    )
    nearest = np.square(lab[:, None] - centres[None]).sum(2).argmin(1).astype(np.uint8)
    return np.asarray(nearest[inverse].reshape(scene.shape), np.uint8)


def _of_letter_size(stats: npt.NDArray[np.int32], shape: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Indices of components whose frame could hold a letter."""
    height, width = shape
    x, y, w, h, area = stats.T
    inside = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    size = (h >= max(5, 0.008 * height)) & (h <= 0.4 * height) & (w <= 0.4 * width) & (area >= 8)
    shape_fits = (area >= 0.08 * w * h) & (w <= 6 * h) & (h <= 9 * w)
    fits = inside & size & shape_fits
    fits[0] = False
    return np.flatnonzero(fits)


def _glyph(
    scene: Scene, components: npt.NDArray[np.int32], index: int, stat: npt.NDArray[np.int32]
) -> _Glyph | None:
    """The component as a letter: even stroke, contrast, even ground; None when it is none."""
    x, y, w, h = (int(v) for v in stat[:4])
    mask = components[y : y + h, x : x + w] == index
    padded = np.pad(mask.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    ridge = depth[(depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3) & (depth > 0)]
    stroke = 2 * float(ridge.mean())
    if float(ridge.std()) > 0.55 * float(ridge.mean()) or stroke > 0.55 * h:
        return None
    reach = max(2, round(0.25 * min(w, h)))
    top, left = max(0, y - reach), max(0, x - reach)
    view = (slice(top, y + h + reach), slice(left, x + w + reach))
    here = (components[view] == index).astype(np.uint8)
    wide = cv2.dilate(here, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    near = cv2.dilate(here, np.ones((5, 5), np.uint8))
    ring = (wide > 0) & (near == 0)
    if int(ring.sum()) < 8:
        return None
    lab = scene.lab[view]
    ground, own = lab[ring], lab[here > 0]
    ground_colour, colour = np.median(ground, axis=0), np.median(own, axis=0)
    contrast = float(np.linalg.norm(colour - ground_colour))
    unrest = float(np.percentile(np.linalg.norm(ground - ground_colour, axis=1), 70))
    own_unrest = float(np.percentile(np.linalg.norm(own - colour, axis=1), 70))
    if contrast < LEAST_CONTRAST or unrest > 0.55 * contrast or own_unrest > 0.4 * contrast:
        return None
    return _Glyph(x=x, y=y, width=w, height=h, stroke=stroke, colour=colour, mask=mask)


def _lines(glyphs: list[_Glyph]) -> list[list[_Glyph]]:
    """Letters of one colour and weight, side by side."""
    frames = np.array([(g.x, g.y, g.width, g.height) for g in glyphs], np.float32)
    colours = np.stack([g.colour for g in glyphs])
    strokes = np.array([g.stroke for g in glyphs], np.float32)
    x, y, w, h = frames.T
    tall = np.maximum(h[:, None], h[None])
    gap = np.maximum(x[:, None], x[None]) - np.minimum((x + w)[:, None], (x + w)[None])
    drop = np.abs((y + h / 2)[:, None] - (y + h / 2)[None])
    alike = np.abs(colours[:, None] - colours[None]).sum(2) < SAME_COLOUR
    ratio = strokes[:, None] / strokes[None]
    alike &= (ratio > 0.45) & (ratio < 2.2)
    alike &= np.minimum(h[:, None], h[None]) > 0.4 * tall
    beside = alike & (gap < 1.0 * tall) & (drop < 0.45 * tall)
    return [[glyphs[i] for i in group] for group in _groups(beside)]


def _groups(linked: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Connected components of a symmetric relation."""
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


def _is_text(line: list[_Glyph]) -> bool:
    """Whether a row of letter-like things is written: enough, aligned, of one weight, not dots."""
    heights = np.array([g.height for g in line], np.float32)
    widths = np.array([g.width for g in line], np.float32)
    strokes = np.array([g.stroke for g in line], np.float32)
    tops = np.array([g.y for g in line], np.float32)
    bottoms = tops + heights
    left = min(g.x for g in line)
    right = max(g.x + g.width for g in line)
    tall = float(np.percentile(heights, 75))
    if len(line) < 3 or (right - left) < 1.5 * float(bottoms.max() - tops.min()):
        return False
    base = min(_spread(bottoms), _spread(tops)) / tall
    if (base > 0.22 and len(line) < 10) or _spread(strokes) > 0.35 * float(np.median(strokes)):
        return False
    even = heights.std() < 0.04 * heights.mean() and widths.std() < 0.04 * widths.mean()
    return not (even and len(line) >= 3)


def _spread(values: npt.NDArray[np.float32]) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def _stacked(lines: list[list[_Glyph]]) -> list[list[_Glyph]]:
    """Lines of one style that stand under each other, as one block of glyphs each."""
    if not lines:
        return []
    colours = np.stack([np.median([g.colour for g in line], axis=0) for line in lines])
    tall = np.array([np.percentile([g.height for g in line], 75) for line in lines])
    tops = np.array([min(g.y for g in line) for line in lines])
    bottoms = np.array([max(g.y + g.height for g in line) for line in lines])
    lefts = np.array([min(g.x for g in line) for line in lines])
    rights = np.array([max(g.x + g.width for g in line) for line in lines])
    larger = np.maximum(tall[:, None], tall[None])
    gap = np.maximum(tops[:, None], tops[None]) - np.minimum(bottoms[:, None], bottoms[None])
    apart = np.maximum(lefts[:, None], lefts[None]) - np.minimum(rights[:, None], rights[None])
    linked = (np.abs(colours[:, None] - colours[None]).sum(2) < SAME_COLOUR) & (gap < 1.6 * larger)
    linked &= (apart < 2.0 * larger) & (np.minimum(tall[:, None], tall[None]) > 0.7 * larger)
    return [[g for i in group for g in lines[i]] for group in _groups(linked)]


def _block(scene: Scene, glyphs: list[_Glyph]) -> TextBlock:
    """All of the block's colour inside its frame."""
    height, width = scene.shape
    tall = float(np.percentile([g.height for g in glyphs], 75))
    colour = np.median([g.colour for g in glyphs], axis=0)
    mask = np.zeros((height, width), bool)
    for line_glyph in glyphs:
        rows = slice(line_glyph.y, line_glyph.y + line_glyph.height)
        columns = slice(line_glyph.x, line_glyph.x + line_glyph.width)
        mask[rows, columns] |= line_glyph.mask
    left = max(0, int(min(g.x for g in glyphs) - 1.2 * tall))
    right = min(width, int(max(g.x + g.width for g in glyphs) + 1.2 * tall))
    top = max(0, int(min(g.y for g in glyphs) - 0.35 * tall))
    bottom = min(height, int(max(g.y + g.height for g in glyphs) + 0.35 * tall))
    view = (slice(top, bottom), slice(left, right))
    near = np.linalg.norm(scene.lab[view] - colour, axis=-1) < 24
    _, components, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    x, y, w, h, area = stats.T
    fits = (x > 0) & (y > 0) & (x + w < right - left) & (y + h < bottom - top)
    fits &= (h <= 1.5 * tall) & (w <= 4 * tall) & (area >= 4)
    fits[0] = False
    mask[view] |= fits[components]
    return TextBlock(
        mask=mask,
        bounds=Bounds(x=left, y=top, width=right - left, height=bottom - top),
        height_px=tall,
        glyph_count=len(glyphs),
    )


def combined(blocks: list[TextBlock], shape: tuple[int, int]) -> U8:
    """All blocks as one mask, (h, w) u8 of 0 and 1."""
    mask = np.zeros(shape, np.uint8)
    for block in blocks:
        mask |= block.mask
    return mask
