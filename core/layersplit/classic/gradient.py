"""Gradients as they are drawn, and their continuation into a hole.

A linear or quadratic one; one of any colours along a line (a sky with several stops); one of any
colours around a point (a glow, a vignette). For the last two the line's direction and the point
come from the slopes of the known values, and the colours from a table over one coordinate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask

GRADIENT: Final = 1.2
"""Root mean square (0..255) up to which known values are a gradient that can be extended."""
EXACT: Final = 0.4
"""Root mean square that rounding to 8 bit may leave: no better gradient is looked for."""
CLEARLY: Final = 0.8
"""Share of a simpler gradient's deviation that a further one may have to be taken instead."""
SAMPLES: Final = 20_000
AVERAGED_PX: Final = 1.5
STEP_PX: Final = 2
"""Width of a step of the table of colours."""
LEAST_KNOWN: Final = 16
LEAST_SLOPES: Final = 64
"""Known pixels with known neighbours that a direction can be read from."""

PARALLEL: Final = 1e4
"""Condition number from which slopes have no common point."""

_F64: TypeAlias = npt.NDArray[np.float64]
_Places: TypeAlias = npt.NDArray[np.intp]
_Coordinate: TypeAlias = Callable[[_Places, _Places], _F64]


def gradient_fill(values: F32, hole: Mask, allowed: float = GRADIENT) -> F32 | None:
    """Extend a gradient into ``hole``; None when ``values`` are none.

    ``values``: (h, w, c) f32 in 0..255. ``allowed``: root mean square (0..255) up to which they are
    one. What the gradient does not explain is continued smoothly, so the fill meets what is known.
    """
    model = fitted_gradient(values, ~hole, allowed)
    if model is None:
        return None
    rest = smooth_fill((values - model).astype(np.float32), hole)
    filled = np.clip(model + rest, 0, 255)
    return np.where(hole[..., None], filled, values).astype(np.float32)


def fitted_gradient(values: F32, known: Mask, allowed: float = GRADIENT) -> F32 | None:
    """The gradient that the ``known`` (h, w) values are, everywhere: (h, w, c) f32, unclipped.

    None when they are none, or too few to tell.
    """
    rows, columns = np.nonzero(known)
    if rows.size < LEAST_KNOWN:
        return None
    every = max(1, rows.size // SAMPLES)
    rows, columns = rows[::every], columns[::every]
    values = averaged(values, known)
    seen = values[rows, columns].astype(np.float64)
    best, least = None, allowed
    for colours_at in _gradients(values, known, rows, columns):
        off = float(np.sqrt(np.square(colours_at(rows, columns) - seen).mean()))
        if off < least:
            best, least = colours_at, CLEARLY * off
        if off < EXACT:
            break
    if best is None:
        return None
    everywhere = np.divmod(np.arange(known.size), known.shape[1])
    return np.asarray(best(*everywhere).reshape(values.shape), np.float32)


def averaged(values: F32, known: Mask) -> F32:
    """Local means of the ``known`` values (h, w, c): what no gradient explains is smaller there."""
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), AVERAGED_PX)
    total = cv2.GaussianBlur(values * known[..., None], (0, 0), AVERAGED_PX).reshape(values.shape)
    return np.asarray(total / np.maximum(weight, 1e-6)[..., None], np.float32)


def _gradients(
    values: F32, known: Mask, rows: _Places, columns: _Places
) -> Iterator[Callable[[_Places, _Places], _F64]]:
    """Colours (n, c) as a function of places, by one kind of gradient after the other.

    ``rows``, ``columns``: a sample of the known places.
    """
    seen = values[rows, columns].astype(np.float64)
    for degree in (1, 2):
        terms = polynomial_terms((rows, columns), known.shape, degree)
        factors = np.asarray(np.linalg.lstsq(terms, seen, rcond=None)[0], np.float64)
        yield partial(_polynomial, shape=known.shape, degree=degree, factors=factors)
    slopes = _slopes(values, known)
    if slopes is None:
        return
    for coordinate in (_line(slopes), _distance(slopes)):
        if coordinate is not None:
            steps, table = _tabulated(coordinate(rows, columns), seen)
            yield partial(_looked_up, coordinate=coordinate, steps=steps, table=table)


