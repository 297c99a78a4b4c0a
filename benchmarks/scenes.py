"""Pictures whose layers are known, rendered by code at any size.

Each scene is a function of the size (w, h) that returns its layers, bottom first, (h, w, 4) u8
straight, with colours that are known also where another layer hides them. Lengths scale with the
picture. poster, hair, photo, soft and eight are those on which thresholds were chosen; comic,
foliage and dusk have other content and were not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from benchmarks import drawing as draw

U8: TypeAlias = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]
REFERENCE_WIDTH: Final = 1600

LOREM: Final = (
    "layers of light and shade, each one whole behind the next",
    "the quick brown fox jumps over the lazy dog, 0123456789",
    "set in small print to see what an edge is worth at sixteen pixels",
)


def poster(size: Size) -> list[U8]:
    """A graphic: gradient, flat disc, panel with a star, text from headline to small print."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    ground = draw.gradient(size, (0.98, 0.86, 0.62), (0.90, 0.42, 0.36), 1.1)
    panel = draw.polygon(
        size, np.array([[0.52, 0.22], [0.93, 0.18], [0.95, 0.78], [0.5, 0.74]]) * size
    )
    rays = draw.polygon(size, draw.star((0.74 * w, 0.46 * h), 0.17 * h, 9, 0.6))
    face = draw.gradient(size, (0.16, 0.45, 0.62), (0.10, 0.20, 0.42), 0.4)
    face = face + (np.array((0.99, 0.94, 0.55), np.float32) - face) * rays[..., None]
    lines = [
        ("Summer Nights", 150 * unit, (0.06 * w, 0.08 * h)),
        ("open air cinema", 74 * unit, (0.07 * w, 0.64 * h)),
        ("every friday from nine", 40 * unit, (0.07 * w, 0.74 * h)),
    ]
    lines += [
        (words, 16 * unit, (0.07 * w, (0.82 + 0.03 * row) * h)) for row, words in enumerate(LOREM)
    ]
    return [
        draw.layer(ground, np.ones((h, w), np.float32)),
        draw.layer(
            draw.flat(size, (0.95, 0.30, 0.25)),
            draw.disc(size, (0.3 * w, 0.45 * h), (0.2 * w, 0.2 * w)),
        ),
        draw.layer(face, panel),
        draw.layer(draw.flat(size, (0.08, 0.07, 0.12)), draw.text(size, lines)),
    ]


def hair(size: Size) -> list[U8]:
    """Photograph ground, two shapes with hundreds of hairs, a face in front of the first."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    strand = draw.photo(size, 21, (0.16, 0.10, 0.07), 0.12)
    other = draw.photo(size, 22, (0.78, 0.60, 0.30), 0.2)
    skin = draw.gradient(size, (0.93, 0.76, 0.66), (0.80, 0.58, 0.48), 0.9)
    return [
        draw.layer(draw.photo(size, 20, (0.45, 0.58, 0.62), 0.45), np.ones((h, w), np.float32)),
        draw.layer(
            strand,
            draw.strands(
                size, (0.32 * w, 0.45 * h), (0.13 * w, 0.15 * w), count=420, seed=1, unit=unit
            ),
        ),
        draw.layer(
            other,
            draw.strands(
                size, (0.73 * w, 0.55 * h), (0.12 * w, 0.13 * w), count=380, seed=2, unit=unit
            ),
        ),
        draw.layer(skin, draw.disc(size, (0.32 * w, 0.5 * h), (0.085 * w, 0.12 * w))),
    ]


def photo(size: Size) -> list[U8]:
    """Grainy texture in every layer: ground, blob, star with a hole, a smaller blob across."""
    w, h = size
    ring = draw.polygon(size, draw.star((0.64 * w, 0.5 * h), 0.32 * h, 7, 0.62))
    ring = np.maximum(ring - draw.disc(size, (0.64 * w, 0.5 * h), (0.09 * w, 0.09 * w)), 0)
    return [
        draw.layer(draw.photo(size, 30, (0.50, 0.48, 0.42)), np.ones((h, w), np.float32)),
        draw.layer(
            draw.photo(size, 31, (0.28, 0.45, 0.30), 0.4),
            draw.polygon(size, draw.blob((0.33 * w, 0.48 * h), 0.27 * h, 3)),
        ),
        draw.layer(draw.photo(size, 32, (0.66, 0.42, 0.34), 0.4), ring),
        draw.layer(
            draw.photo(size, 33, (0.36, 0.36, 0.55), 0.4),
            draw.polygon(size, draw.blob((0.48 * w, 0.66 * h), 0.16 * h, 4)),
        ),
    ]


def soft(size: Size) -> list[U8]:
    """Photograph ground, blurred shadow, soft textured thing, glow and 42 % glass in one layer."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    thing = draw.polygon(size, draw.blob((0.42 * w, 0.45 * h), 0.26 * h, 6))
    shadow = np.roll(thing, (round(40 * unit), round(34 * unit)), axis=(0, 1))
    glass = 0.42 * draw.polygon(
        size, np.array([[0.55, 0.2], [0.9, 0.27], [0.88, 0.75], [0.6, 0.7]]) * size
    )
    glow = 0.8 * draw.blurred(draw.disc(size, (0.2 * w, 0.75 * h), (0.07 * w, 0.07 * w)), 45 * unit)
    return [
        draw.layer(draw.photo(size, 40, (0.62, 0.57, 0.50), 0.35), np.ones((h, w), np.float32)),
        draw.layer(draw.flat(size, (0.05, 0.05, 0.08)), 0.6 * draw.blurred(shadow, 26 * unit)),
        draw.layer(draw.photo(size, 41, (0.35, 0.50, 0.66), 0.4), draw.blurred(thing, 2.2 * unit)),
        draw.layer(draw.flat(size, (0.98, 0.95, 0.80)), np.maximum(glass, glow)),
    ]


