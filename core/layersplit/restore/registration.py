"""Where the service's layers really lie: a smooth displacement, measured against the picture.

Services round sizes to multiples of 32, crop or pad by a few pixels, and decoders bend a little.
The composite of the answer must look like the picture, so their difference tells the displacement:
first shift and stretch of the whole (coarse to fine), then a smooth local rest. Gauss-Newton on the
brightness difference (Lucas and Kanade 1981; Baker and Matthews, "Lucas-Kanade 20 Years On", 2004)
with robust weights. All layers move together.

A displacement is only taken when it makes the answer clearly more like the picture.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.domain import F32
from layersplit.pixels.channels import channel_sum, spread
from layersplit.restore.smooth import gaussian

Row: TypeAlias = npt.NDArray[np.float32]

COARSEST_PX: Final = 48
"""The longer side of the coarsest raster: a shift of 2 % is a pixel there."""
STEPS: Final = 5
NODE_PX: Final = 8
"""The local displacement is smooth: it is solved once for so many pixels in both directions."""
WIDE: Final = 0.1
NARROW: Final = 0.04
"""Deviation of the window of the local search, as a share of the longer side."""
BENT_PX: Final = 0.25
"""Unless the wide search moves a tenth of the answer further than this, the whole was all."""
STIFFNESS: Final = 0.08
"""How much of the mean gradient energy holds the local displacement back where there is little."""
BACKGROUND_SHARE: Final = 0.04
"""Differences smoother than this share of the side are colour drift, not displacement."""
LARGEST_SHARE: Final = 0.04
"""A displacement beyond this share of the side is not believed."""
GAIN: Final = 0.97
"""The difference along the picture's edges must fall below this share of what it was."""
BEND_GAIN: Final = 0.975
"""The same for a bend beside a mere shift: what the border cut off can look like a bend."""
SAMPLED_PX: Final = 300
"""From this height on every fourth pixel tells the scale of the differences, not every second."""
LEAST_PX: Final = 0.04
"""A displacement smaller than this is not worth an interpolation."""


def displacement(picture: F32, composite: F32) -> F32 | None:
    """Where to read the answer: (h, w, 2) f32 offsets x, y in pixels, or None for "right here".

    ``picture`` and ``composite``: (h, w, 3) f32 of one size; ``composite[p + offset[p]]`` is then
    most like ``picture[p]``.
    """
    height, width = picture.shape[:2]
    if min(height, width) < 16:
        return None
    goal, answer = _flattened(picture), _flattened(composite)
    edges = _edges(picture)
    offset = _whole(goal, answer)
    after = _difference(goal, moved(answer, offset), edges)
    bent = _local(goal, answer, offset)
    if bent is not offset:
        after_bend = _difference(goal, moved(answer, bent), edges)
        if after_bend < BEND_GAIN * after:
            offset, after = bent, after_bend
    largest = float(np.abs(offset).max())
    if not LEAST_PX <= largest <= LARGEST_SHARE * max(height, width):  # also when it is no number
        return None
    before = _difference(goal, answer, edges)
    return offset if after < GAIN * before else None