def _tabulated(coordinate: _F64, seen: _F64) -> tuple[_Places, _F64]:
    """The steps of STEP_PX at which anything is ``seen`` (n, c), and its mean there, (s, c)."""
    at = np.rint(coordinate / STEP_PX).astype(np.intp)
    least = int(at.min())
    weight = np.bincount(at - least)
    steps = np.flatnonzero(weight)
    means = [np.bincount(at - least, channel)[steps] / weight[steps] for channel in seen.T]
    return steps + least, np.stack(means, axis=1)


def _polynomial(
    rows: _Places, columns: _Places, *, shape: tuple[int, ...], degree: int, factors: _F64
) -> _F64:
    return np.asarray(polynomial_terms((rows, columns), shape, degree) @ factors, np.float64)


def _looked_up(
    rows: _Places, columns: _Places, *, coordinate: _Coordinate, steps: _Places, table: _F64
) -> _F64:
    """Colours from a ``table`` (s, c) over one coordinate, at its ``steps`` of STEP_PX."""
    at = coordinate(rows, columns) / STEP_PX
    return np.stack([np.interp(at, steps, channel) for channel in table.T], axis=-1)


def polynomial_terms(
    places: tuple[npt.NDArray[np.intp], ...], shape: tuple[int, ...], degree: int
) -> npt.NDArray[np.float64]:
    """Polynomial terms of positions, which are shares of the sides around the middle."""
    y, x = places[0] / shape[0] - 0.5, places[1] / shape[1] - 0.5
    terms = [np.ones_like(y), y, x]
    if degree > 1:
        terms += [y * y, x * y, x * x]
    return np.stack(terms, axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slopes:
    """Places (n,) and how steep each channel is there along x and along y: (n, c)."""

    rows: _Places
    columns: _Places
    along_x: _F64
    along_y: _F64


def _slopes(values: F32, known: Mask) -> _Slopes | None:
    """Slopes where everything near is known; None when that is too little, or all is flat."""
    window = np.ones((7, 7), np.uint8)
    inner = cv2.erode(np.pad(known, 3).astype(np.uint8), window)[3:-3, 3:-3] > 0
    rows, columns = np.nonzero(inner)
    if rows.size < LEAST_SLOPES:
        return None
    every = max(1, rows.size // SAMPLES)
    rows, columns = rows[::every], columns[::every]
    calm = cv2.GaussianBlur(values, (0, 0), 1).reshape(values.shape)
    along_x, along_y = (
        cv2.Sobel(calm, cv2.CV_32F, across, down).reshape(values.shape)[rows, columns]
        for across, down in ((1, 0), (0, 1))
    )
    if not (along_x.any() or along_y.any()):
        return None
    return _Slopes(
        rows=rows,
        columns=columns,
        along_x=along_x.astype(np.float64),
        along_y=along_y.astype(np.float64),
    )


def _line(slopes: _Slopes) -> _Coordinate:
    """The way in pixels along the line that most slopes follow."""
    x, y = slopes.along_x, slopes.along_y
    angle = np.arctan2(2 * (x * y).sum(), (np.square(x) - np.square(y)).sum()) / 2
    return lambda rows, columns: np.asarray(columns * np.cos(angle) + rows * np.sin(angle))


def _distance(slopes: _Slopes) -> _Coordinate | None:
    """The distance in pixels from the point that all slopes point to; None when they are parallel.

    Least squares: a slope's perpendicular at its place has nothing of the way to the point.
    """
    x, y = slopes.columns, slopes.rows
    xx, yy = np.square(slopes.along_y).sum(1), np.square(slopes.along_x).sum(1)
    xy = -(slopes.along_x * slopes.along_y).sum(1)
    system = np.array([[xx.sum(), xy.sum()], [xy.sum(), yy.sum()]])
    if np.linalg.cond(system) > PARALLEL:
        return None
    right = np.array([(xx * x + xy * y).sum(), (xy * x + yy * y).sum()])
    centre_x, centre_y = np.linalg.solve(system, right)
    return lambda rows, columns: np.hypot(columns - centre_x, rows - centre_y)
