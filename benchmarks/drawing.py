"""Brushes for the scenes: antialiased shapes, strands, text and photograph-like texture."""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

F32: TypeAlias = npt.NDArray[np.float32]
Colour: TypeAlias = tuple[float, float, float]
SUBPIXEL = 4
"""Bits of sub-pixel position that OpenCV's drawing takes."""


def plane(size: tuple[int, int]) -> tuple[F32, F32]:
    """Coordinates of the pixel centres, (h, w) each, for ``size`` (w, h)."""
    width, height = size
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    )
    return x, y


def flat(size: tuple[int, int], colour: Colour) -> F32:
    """One colour everywhere, (h, w, 3)."""
    return np.broadcast_to(np.array(colour, np.float32), (size[1], size[0], 3)).copy()


def gradient(size: tuple[int, int], first: Colour, last: Colour, angle: float) -> F32:
    """A linear gradient across the picture in the direction ``angle`` (radians)."""
    x, y = plane(size)
    along = x / size[0] * math.cos(angle) + y / size[1] * math.sin(angle)
    along = (along - along.min()) / (along.max() - along.min())
    a, b = np.array(first, np.float32), np.array(last, np.float32)
    return (a + (b - a) * along[..., None]).astype(np.float32)


def photo(size: tuple[int, int], seed: int, base: Colour, contrast: float = 0.5) -> F32:
    """Grainy texture with detail at every size, about as a photograph has it."""
    rng = np.random.default_rng(seed)
    width, height = size
    out = np.zeros((height, width, 3), np.float32)
    cells, strength = 3, 1.0
    while cells < max(size):
        rows = max(2, math.ceil(cells * height / width) + 1)
        field = rng.standard_normal((rows, cells + 1, 3)).astype(np.float32)
        field = 0.65 * field.mean(axis=-1, keepdims=True) * 1.7 + 0.35 * field
        out += strength * cv2.resize(
            field.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        cells, strength = cells * 2, strength * 0.62
    out *= contrast / 4
    out += rng.standard_normal((height, width, 1)).astype(np.float32) * 0.012
    return np.clip(out + np.array(base, np.float32), 0.02, 0.98)


def disc(size: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float]) -> F32:
    """Coverage of an ellipse; ``centre`` and ``radii`` in pixels."""
    x, y = plane(size)
    dx, dy = (x - centre[0]) / radii[0], (y - centre[1]) / radii[1]
    distance = np.sqrt(dx * dx + dy * dy)
    slope = np.sqrt((dx / radii[0]) ** 2 + (dy / radii[1]) ** 2) / np.maximum(distance, 1e-6)
    return np.clip(0.5 - (distance - 1) / np.maximum(slope, 1e-6), 0, 1).astype(np.float32)


def polygon(size: tuple[int, int], points: npt.NDArray[np.floating]) -> F32:
    """Coverage of a polygon with corners ``points`` (n, 2) in pixels; drawn four times as fine."""
    fine = 4
    low = np.floor(points.min(axis=0) - 1).astype(int).clip(0)
    high = np.minimum(np.ceil(points.max(axis=0) + 1).astype(int), size)
    out = np.zeros((size[1], size[0]), np.float32)
    if (high <= low).any():
        return out
    box = (high - low) * fine
    mask = np.zeros((box[1], box[0]), np.uint8)
    corners = np.rint(((points - low) * fine - 0.5) * (1 << SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=SUBPIXEL)
    small = cv2.resize(mask, tuple(int(v) for v in high - low), interpolation=cv2.INTER_AREA)
    out[low[1] : high[1], low[0] : high[0]] = small.astype(np.float32) / 255
    return out


def star(
    centre: tuple[float, float], radius: float, spikes: int = 5, inner: float = 0.45
) -> npt.NDArray[np.float64]:
    """Corners of a star."""
    angles = np.arange(2 * spikes) * math.pi / spikes - math.pi / 2
    reach = np.where(np.arange(2 * spikes) % 2, inner, 1.0) * radius
    return np.stack(
        [centre[0] + reach * np.cos(angles), centre[1] + reach * np.sin(angles)], axis=1
    )


def blob(
    centre: tuple[float, float], radius: float, seed: int, waviness: float = 0.22
) -> npt.NDArray[np.float64]:
    """Corners of a wavy closed curve."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * math.pi, 720, endpoint=False)
    reach = np.ones_like(angles)
    for waves in range(2, 9):
        phase = rng.uniform(0, 6.3)
        reach += waviness / waves * rng.uniform(0.4, 1.4) * np.cos(waves * angles + phase)
    return np.stack(
        [centre[0] + radius * reach * np.cos(angles), centre[1] + radius * reach * np.sin(angles)],
        axis=1,
    )


def strands(
    size: tuple[int, int],
    centre: tuple[float, float],
    radii: tuple[float, float],
    *,
    count: int,
    seed: int,
    unit: float,
) -> F32:
    """Coverage of an ellipse with ``count`` curved hairs of .7 to 2.6 pixels (times ``unit``)."""
    rng = np.random.default_rng(seed)
    fine = 3
    mask = np.zeros((size[1] * fine, size[0] * fine), np.uint8)
    for _ in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        bend, length = rng.normal(0, 0.9), rng.uniform(0.25, 0.75)
        steps = np.linspace(0.82, 1 + length, 28)
        turn = angle + bend * (steps - 0.82) ** 1.6
        points = np.stack(
            [
                centre[0] + radii[0] * steps * np.cos(turn),
                centre[1] + radii[1] * steps * np.sin(turn),
            ],
            axis=1,
        )
        width = rng.uniform(0.7, 2.6) * unit * fine
        # Thinner than a fine pixel cannot be drawn: such a hair is drawn fainter instead.
        shade = min(255, round(255 * width / max(1, round(width))))
        cv2.polylines(
            mask,
            [np.rint(points * fine * (1 << SUBPIXEL)).astype(np.int32)],
            isClosed=False,
            color=shade,
            thickness=max(1, round(width)),
            lineType=cv2.LINE_AA,
            shift=SUBPIXEL,
        )
    hairs = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.maximum(hairs, disc(size, centre, radii))


def text(size: tuple[int, int], lines: list[tuple[str, float, tuple[float, float]]]) -> F32:
    """Coverage of lines of text: (words, height in pixels, top left position)."""
    sheet = Image.new("L", size, 0)
    pen = ImageDraw.Draw(sheet)
    for words, height, place in lines:
        pen.text(place, words, fill=255, font=ImageFont.load_default(size=height))
    return np.asarray(sheet, np.float32) / 255


def blurred(mask: F32, sigma: float) -> F32:
    """A soft version of a mask."""
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)


def layer(colour: F32, alpha: F32) -> npt.NDArray[np.uint8]:
    """(h, w, 4) u8 straight from colour (h, w, 3) and alpha (h, w), 0..1."""
    out = np.empty((*alpha.shape, 4), np.uint8)
    out[..., :3] = np.rint(np.clip(colour, 0, 1) * 255)
    out[..., 3] = np.rint(np.clip(alpha, 0, 1) * 255)
    return out