def moved(values: F32, offset: F32) -> F32:
    """``values`` (h, w) or (h, w, c) read at each pixel plus its offset; edges are continued."""
    height, width = values.shape[:2]
    x = np.arange(width, dtype=np.float32) + offset[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + offset[..., 1]
    read = cv2.remap(values, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32).reshape(values.shape)


def _flattened(values: F32) -> F32:
    """Without what varies slowly: a model's colour drift must not look like a displacement."""
    height, width = values.shape[:2]
    small = _sized(values, (max(1, width // NODE_PX), max(1, height // NODE_PX)))
    smooth = gaussian(small, max(1.0, BACKGROUND_SHARE * max(height, width) / NODE_PX))
    return values - np.asarray(cv2.resize(smooth, (width, height)), np.float32)


def _edges(picture: F32) -> F32:
    """Strength of the edges, (h, w, 1): only they tell whether something is displaced."""
    smooth = gaussian(picture, 1.0)
    slope_x, slope_y = _slopes(smooth)
    steepness = np.sqrt(slope_x**2 + slope_y**2).max(axis=-1, keepdims=True)
    return np.asarray(steepness, np.float32)


def _difference(goal: F32, answer: F32, edges: F32) -> float:
    """Mean difference at edges, blurred a little so that interpolation alone gains nothing."""
    return float((np.abs(gaussian(goal - answer, 1.0)) * edges).sum())


def _whole(goal: F32, answer: F32) -> F32:
    """Shift and stretch of the whole, from the coarsest raster to the full one."""
    height, width = goal.shape[:2]
    levels = max(1, int(np.log2(max(height, width) / COARSEST_PX)))
    parameters = np.zeros(4)  # shift x, y and stretch x, y, in units of the longer side
    for level in range(levels, -1, -1):
        size = (max(8, width >> level), max(8, height >> level))
        fine, coarse = _sized(goal, size), _sized(answer, size)
        for _ in range(STEPS if level > 1 else 2):
            parameters += _whole_step(fine, coarse, parameters)
    return _spread_out(parameters, (height, width))


def _sized(values: F32, size: tuple[int, int]) -> F32:
    """Averaged down to ``size`` (w, h); keeps the channel axis."""
    resized = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.float32).reshape(size[1], size[0], *values.shape[2:])


def _spread_out(parameters: npt.NDArray[np.float64], shape: tuple[int, int]) -> F32:
    """The displacement (h, w, 2) of a shift and a stretch."""
    side = max(shape)
    x = (np.arange(shape[1]) + 0.5 - shape[1] / 2) / side
    y = (np.arange(shape[0]) + 0.5 - shape[0] / 2) / side
    out = np.empty((*shape, 2), np.float32)
    out[..., 0] = side * (parameters[0] + parameters[2] * x)
    out[..., 1] = side * (parameters[1] + parameters[3] * y[:, None])
    return out


def _whole_step(
    goal: F32, answer: F32, parameters: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """One Gauss-Newton step of the four parameters."""
    height, width = goal.shape[:2]
    side = max(height, width)
    xx, xy, yy, along_x, along_y = _products(goal, answer, _spread_out(parameters, (height, width)))
    x = ((np.arange(width) + 0.5 - width / 2) / side).astype(np.float32)
    y = ((np.arange(height) + 0.5 - height / 2) / side).astype(np.float32)
    # The slopes for shift x, shift y, stretch x and stretch y are those along x and y, the last
    # two times the place; so all sums are moments of the five products.
    normal, right = np.empty((4, 4)), np.empty(4)
    normal[0, 0], normal[0, 2], normal[2, 2] = (_moment(xx, p, None) for p in (None, x, x * x))
    normal[1, 1], normal[1, 3], normal[3, 3] = (_moment(yy, None, p) for p in (None, y, y * y))
    normal[0, 1], normal[1, 2] = _moment(xy, None, None), _moment(xy, x, None)
    normal[0, 3], normal[2, 3] = _moment(xy, None, y), _moment(xy, x, y)
    right[:] = (
        _moment(along_x, None, None),
        _moment(along_y, None, None),
        _moment(along_x, x, None),
        _moment(along_y, None, y),
    )
    normal = np.triu(normal) + np.triu(normal, 1).T
    normal += np.eye(4) * (1e-4 * np.trace(normal) / 4 + 1e-12 / side**2)
    return np.linalg.solve(normal, right / side)


def _moment(values: F32, x: Row | None, y: Row | None) -> float:
    """The sum of ``values`` (h, w) times ``x`` (w,) and ``y`` (h,); None is 1."""
    along = values.sum(axis=1) if x is None else values @ x
    return float(along.sum(dtype=np.float64) if y is None else along @ y)


def _local(goal: F32, answer: F32, whole: F32) -> F32:
    """What the whole leaves over: a smooth displacement, weak where nothing can be seen."""
    height, width = goal.shape[:2]
    nodes = (max(2, width // NODE_PX), max(2, height // NODE_PX))
    half = (max(8, width // 2), max(8, height // 2))
    offset = whole
    fine, coarse = _sized(goal, half), _sized(answer, half)
    for _ in range(STEPS):
        step = _local_step(fine, coarse, _sized(offset, half) * np.float32(0.5), nodes, WIDE)
        offset = offset + 2 * np.asarray(cv2.resize(step, (width, height)), np.float32)
    if float(np.quantile(np.abs(offset - whole), 0.9)) < BENT_PX:
        return whole
    for _ in range(2):
        step = _local_step(goal, answer, offset, nodes, NARROW)
        offset = offset + np.asarray(cv2.resize(step, (width, height)), np.float32)
    return offset


def _local_step(goal: F32, answer: F32, offset: F32, nodes: tuple[int, int], window: float) -> F32:
    """One Gauss-Newton step in a Gaussian window around every node: ``window`` times the side."""
    xx, xy, yy, along_x, along_y = (
        gaussian(_sized(product, nodes), window * max(nodes))
        for product in _products(goal, answer, offset)
    )
    hold = np.float32(STIFFNESS * float((xx + yy).mean()) / 2 + 1e-12)
    xx, yy = xx + hold, yy + hold
    determinant = xx * yy - xy * xy
    step = np.stack([yy * along_x - xy * along_y, xx * along_y - xy * along_x], axis=-1)
    return np.asarray(step / spread(determinant, 2), np.float32)


def _slopes(values: F32) -> tuple[F32, F32]:
    """Derivatives along x and y."""
    across = cv2.Scharr(values, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(values, cv2.CV_32F, 0, 1, scale=1 / 32)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _products(goal: F32, answer: F32, offset: F32) -> tuple[F32, F32, F32, F32, F32]:
    """Robustly weighted sums over the channels, (h, w) each, of the slopes along x and y.

    x times x, x times y, y times y, and each times what is left of the difference.
    """
    read = moved(answer, offset)
    error = goal - read
    slope_x, slope_y = _slopes((goal + read) * np.float32(0.5))
    some = slice(None, None, 2 if error.shape[0] < SAMPLED_PX else 4)
    steep = np.abs(slope_x[some, some]) + np.abs(slope_y[some, some])
    at_edges = np.abs(error[some, some])[steep > np.quantile(steep, 0.9)]
    scale = np.float32(2 * np.quantile(at_edges, 0.7) + 0.01) if at_edges.size else np.float32(1)
    weight = spread(_inside(offset), error.shape[2]) / (1 + (error / scale) ** 2)
    light_x, light_y = weight * slope_x, weight * slope_y
    return (
        channel_sum(light_x * slope_x),
        channel_sum(light_x * slope_y),
        channel_sum(light_y * slope_y),
        channel_sum(light_x * error),
        channel_sum(light_y * error),
    )


def _inside(offset: F32) -> F32:
    """1 where the answer is read well inside its borders, else 0."""
    height, width = offset.shape[:2]
    x = np.arange(width, dtype=np.float32) + offset[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + offset[..., 1]
    inside = (x >= 1) & (x <= width - 2) & (y >= 1) & (y <= height - 2)
    return np.asarray(inside, np.float32)
