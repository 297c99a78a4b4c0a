"""Gradients as they are drawn, and their continuation into a hole.

A linear or quadratic one; one of any colours along a line (a sky with several stops); one of any
colours around a point (a glow, a vignette). For the last two the line's direction and the point
come from the slopes of the known values, and the colours from a table over one coordinate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
STEP_PX: Final = 2
"""Width of a step of the table of colours."""
LEAST_KNOWN: Final = 16
LEAST_SLOPES: Final = 64
"""Known pixels with known neighbours that a direction can be read from."""

_F64 = npt.NDArray[np.float64]


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
    if int(known.sum()) < LEAST_KNOWN:
        return None
    best, least = None, allowed
    for model in _models(values, known):
        off = float(np.sqrt(np.square((model - values)[known]).mean()))
        if off < least:
            best, least = model, CLEARLY * off
        if off < EXACT:
            break
    return best


def _models(values: F32, known: Mask) -> Iterator[F32]:
    """What the whole picture would be, (h, w, c), by one kind of gradient after the other."""
    for degree in (1, 2):
        yield _polynomial(values, known, degree)
    slopes = _slopes(values, known)
    if slopes is not None:
        yield _by_table(values, known, _along(*slopes, known.shape))
        around = _around(*slopes, known.shape)
        if around is not None:
            yield _by_table(values, known, around)


def _polynomial(values: F32, known: Mask, degree: int) -> F32:
    places = np.flatnonzero(known)
    sample = places[:: max(1, places.size // SAMPLES)]
    height, width = known.shape
    terms = polynomial_terms(np.divmod(sample, width), known.shape, degree)
    seen = values.reshape(-1, values.shape[2])[sample]
    factors, *_ = np.linalg.lstsq(terms, seen, rcond=None)
    everywhere = np.divmod(np.arange(height * width), width)
    model = polynomial_terms(everywhere, known.shape, degree) @ factors
    return np.asarray(model.reshape(values.shape), np.float32)


def polynomial_terms(
    places: tuple[npt.NDArray[np.intp], ...], shape: tuple[int, ...], degree: int
) -> npt.NDArray[np.float64]:
    """Polynomial terms of positions, which are shares of the sides around the middle."""
    y, x = places[0] / shape[0] - 0.5, places[1] / shape[1] - 0.5
    terms = [np.ones_like(y), y, x]
    if degree > 1:
        terms += [y * y, x * y, x * x]
    return np.stack(terms, axis=1)


def _slopes(values: F32, known: Mask) -> tuple[_F64, _F64, _F64, _F64] | None:
    """Places x and y, and slopes along x and y (a channel each), where everything near is known.

    None when nothing slopes there, or too little is known.
    """
    window = np.ones((7, 7), np.uint8)
    inner = cv2.erode(np.pad(known, 3).astype(np.uint8), window)[3:-3, 3:-3] > 0
    rows, columns = np.nonzero(inner)
    if rows.size < LEAST_SLOPES:
        return None
    every = max(1, rows.size // SAMPLES)
    rows, columns = rows[::every], columns[::every]
    calm = cv2.GaussianBlur(values, (0, 0), 1).reshape(values.shape)
    along_x = cv2.Sobel(calm, cv2.CV_32F, 1, 0).reshape(values.shape)[rows, columns]
    along_y = cv2.Sobel(calm, cv2.CV_32F, 0, 1).reshape(values.shape)[rows, columns]
    if not (along_x.any() or along_y.any()):
        return None
    return (
        columns.astype(np.float64),
        rows.astype(np.float64),
        along_x.astype(np.float64),
        along_y.astype(np.float64),
    )


def _along(x: _F64, y: _F64, along_x: _F64, along_y: _F64, shape: tuple[int, ...]) -> _F64:
    """The coordinate along the line that most slopes follow: (h, w) pixels."""
    del x, y
    twice = np.arctan2(
        2 * (along_x * along_y).sum(), (np.square(along_x) - np.square(along_y)).sum()
    )
    rows, columns = np.indices(shape)
    return np.asarray(columns * np.cos(twice / 2) + rows * np.sin(twice / 2))


def _around(x: _F64, y: _F64, along_x: _F64, along_y: _F64, shape: tuple[int, ...]) -> _F64 | None:
    """The distance from the point that all slopes point to or from: (h, w) pixels.

    Least squares: a slope's perpendicular at its place has nothing of the way to the point.
    """
    xx, yy = np.square(along_y).sum(1), np.square(along_x).sum(1)
    xy = -(along_x * along_y).sum(1)
    system = np.array([[xx.sum(), xy.sum()], [xy.sum(), yy.sum()]])
    if np.linalg.cond(system) > 1e4:  # all slopes are parallel
        return None
    right = np.array([(xx * x + xy * y).sum(), (xy * x + yy * y).sum()])
    centre_x, centre_y = np.linalg.solve(system, right)
    rows, columns = np.indices(shape)
    return np.asarray(np.hypot(columns - centre_x, rows - centre_y))


def _by_table(values: F32, known: Mask, coordinate: _F64) -> F32:
    """Colours as a function of ``coordinate`` (h, w): the mean of the known ones at each step."""
    step = np.rint((coordinate - coordinate.min()) / STEP_PX).astype(np.intp)
    count = int(step.max()) + 1
    weight = np.bincount(step[known], minlength=count)
    seen = np.flatnonzero(weight)
    position = (coordinate - coordinate.min()) / STEP_PX
    model = np.empty_like(values)
    for channel in range(values.shape[2]):
        total = np.bincount(step[known], values[..., channel][known], minlength=count)
        model[..., channel] = np.interp(position, seen, total[seen] / weight[seen])
    return model