def eight(size: Size) -> list[U8]:
    """Eight layers: gradient, card, disc, blob, soft shadow, star, hair, text."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    card = draw.polygon(
        size, np.array([[0.08, 0.12], [0.55, 0.08], [0.58, 0.6], [0.1, 0.66]]) * size
    )
    spikes = draw.polygon(size, draw.star((0.72 * w, 0.62 * h), 0.23 * h, 6, 0.5))
    shadow = np.roll(spikes, (round(26 * unit), round(22 * unit)), axis=(0, 1))
    words = draw.text(
        size,
        [
            ("Eight of them", 110 * unit, (0.1 * w, 0.76 * h)),
            (LOREM[0], 26 * unit, (0.1 * w, 0.9 * h)),
        ],
    )
    return [
        draw.layer(
            draw.gradient(size, (0.80, 0.88, 0.94), (0.45, 0.55, 0.75), 1.4),
            np.ones((h, w), np.float32),
        ),
        draw.layer(draw.photo(size, 50, (0.60, 0.50, 0.38), 0.4), card),
        draw.layer(
            draw.flat(size, (0.93, 0.70, 0.18)),
            draw.disc(size, (0.62 * w, 0.3 * h), (0.11 * w, 0.11 * w)),
        ),
        draw.layer(
            draw.photo(size, 51, (0.30, 0.50, 0.36), 0.35),
            draw.polygon(size, draw.blob((0.36 * w, 0.6 * h), 0.17 * h, 8)),
        ),
        draw.layer(draw.flat(size, (0.04, 0.05, 0.10)), 0.55 * draw.blurred(shadow, 16 * unit)),
        draw.layer(draw.gradient(size, (0.95, 0.35, 0.45), (0.60, 0.12, 0.40), 0.7), spikes),
        draw.layer(
            draw.photo(size, 52, (0.22, 0.15, 0.10), 0.12),
            draw.strands(
                size, (0.24 * w, 0.3 * h), (0.07 * w, 0.08 * w), count=230, seed=5, unit=unit
            ),
        ),
        draw.layer(draw.flat(size, (0.99, 0.98, 0.96)), words),
    ]


def comic(size: Size) -> list[U8]:
    """Line art: halftone ground, outlined figures that overlap, a speech bubble with text."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    x, y = draw.plane(size)
    pitch = 14 * unit
    ridge = np.sin(x * (2 * math.pi / pitch)) * np.sin(y * (2 * math.pi / pitch))
    dots = np.clip((ridge - 0.25) * 4, 0, 1)[..., None].astype(np.float32)
    ground = draw.flat(size, (0.97, 0.92, 0.70)) * (1 - dots) + dots * np.array(
        (0.93, 0.55, 0.35), np.float32
    )

    def outlined(corners: npt.NDArray[np.float64], fill: draw.Colour) -> tuple[draw.F32, draw.F32]:
        outer = draw.polygon(size, corners)
        centre = corners.mean(axis=0)
        reach = np.linalg.norm(corners - centre, axis=1, keepdims=True)
        inner = draw.polygon(size, centre + (corners - centre) * (1 - 7 * unit / reach))
        return draw.flat(size, fill) * inner[..., None], outer

    first, first_alpha = outlined(draw.blob((0.30 * w, 0.62 * h), 0.25 * h, 11), (0.35, 0.62, 0.85))
    second, second_alpha = outlined(
        draw.blob((0.46 * w, 0.58 * h), 0.2 * h, 12), (0.90, 0.32, 0.30)
    )
    burst, burst_alpha = outlined(
        draw.star((0.8 * w, 0.66 * h), 0.22 * h, 11, 0.7), (0.99, 0.85, 0.20)
    )
    bubble, bubble_alpha = outlined(
        draw.blob((0.66 * w, 0.22 * h), 0.16 * h, 14, 0.06), (1.0, 1.0, 1.0)
    )
    words = draw.text(size, [("What layers!", 46 * unit, (0.57 * w, 0.19 * h))])[..., None]
    bubble = bubble * (1 - words)
    return [
        draw.layer(ground, np.ones((h, w), np.float32)),
        draw.layer(first, first_alpha),
        draw.layer(second, second_alpha),
        draw.layer(burst, burst_alpha),
        draw.layer(bubble, bubble_alpha),
    ]


