"""Things that could be letters: small pieces of one colour with a stroke of even width.

Two sources. What stands alone on the ground is known already as a piece of the figure, with its
exact outline, whatever its colour. Letters on other things (a sign, a bottle) are found as
connected places of one of a few representative colours, on an even surrounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.scene import Scene
from layersplit.domain import F32, Mask
from layersplit.run import Run

COLOURS: Final = 14
SAMPLES: Final = 30_000
MOST: Final = 1500
"""More candidates than any poster has letters; of a texture the tallest are looked at."""
LEAST_CONTRAST: Final = 14.0
LEAST_HEIGHT_PX: Final = 4

_Labels = npt.NDArray[np.int32]
_SQUARE: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Glyph:
    """One piece: frame, stroke width, median Lab colour, and its mask within the frame."""

    x: int
    y: int
    width: int
    height: int
    stroke: float
    colour: F32
    mask: Mask
    stands_alone: bool = True
    """On the ground, not on another thing: then its outline is certain."""

    @property
    def rows(self) -> slice:
        """Rows of the frame."""
        return slice(self.y, self.y + self.height)

    @property
    def columns(self) -> slice:
        """Columns of the frame."""
        return slice(self.x, self.x + self.width)


def standing_alone(scene: Scene, figure: Mask) -> list[Glyph]:
    """Candidates among the connected pieces of ``figure``, (h, w)."""
    return _examined(scene, [_pieces(figure, scene.shape)])


def on_things(scene: Scene, where: Mask, run: Run) -> list[Glyph]:
    """Candidates by colour inside ``where`` (h, w), each on an even surrounding."""
    if not where.any():
        return []
    colours = _colour_labels(scene)
    by_colour = []
    for colour in range(COLOURS):
        run.check()
        by_colour.append(_pieces((colours == colour) & where, scene.shape))
    found = (glyph for glyph in _examined(scene, by_colour) if _stands_out(scene, glyph))
    return [replace(glyph, stands_alone=False) for glyph in found]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pieces:
    """Connected pieces: ``labels`` (h, w), their ``stats``, and which could be letters."""

    labels: _Labels
    stats: _Labels
    chosen: npt.NDArray[np.intp]


def _pieces(mask: Mask, shape: tuple[int, int]) -> _Pieces:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return _Pieces(labels=labels, stats=stats, chosen=_of_letter_size(stats, shape))


def _examined(scene: Scene, groups: list[_Pieces]) -> list[Glyph]:
    """The pieces that pass as letters; of very many only the tallest are looked at."""
    heights = np.concatenate([group.stats[group.chosen, cv2.CC_STAT_HEIGHT] for group in groups])
    least = np.sort(heights)[-MOST] if heights.size > MOST else 0
    found: list[Glyph] = []
    for group in groups:
        for index in group.chosen:
            if group.stats[index, cv2.CC_STAT_HEIGHT] >= least and len(found) < MOST:
                glyph = _glyph(scene, group.labels, int(index), group.stats[index])
                if glyph is not None:
                    found.append(glyph)
    return found


def _of_letter_size(stats: _Labels, shape: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Indices of components whose frame could hold a letter, or a short word run together."""
    height, width = shape
    x, y, w, h, area = stats.T
    inside = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    size = (h >= LEAST_HEIGHT_PX) & (h <= 0.45 * height) & (w <= 0.5 * width) & (area >= 6)
    fits = inside & size & (area >= 0.08 * w * h) & (w <= 8 * h) & (h <= 9 * w)
    fits[0] = False
    return np.flatnonzero(fits)


def _glyph(scene: Scene, labels: _Labels, index: int, stat: _Labels) -> Glyph | None:
    """The component, when its stroke is even enough; else None."""
    x, y, w, h = (int(v) for v in stat[:4])
    mask = labels[y : y + h, x : x + w] == index
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3)
    ridge = depth[(depth >= cv2.dilate(depth, _SQUARE) - 1e-3) & (depth > 0)]
    stroke = 2 * float(ridge.mean())
    if stroke > 0.6 * max(h, 6) or float(ridge.std()) > 0.75 * float(ridge.mean()):
        return None
    # antialiased rims are not of the letter's colour: ask the middle of the stroke
    middle = depth[1:-1, 1:-1] >= min(0.5 * stroke, float(depth.max())) - 1e-3
    colour = _rank(scene.lab[y : y + h, x : x + w][middle & mask], 0.5)
    return Glyph(
        x=x,
        y=y,
        width=w,
        height=h,
        stroke=stroke,
        colour=colour.astype(np.float32),
        mask=mask,
    )


def _stands_out(scene: Scene, glyph: Glyph) -> bool:
    """Whether the surrounding is even and of another colour, and the glyph even itself."""
    # no wider: letters stand close together, and many have an outline around them
    reach = min(8, max(4, round(0.12 * min(glyph.width, glyph.height))))
    top, left = max(0, glyph.y - reach), max(0, glyph.x - reach)
    view = (
        slice(top, glyph.y + glyph.height + reach),
        slice(left, glyph.x + glyph.width + reach),
    )
    lab = scene.lab[view]
    here = np.zeros(lab.shape[:2], np.uint8)
    rows, columns = glyph.y - top, glyph.x - left
    here[rows : rows + glyph.height, columns : columns + glyph.width] = glyph.mask
    wide = cv2.dilate(here, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    ring = wide & (cv2.dilate(here, np.ones((5, 5), np.uint8)) == 0)
    if int(ring.sum()) < 8:
        return False
    around = _rank(lab[ring], 0.5)
    contrast = float(np.linalg.norm(glyph.colour - around))
    unrest = float(_rank(np.linalg.norm(lab[ring] - around, axis=1), 0.7))
    own = float(_rank(np.linalg.norm(lab[here > 0] - glyph.colour, axis=1), 0.7))
    return contrast > LEAST_CONTRAST and unrest < 0.55 * contrast and own < 0.4 * contrast


def _rank(values: F32, share: float) -> F32:
    """The value below which ``share`` of ``values`` (n, ...) lie.

    numpy's percentile interpolates and checks, which takes longer than the rest for small pieces.
    """
    at = int(share * (len(values) - 1))
    return np.asarray(np.partition(values, at, axis=0)[at], np.float32)


def _colour_labels(scene: Scene) -> npt.NDArray[np.uint8]:
    """The nearest of a few representative colours for each pixel, (h, w) u8."""
    rgb = cv2.medianBlur(scene.rgb, 3)
    fives = (rgb >> 3).astype(np.int32)
    codes = (fives[..., 0] << 10 | fives[..., 1] << 5 | fives[..., 2]).ravel()
    counts = np.bincount(codes, minlength=1 << 15)
    present = np.flatnonzero(counts)
    middle = np.stack([present >> 10, present >> 5 & 31, present & 31], axis=1) * 8 + 4
    lab = cv2.cvtColor(middle[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    shares = np.maximum(1, np.rint(counts[present] * (SAMPLES / codes.size))).astype(np.intp)
    samples = np.repeat(lab, shares, axis=0)
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    count = min(COLOURS, len(samples))
    _, _, centres = cv2.kmeans(
        samples, count, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS
    )
    table = np.zeros(1 << 15, np.uint8)
    table[present] = np.square(lab[:, None] - centres[None]).sum(2).argmin(1)
    return np.asarray(table[codes].reshape(scene.shape), np.uint8)
