"""Draw the poster that install.py splits: python benchmarks/draw_sample.py [FILE].

Flat shapes on a gradient, a figure, a title and small print: what the embedded splitter is good at.
Drawn three times as large and reduced, so that every edge is antialiased. Pillow's own font.
"""

from __future__ import annotations

import sys
from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, SCALE = 900, 1200, 3
POSTER = Path(__file__).parent.parent / "core" / "layersplit" / "samples" / "poster.png"

SKY = ((28, 48, 96), (140, 92, 138), (252, 190, 142))
SUN = (255, 232, 176)
HILLS = ((92, 110, 138), (58, 84, 116), (30, 56, 86))
RED, CREAM, DEEP = (226, 78, 62), (253, 240, 218), (176, 48, 52)
BASKET, ROPE = (122, 76, 46), (70, 48, 40)

Points = list[tuple[float, float]]


def scaled(points: Points) -> Points:
    """Poster pixels to drawing pixels."""
    return [(x * SCALE, y * SCALE) for x, y in points]


def gradient() -> Image.Image:
    """From night at the top, by way of violet, to dawn at the horizon."""
    column = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        part, t = divmod(min(1.999, 2 * y / 900), 1)
        above, below = SKY[int(part)], SKY[int(part) + 1]
        colour = (round(a + (b - a) * t) for a, b in zip(above, below, strict=True))
        column.putpixel((0, y), tuple(colour))
    return column.resize((WIDTH, HEIGHT))


def hill(base: float, waves: list[tuple[float, float, float]]) -> Points:
    """The outline of a hill: ``waves`` are (height, length, shift) of its sines."""
    outline: Points = [(0, HEIGHT)]
    for x in range(0, WIDTH + 6, 6):
        y = base + sum(h * sin(2 * pi * (x + shift) / length) for h, length, shift in waves)
        outline.append((x, y))
    return [*outline, (WIDTH, HEIGHT)]


def envelope(x: float, y: float, radius: float, share: float) -> Points:
    """One gore of the balloon: the outline squeezed to ``share`` of its width."""
    side: Points = []
    for step in range(61):
        t = step / 60
        if t < 0.6:  # the round part
            angle = pi * (t / 0.6) * 0.62
            side.append((radius * sin(angle), y - radius * cos(angle)))
        else:  # down to the mouth
            s = (t - 0.6) / 0.4
            start_x, start_y = radius * sin(pi * 0.62), y - radius * cos(pi * 0.62)
            end_x, end_y = radius * 0.17, y + radius * 1.42
            bulge = radius * 0.10 * sin(pi * s)
            side.append((start_x + (end_x - start_x) * s + bulge, start_y + (end_y - start_y) * s))
    right = [(x + share * dx, py) for dx, py in side]
    left = [(x - share * dx, py) for dx, py in reversed(side)]
    return right + left


def balloon(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """The figure: striped envelope, ropes, basket."""
    for share, colour in ((1.0, RED), (0.74, CREAM), (0.46, RED), (0.17, CREAM)):
        draw.polygon(scaled(envelope(x, y, radius, share)), fill=colour)
    mouth, top = y + radius * 1.42, y + radius * 1.78
    half, basket = radius * 0.17, radius * 0.145
    draw.polygon(
        scaled(
            [
                (x - half, mouth - 9),
                (x + half, mouth - 9),
                (x + half, mouth + 7),
                (x - half, mouth + 7),
            ]
        ),
        fill=DEEP,
    )
    for side in (-1, 1):
        rope = scaled([(x + side * half * 0.86, mouth), (x + side * basket * 0.9, top)])
        draw.line(rope, fill=ROPE, width=4 * SCALE)
    corners = scaled([(x - basket, top), (x + basket, top + radius * 0.27)])
    draw.rounded_rectangle([*corners[0], *corners[1]], radius=9 * SCALE, fill=BASKET)
    rim = scaled([(x - basket - 5, top - 6), (x + basket + 5, top + 9)])
    draw.rounded_rectangle([*rim[0], *rim[1]], radius=7 * SCALE, fill=ROPE)


def text(
    draw: ImageDraw.ImageDraw, words: str, y: float, size: float, colour: tuple[int, ...]
) -> None:
    """One centred line."""
    font = ImageFont.load_default(size * SCALE)
    draw.text((WIDTH / 2 * SCALE, y * SCALE), words, font=font, fill=colour, anchor="mm")


def poster() -> Image.Image:
    """The whole picture, WIDTH x HEIGHT RGB."""
    picture = gradient().resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    sun = scaled([(560, 590), (800, 830)])
    draw.ellipse([*sun[0], *sun[1]], fill=SUN)
    for colour, outline in zip(
        HILLS,
        (
            hill(820, [(46, 760, 100), (14, 260, 30)]),
            hill(900, [(38, 620, 420), (12, 210, 90)]),
            hill(985, [(30, 900, 700), (8, 330, 10)]),
        ),
        strict=True,
    ):
        draw.polygon(scaled(outline), fill=colour)
    balloon(draw, 360, 360, 205)
    text(draw, "HIGH AND LIGHT", 1075, 86, CREAM)
    text(draw, "a balloon summer in the hills", 1145, 30, SUN)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else POSTER
    target.parent.mkdir(parents=True, exist_ok=True)
    poster().save(target, optimize=True)
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")
