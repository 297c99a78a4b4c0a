"""A simulated service: what it would send back for layers that are known.

Each layer is averaged down to the service's size (an area of 640 x 640 or 1024 x 1024 pixels, sides
rounded to multiples of 32), blurred as by a codec, made noisy, off in colour, bent, and shifted.
Strengths as in the study that the goals come from; no real model's output is behind them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """In small pixels, except ``noise`` (of 255), ``gain`` and ``shift`` (fractions)."""

    blur: float
    noise: float
    gain: float
    warp: float
    shift: tuple[float, float] = (0.0, 0.0)


DEGRADATIONS: Final = {
    "mild": Degradation(blur=0.6, noise=1.5, gain=0.02, warp=0.0),
    "harsh": Degradation(blur=1.0, noise=3.0, gain=0.04, warp=0.7),
    "severe": Degradation(blur=1.2, noise=5.0, gain=0.08, warp=2.5),
}


def service_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height that a model of area ``side`` squared uses for a picture of ``size``."""
    scale = math.sqrt(side * side / (size[0] * size[1]))
    return max(32, round(size[0] * scale / 32) * 32), max(32, round(size[1] * scale / 32) * 32)


def answer(
    layers: list[npt.NDArray[np.uint8]], how: Degradation, *, side: int = 640, seed: int = 0
) -> list[npt.NDArray[np.uint8]]:
    """The service's layers (h, w, 4) u8 straight, bottom first."""
    rng = np.random.default_rng(seed)
    size = service_size(layers[0].shape[1::-1], side)
    field = bend(size, how, rng)
    return [_degraded(layer, size, field, how, rng) for layer in layers]


def bend(
    size: tuple[int, int], how: Degradation, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where each small pixel is read from: a smooth warp of at most ``how.warp``, and the shift."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bends = []
    for _ in range(2):
        coarse = rng.standard_normal((5, 6)).astype(np.float32)
        smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        bends.append(smooth * np.float32(how.warp / max(1e-6, np.abs(smooth).max())))
    return (
        x + bends[0] - np.float32(how.shift[0] * width),
        y + bends[1] - np.float32(how.shift[1] * height),
    )


def _degraded(
    layer: npt.NDArray[np.uint8],
    size: tuple[int, int],
    field: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    how: Degradation,
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    small = _averaged(layer, size)
    small = cv2.remap(small, *field, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.GaussianBlur(small, (0, 0), how.blur)
    alpha = small[..., 3:]
    colour = small[..., :3] / np.maximum(alpha, 1e-3)
    colour = colour * rng.uniform(1 - how.gain, 1 + how.gain, 3)
    out = np.concatenate([colour, alpha], axis=-1)
    out = out + rng.standard_normal(out.shape) * (how.noise / 255)
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)


def _averaged(layer: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Premultiplied area average, 0..1."""
    height = layer.shape[0]
    out = np.zeros((size[1], size[0], 4), np.float32)
    rows = max(1, 1_000_000 // layer.shape[1])
    ratio = height / size[1]
    for top in range(0, height, rows):
        part = layer[top : top + rows].astype(np.float32) / 255
        part[..., :3] *= part[..., 3:]
        narrow = cv2.resize(part, (size[0], len(part)), interpolation=cv2.INTER_AREA)
        edges = np.arange(size[1])[:, None] * ratio
        lines = np.arange(top, top + len(part))
        share = np.minimum(lines + 1, edges + ratio) - np.maximum(lines, edges)
        weights = np.maximum(share, 0).astype(np.float32) / np.float32(ratio)
        out += (weights @ narrow.reshape(len(part), -1)).reshape(out.shape)
    return out
