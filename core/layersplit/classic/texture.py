"""Continue a texture into a hole by copying pieces of what is known.

Every place of the hole gets the piece of the known picture that fits what is there so far best
(PatchMatch: Barnes et al., SIGGRAPH 2009), the pieces vote for the colours (Wexler, Shechtman and
Irani, TPAMI 2007), from coarse to fine. The search happens where the picture is small; finer levels
inherit their sources and only straighten them, so the cost hardly grows with the size of the hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask
from layersplit.run import Run

RADIUS: Final = 3
"""Pieces are 7 x 7."""
SEARCHED_PX: Final = 400
"""Size of the hole on the coarsest level: small enough for a piece to see across a good part of it,
so that bricks stay bricks and do not fade into their joints."""
COMPARED_PX: Final = 6000
"""Size of the hole up to which finer levels search as well."""
STRAIGHTENED_PX: Final = 24_000
"""Size of the hole up to which a level compares pieces at all; above it only copies."""
LEAST_SIDE: Final = 20
LEAST_SOURCE_PX: Final = 250
"""Known pieces that the coarsest level has at least: fewer would repeat themselves."""

_Index = npt.NDArray[np.intp]


def texture_fill(values: F32, hole: Mask, run: Run, unusable: Mask | None = None) -> F32:
    """Fill ``hole`` (h, w) of ``values`` (h, w, 3) f32 with pieces from outside it.

    ``unusable``: (h, w) places that are neither filled nor copied from. Falls back to the smooth
    continuation where too little is known. Deterministic.
    """
    barred = np.zeros_like(hole) if unusable is None else unusable & ~hole
    levels = [_Level(values=values, hole=hole, barred=barred)]
    while levels[-1].hole.sum() > SEARCHED_PX and min(levels[-1].hole.shape) >= 2 * LEAST_SIDE:
        coarser = levels[-1].halved()
        if int(coarser.source().sum()) < LEAST_SOURCE_PX:
            break
        levels.append(coarser)
    random = np.random.default_rng(0)
    guess = smooth_fill(levels[-1].values, levels[-1].hole)
    match: _Match | None = None
    for at, level in enumerate(reversed(levels)):
        run.check()
        if match is not None:
            guess = np.where(level.hole[..., None], _doubled(guess, level.hole.shape), level.values)
        match = _Match.start(level, match, random)
        if match is None:
            return smooth_fill(values, hole)
        size = int(level.hole.sum())
        if at == 0:
            for _ in range(5):
                match.improve(guess, random, far=True)
                guess = match.voted(guess, RADIUS)
        elif size <= STRAIGHTENED_PX:
            for _ in range(2 if size <= COMPARED_PX else 1):
                match.improve(guess, random, far=size <= COMPARED_PX)
                guess = match.voted(guess, RADIUS if size <= COMPARED_PX else 1)
        guess = match.voted(guess, 0) if level is levels[0] else guess
    return guess


@dataclass(frozen=True, kw_only=True, eq=False)
class _Level:
    values: F32
    hole: Mask
    barred: Mask

    def halved(self) -> _Level:
        """Half the size; a pixel is hole when most of it is, and barred when any of it is."""
        height, width = self.hole.shape
        size = ((width + 1) // 2, (height + 1) // 2)
        known = (~self.hole).astype(np.float32)
        weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        total = cv2.resize(self.values * known[..., None], size, interpolation=cv2.INTER_AREA)
        values = total / np.maximum(weight, 1e-3)[..., None]
        barred = cv2.resize(self.barred.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        hole = np.asarray(weight < 0.5)
        return _Level(
            values=np.asarray(values, np.float32),
            hole=hole,
            barred=np.asarray(barred & ~hole),
        )

    def source(self) -> Mask:
        """Middles of pieces that are wholly known: (h, w)."""
        kernel = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
        source = cv2.dilate((self.hole | self.barred).astype(np.uint8), kernel) == 0
        source[:RADIUS] = source[-RADIUS:] = False
        source[:, :RADIUS] = source[:, -RADIUS:] = False
        return np.asarray(source)


def _doubled(values: F32, shape: tuple[int, ...]) -> F32:
    resized = cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)


class _Match:
    """For every place of the hole (and a rim of it) where its piece comes from."""

    def __init__(self, level: _Level, source: Mask) -> None:
        self.level = level
        self.source = source
        self.height, self.width = level.hole.shape
        kernel = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
        target = cv2.dilate(level.hole.astype(np.uint8), kernel) > 0
        self.y, self.x = np.nonzero(target)
        self.place = np.full(target.shape, -1, np.intp)
        self.place[self.y, self.x] = np.arange(self.y.size)
        self.from_y: _Index = np.zeros(self.y.size, np.intp)
        self.from_x: _Index = np.zeros(self.y.size, np.intp)

    @classmethod
    def start(
        cls, level: _Level, coarser: _Match | None, random: np.random.Generator
    ) -> _Match | None:
        """Sources at random, or those of the coarser level; None when there is no source."""
        source = level.source()
        rows, columns = np.nonzero(source)
        if not rows.size:
            return None
        match = cls(level, source)
        chosen = random.integers(0, rows.size, match.y.size)
        match.from_y, match.from_x = rows[chosen], columns[chosen]
        if coarser is not None:
            half_y = np.minimum(match.y // 2, coarser.height - 1)
            half_x = np.minimum(match.x // 2, coarser.width - 1)
            known = coarser.place[half_y, half_x]
            y = coarser.from_y[known] * 2 + match.y % 2
            x = coarser.from_x[known] * 2 + match.x % 2
            usable = (known >= 0) & (y < match.height) & (x < match.width)
            usable[usable] = source[y[usable], x[usable]]
            match.from_y[usable], match.from_x[usable] = y[usable], x[usable]
        return match

    def improve(self, guess: F32, random: np.random.Generator, *, far: bool) -> None:
        """Try the sources of neighbours, and with ``far`` random ones in shrinking circles."""
        padded = cv2.copyMakeBorder(guess, *[RADIUS] * 4, cv2.BORDER_REFLECT_101)
        flat = np.ascontiguousarray(padded).reshape(-1, 3)
        stride = self.width + 2 * RADIUS
        reach = np.arange(-RADIUS, RADIUS + 1)
        offsets = (reach[:, None] * stride + reach).ravel()
        own = flat[((self.y + RADIUS) * stride + self.x + RADIUS)[:, None] + offsets]

        def cost(y: _Index, x: _Index, where: _Index) -> F32:
            pieces = flat[((y + RADIUS) * stride + x + RADIUS)[:, None] + offsets]
            away = (pieces - own[where]).reshape(len(where), 3 * offsets.size)
            return np.asarray(np.einsum("ij,ij->i", away, away), np.float32)

        everywhere = np.arange(self.y.size)
        best = cost(self.from_y, self.from_x, everywhere)

        def attempt(y: _Index, x: _Index, allowed: Mask) -> None:
            inside = allowed & (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)
            inside[inside] = self.source[y[inside], x[inside]]
            where = np.flatnonzero(inside)
            found = cost(y[where], x[where], where)
            better = found < best[where]
            chosen = where[better]
            best[chosen] = found[better]
            self.from_y[chosen], self.from_x[chosen] = y[chosen], x[chosen]

        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            beside = self.place[
                np.clip(self.y - down, 0, self.height - 1),
                np.clip(self.x - right, 0, self.width - 1),
            ]
            attempt(self.from_y[beside] + down, self.from_x[beside] + right, beside >= 0)
        radius = max(self.height, self.width) / 2 if far else 0.0
        while radius > 2:
            steps = random.integers(-int(radius), int(radius) + 1, (2, self.y.size))
            attempt(
                self.from_y + steps[0],
                self.from_x + steps[1],
                np.ones(self.y.size, bool),
            )
            radius /= 3

    def voted(self, guess: F32, radius: int) -> F32:
        """The hole as the pieces say, each piece for the pixels around its middle."""
        rows, columns = np.nonzero(self.level.hole)
        total = np.zeros((rows.size, 3), np.float32)
        votes = np.zeros(rows.size, np.float32)
        for down in range(-radius, radius + 1):
            for right in range(-radius, radius + 1):
                y, x = rows - down, columns - right
                inside = (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)
                piece = np.full(rows.size, -1, np.intp)
                piece[inside] = self.place[y[inside], x[inside]]
                voting = np.flatnonzero(piece >= 0)
                chosen = piece[voting]
                colour = self.level.values[self.from_y[chosen] + down, self.from_x[chosen] + right]
                total[voting] += colour
                votes[voting] += 1
        result = np.array(guess, np.float32)
        result[~self.level.hole] = self.level.values[~self.level.hole]
        result[rows, columns] = total / np.maximum(votes, 1)[:, None]
        return result
