"""Test pictures: what a real one has (soft edges, gradients, noise, text), small and quick."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (480, 320)


def poster(size: tuple[int, int] = SIZE, seed: int = 1) -> np.ndarray:
    """(h, w, 4) u8, R G B A, opaque: a sky, a soft ball, a box and a word, with a little noise."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    sky = np.stack([60 + 100 * x / width, 110 + 90 * y / height, 200 - 60 * x / width], axis=-1)
    sky += np.random.default_rng(seed).normal(0, 1.2, sky.shape)
    image = Image.fromarray(np.clip(np.rint(sky), 0, 255).astype(np.uint8))
    shapes = Image.new("RGBA", size)
    draw = ImageDraw.Draw(shapes)
    unit = height / 8
    draw.ellipse((unit, 3 * unit, 4.5 * unit, 6.5 * unit), fill=(230, 120, 40, 255))
    draw.rectangle((7 * unit, 4 * unit, 10 * unit, 7 * unit), fill=(60, 160, 80, 255))
    draw.text((unit, unit), "LAYERS", fill=(250, 248, 235, 255), font=ImageFont.load_default(unit))
    shapes = shapes.filter(ImageFilter.GaussianBlur(0.6))
    image.paste(shapes, (0, 0), shapes)
    return np.dstack([np.asarray(image), np.full((height, width), 255, np.uint8)])


def sticker(size: tuple[int, int] = SIZE) -> np.ndarray:
    """The same with transparent surroundings and a soft edge: (h, w, 4) u8."""
    pixels = poster(size).copy()
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x - width / 2) / width, (y - height / 2) / height)
    pixels[..., 3] = np.clip((0.48 - distance) * 2000, 0, 255).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def deep(pixels: np.ndarray, dtype: type, seed: int = 2) -> np.ndarray:
    """``pixels`` (u8) with more bits, all of them used: u16, f16 or f32."""
    fraction = pixels.astype(np.float64) / 255
    fraction[..., :3] += np.random.default_rng(seed).uniform(-0.001, 0.001, fraction[..., :3].shape)
    fraction = np.clip(fraction, 0, 1)
    if np.issubdtype(dtype, np.integer):
        return np.rint(fraction * np.iinfo(dtype).max).astype(dtype)
    return fraction.astype(dtype)


def to_bgra(pixels: np.ndarray) -> np.ndarray:
    """Krita's order for integers."""
    return np.ascontiguousarray(pixels[..., [2, 1, 0, 3]])


def to_grey(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 2): green as grey, and alpha."""
    return np.ascontiguousarray(pixels[..., [1, 3]])