def foliage(size: Size) -> list[U8]:
    """Fine structure: sky, a striped awning, hundreds of blades of grass, a kite on a line."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    rng = np.random.default_rng(60)
    x, y = draw.plane(size)
    stripes = np.clip(
        np.sin((x * 0.9 + y * 0.35) * (2 * math.pi / (34 * unit))) * 6 * unit + 0.5, 0, 1
    )
    cloth = draw.flat(size, (0.85, 0.16, 0.20))
    cloth = cloth + (1 - cloth) * stripes[..., None].astype(np.float32) * 0.95
    grass = np.zeros((h, w), np.float32)
    for _ in range(520):
        root, lean = rng.uniform(0, w), rng.normal(0, 70 * unit)
        tall, wide = rng.uniform(0.18, 0.42) * h, rng.uniform(3, 9) * unit
        blade = np.array([[root - wide, h + 2], [root + wide, h + 2], [root + lean, h - tall]])
        grass = np.maximum(grass, draw.polygon(size, blade))
    kite = draw.polygon(size, np.array([[0.7, 0.08], [0.8, 0.2], [0.7, 0.42], [0.62, 0.2]]) * size)
    ends = np.array([[0.70, 0.41], [0.66, 0.60], [0.50, 0.72], [0.44, 0.9]]) * size
    steps = np.linspace(0, 1, 60)[:, None]
    curve = ends[0] * (1 - steps) ** 3 + 3 * ends[1] * steps * (1 - steps) ** 2
    curve = curve + 3 * ends[2] * steps**2 * (1 - steps) + ends[3] * steps**3
    half_width = np.array([0.8 * unit, 0])
    edge = np.concatenate([curve - half_width, curve[::-1] + half_width])
    kite = np.maximum(kite, draw.polygon(size, edge))
    return [
        draw.layer(
            draw.gradient(size, (0.42, 0.66, 0.93), (0.88, 0.93, 0.96), 1.57),
            np.ones((h, w), np.float32),
        ),
        draw.layer(
            cloth,
            draw.polygon(
                size, np.array([[0.05, 0.2], [0.52, 0.12], [0.56, 0.5], [0.02, 0.52]]) * size
            ),
        ),
        draw.layer(draw.photo(size, 61, (0.25, 0.45, 0.14), 0.3), grass),
        draw.layer(draw.gradient(size, (0.98, 0.55, 0.10), (0.70, 0.10, 0.45), 1.0), kite),
    ]


def dusk(size: Size) -> list[U8]:
    """Dark and low in contrast: hills and a figure a few shades apart, mist in between, a lamp."""
    w, h = size
    unit = w / REFERENCE_WIDTH
    across = np.linspace(0, 1, 200)
    hills = np.stack(
        [across * w, h * (0.62 + 0.06 * np.sin(across * 9) + 0.03 * np.sin(across * 31))], 1
    )
    hills = np.concatenate([hills, [[w + 2, h + 2], [-2, h + 2]]])
    mist = 0.35 * draw.blurred(
        draw.polygon(size, np.array([[0, 0.66], [1, 0.6], [1, 0.78], [0, 0.8]]) * size), 40 * unit
    )
    figure = draw.polygon(size, draw.blob((0.55 * w, 0.66 * h), 0.2 * h, 71, 0.3))
    lamp = draw.disc(size, (0.25 * w, 0.35 * h), (0.03 * w, 0.03 * w))
    glow = np.maximum(
        0.45 * draw.blurred(draw.disc(size, (0.25 * w, 0.35 * h), (0.06 * w, 0.06 * w)), 30 * unit),
        lamp,
    )
    return [
        draw.layer(draw.photo(size, 70, (0.16, 0.17, 0.25), 0.10), np.ones((h, w), np.float32)),
        draw.layer(draw.photo(size, 72, (0.09, 0.11, 0.13), 0.07), draw.polygon(size, hills)),
        draw.layer(draw.flat(size, (0.42, 0.44, 0.50)), mist),
        draw.layer(draw.photo(size, 73, (0.06, 0.06, 0.08), 0.06), figure),
        draw.layer(draw.flat(size, (0.98, 0.88, 0.60)), glow),
    ]


SCENES: Final[dict[str, Callable[[Size], list[U8]]]] = {
    "poster": poster,
    "hair": hair,
    "photo": photo,
    "soft": soft,
    "eight": eight,
    "comic": comic,
    "foliage": foliage,
    "dusk": dusk,
}


def flattened(layers: list[U8]) -> U8:
    """What the layers show together, (h, w, 4) u8 opaque: floating point, rounded once."""
    out = np.empty_like(layers[0])
    rows = max(1, 1_000_000 // out.shape[1])
    for top in range(0, len(out), rows):
        shown = layers[0][top : top + rows, :, :3].astype(np.float32)
        for above in layers[1:]:
            part = above[top : top + rows].astype(np.float32)
            shown += (part[..., :3] - shown) * (part[..., 3:] / 255)
        out[top : top + rows, :, :3] = np.rint(shown)
    out[..., 3] = 255
    return out
