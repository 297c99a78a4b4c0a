"""Pictures of known layers: posters, illustrations, charts, logos, comics, photo-like scenes.

Everything is rendered by code from a seed, at twice the size and averaged down, so that edges are
antialiased. A picture is its layers, bottom first, composited once in floating point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
FINER: Final = 2
"""Rendering scale; the result is averaged down by it."""


@dataclass
class Drawn:
    """``layers``: (name, (h, w, 4) f32 0..1, straight), bottom first. ``kind``: for the table."""

    kind: str
    layers: list[tuple[str, F32]] = field(default_factory=list)

    def flat(self) -> U8:
        """The picture: (h, w, 4) u8."""
        height, width = self.layers[0][1].shape[:2]
        own = np.zeros((height, width, 4), np.float32)
        for _, layer in self.layers:
            alpha = layer[..., 3:]
            own[..., :3] = layer[..., :3] * alpha + own[..., :3] * (1 - alpha)
            own[..., 3:] = alpha + own[..., 3:] * (1 - alpha)
        own[..., :3] /= np.maximum(own[..., 3:], 1e-6)
        return np.rint(np.clip(own, 0, 1) * 255).astype(np.uint8)

    def alpha(self, name: str) -> F32:
        """Alpha of a named layer, whether or not something lies in front of it."""
        return next(layer[..., 3] for known, layer in self.layers if known == name)


class Canvas:
    """One layer while it is drawn: PIL shapes at twice the size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGBA", (width * FINER, height * FINER), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def ellipse(self, place: tuple[float, float, float, float], fill: Colour) -> None:
        """``place``: middle and radii, x, y, rx, ry."""
        x, y, rx, ry = place
        box = [(x - rx) * FINER, (y - ry) * FINER, (x + rx) * FINER, (y + ry) * FINER]
        self.draw.ellipse(box, fill=(*fill, 255))

    def rectangle(
        self, place: tuple[float, float, float, float], fill: Colour, radius: float = 0
    ) -> None:
        """``place``: left, top, width, height; ``radius`` rounds the corners."""
        x, y, w, h = place
        box = [x * FINER, y * FINER, (x + w) * FINER, (y + h) * FINER]
        self.draw.rounded_rectangle(box, radius * FINER, fill=(*fill, 255))

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """Filled."""
        self.draw.polygon([(x * FINER, y * FINER) for x, y in points], fill=(*fill, 255))

    def line(self, points: list[tuple[float, float]], fill: Colour, width: float) -> None:
        """Through the points, round at the joints."""
        self.draw.line(
            [(x * FINER, y * FINER) for x, y in points],
            fill=(*fill, 255),
            width=max(1, round(width * FINER)),
            joint="curve",
        )

    def text(
        self,
        place: tuple[float, float],
        words: str,
        size: float,
        fill: Colour,
        face: str = "Sans-Bold",
    ) -> tuple[float, float]:
        """Top left at ``place``; returns width and height."""
        x, y = place
        font = _font(face, round(size * FINER))
        self.draw.multiline_text(
            (x * FINER, y * FINER), words, font=font, fill=(*fill, 255), anchor="la", spacing=size
        )
        box = self.draw.multiline_textbbox((0, 0), words, font=font, anchor="la", spacing=size)
        return (box[2] / FINER, box[3] / FINER)

    def layer(self) -> F32:
        """(h, w, 4) f32 0..1, straight alpha."""
        big = np.asarray(self.image, np.float32) / 255
        big[..., :3] *= big[..., 3:]
        small = cv2.resize(big, (self.width, self.height), interpolation=cv2.INTER_AREA)
        small[..., :3] /= np.maximum(small[..., 3:], 1e-6)
        return np.clip(small, 0, 1)


def _font(face: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for folder in ("/usr/share/fonts/truetype/dejavu", "C:/Windows/Fonts", "/Library/Fonts"):
        path = Path(folder) / f"DejaVu{face}.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def opaque(rgb: F32) -> F32:
    """A layer without holes."""
    return np.dstack([np.clip(rgb, 0, 1), np.ones(rgb.shape[:2], np.float32)]).astype(np.float32)


def fractal(
    random: np.random.Generator, width: int, height: int, *, finest: int = 2, coarsest: int = 256
) -> F32:
    """Cloudy noise, mean 0, about -1..1: (h, w)."""
    total = np.zeros((height, width), np.float32)
    step = coarsest
    while step >= finest:
        grid = random.standard_normal((height // step + 3, width // step + 3)).astype(np.float32)
        total += (
            step**0.75
            * cv2.resize(
                grid,
                ((width // step + 3) * step, (height // step + 3) * step),
                interpolation=cv2.INTER_CUBIC,
            )[:height, :width]
        )
        step //= 2
    return (total / (2.2 * total.std())).astype(np.float32)


PALETTES: Final = (
    ((250, 240, 220), (32, 60, 110), (225, 80, 60), (245, 180, 60)),
    ((20, 24, 60), (250, 245, 235), (240, 90, 120), (80, 200, 220)),
    ((255, 214, 40), (20, 20, 24), (40, 160, 90), (235, 70, 60)),
    ((230, 60, 50), (255, 255, 255), (30, 30, 40), (255, 200, 80)),
    ((40, 120, 110), (250, 235, 200), (250, 120, 70), (20, 40, 50)),
    ((235, 235, 238), (40, 40, 46), (90, 90, 220), (240, 150, 190)),
    ((120, 70, 160), (255, 240, 120), (255, 255, 255), (40, 20, 70)),
)
TITLES: Final = (
    "SUMMER\nFESTIVAL",
    "Hello World",
    "JAZZ NIGHT",
    "Big Sale",
    "The Quiet\nSea",
    "MARATHON",
    "Open Studio",
    "New Coffee",
    "Museum Day",
    "LOST & FOUND",
    "Winter Tales",
    "Go West",
)
SMALL: Final = (
    "Friday 21 June, 8 pm, Harbour Hall",
    "Tickets at the door. Children free.",
    "www.example.org - all days, all ages",
)


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    return tuple(round(a * (1 - share) + b * share) for a, b in zip(colour, other, strict=True))


GROUNDS: Final = ("flat", "linear", "radial", "paper", "stripes", "dots", "clouds")


def ground(random: np.random.Generator, kind: str, colour: Colour, size: tuple[int, int]) -> F32:
    """A background of a kind: (h, w, 4)."""
    width, height = size
    base = np.array(colour, np.float32) / 255
    other = np.array(_mixed(colour, PALETTES[int(random.integers(7))][0], 0.45), np.float32) / 255
    y, x = np.mgrid[:height, :width].astype(np.float32)
    share = np.zeros((height, width), np.float32)
    if kind == "linear":
        angle = random.uniform(0, 6.28)
        share = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle) + 0.5
    elif kind == "radial":
        share = np.hypot(x - width * 0.5, y - height * random.uniform(0.3, 0.7)) / width
    elif kind == "paper":
        share = 0.06 * fractal(random, width, height, finest=1, coarsest=8)
    elif kind == "stripes":
        share = 0.5 * (np.sin((x + y * random.uniform(-1, 1)) / random.uniform(6, 20)) > 0)
    elif kind == "dots":
        pitch = random.uniform(18, 40)
        share = np.clip(pitch * 0.28 - np.hypot(x % pitch - pitch / 2, y % pitch - pitch / 2), 0, 1)
        share = 0.5 * share
    elif kind == "clouds":
        share = 0.5 + 0.35 * fractal(random, width, height, finest=4)
    share = np.clip(share, 0, 1)[..., None]
    return opaque((base * (1 - share) + other * share).astype(np.float32))


def person(canvas: Canvas, x: float, foot: float, tall: float, colours: list[Colour]) -> None:
    """A simple figure that stands at (x, foot)."""
    skin, hair, shirt, trousers = colours
    head = tall * 0.11
    top = foot - tall
    for side in (-1, 1):
        canvas.rectangle(
            (x + side * tall * 0.07 - tall * 0.05, foot - tall * 0.45, tall * 0.1, tall * 0.45),
            trousers,
            tall * 0.03,
        )
        canvas.line(
            [
                (x + side * tall * 0.13, foot - tall * 0.72),
                (x + side * tall * 0.24, foot - tall * 0.5),
                (x + side * tall * 0.2, foot - tall * 0.36),
            ],
            skin,
            tall * 0.06,
        )
    canvas.rectangle(
        (x - tall * 0.15, foot - tall * 0.78, tall * 0.3, tall * 0.36), shirt, tall * 0.06
    )
    canvas.rectangle((x - tall * 0.035, foot - tall * 0.83, tall * 0.07, tall * 0.08), skin)
    canvas.ellipse((x, top + head * 0.9, head * 1.05, head * 1.05), hair)
    canvas.ellipse((x, top + head * 1.15, head * 0.82, head * 0.9), skin)
    for side in (-1, 1):
        canvas.ellipse(
            (x + side * head * 0.3, top + head * 1.05, head * 0.08, head * 0.1), (30, 20, 20)
        )
    canvas.line(
        [(x - head * 0.25, top + head * 1.5), (x + head * 0.25, top + head * 1.5)],
        (150, 40, 50),
        head * 0.08,
    )


def fruit(canvas: Canvas, x: float, y: float, r: float, colour: Colour) -> None:
    """A round thing with a highlight, a stalk and a leaf."""
    canvas.ellipse((x, y, r, r * 0.95), colour)
    canvas.ellipse(
        (x - r * 0.35, y - r * 0.35, r * 0.18, r * 0.13), _mixed(colour, (255, 255, 255), 0.6)
    )
    canvas.line([(x, y - r * 0.85), (x + r * 0.1, y - r * 1.25)], (90, 60, 30), r * 0.09)
    canvas.ellipse((x + r * 0.4, y - r * 1.15, r * 0.32, r * 0.14), (60, 140, 60))


def star(canvas: Canvas, x: float, y: float, r: float, *, fill: Colour, points: int = 5) -> None:
    corners = []
    for k in range(2 * points):
        reach = r if k % 2 == 0 else r * 0.45
        angle = np.pi * k / points - np.pi / 2
        corners.append((x + reach * np.cos(angle), y + reach * np.sin(angle)))
    canvas.polygon(corners, fill)


FIGURES: Final = ("person", "fruit", "star", "house")


def _figure(
    random: np.random.Generator, kind: str, colours: tuple[Colour, ...], size: tuple[int, int]
) -> F32:
    width, height = size
    canvas = Canvas(width, height)
    x, y = width * random.uniform(0.35, 0.65), height * random.uniform(0.6, 0.66)
    unit = min(width, height)
    if kind == "person":
        foot = height * random.choice([0.95, 1.06])
        skin = (236, 188, 150)
        person(canvas, x, foot, unit * 0.55, [skin, (60, 35, 25), colours[2], colours[3]])
    elif kind == "fruit":
        fruit(canvas, x, y, unit * 0.2, colours[2])
    elif kind == "star":
        star(canvas, x, y, unit * 0.22, fill=colours[2], points=int(random.integers(5, 9)))
        canvas.ellipse((x, y, unit * 0.06, unit * 0.06), colours[3])
    else:
        canvas.rectangle((x - unit * 0.18, y - unit * 0.08, unit * 0.36, unit * 0.28), colours[2])
        canvas.polygon(
            [
                (x - unit * 0.23, y - unit * 0.08),
                (x, y - unit * 0.26),
                (x + unit * 0.23, y - unit * 0.08),
            ],
            colours[3],
        )
        canvas.rectangle((x - unit * 0.04, y + unit * 0.06, unit * 0.08, unit * 0.14), colours[3])
    return canvas.layer()


def poster(
    seed: int, size: tuple[int, int] = (1600, 1250), ground_kind: str | None = None
) -> Drawn:
    """Ground, figure, title, sometimes small print."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    kind = ground_kind or GROUNDS[seed % len(GROUNDS)]
    drawn = Drawn(kind=f"poster/{kind}")
    drawn.layers.append(("background", ground(random, kind, colours[0], size)))
    what = FIGURES[int(random.integers(len(FIGURES)))]
    drawn.layers.append(("figure", _figure(random, what, colours, size)))
    title = Canvas(width, height)
    face = ("Sans-Bold", "Serif-Bold", "Sans", "SansMono-Bold", "SansCondensed-Bold")
    words = TITLES[int(random.integers(len(TITLES)))]
    rows = words.count("\n") + 1
    tall = min(
        height * (0.17 if rows == 1 else 0.1), width * 1.1 / max(map(len, words.split("\n")))
    )
    title.text(
        (width * random.uniform(0.05, 0.1), height * 0.05),
        words,
        tall,
        colours[1],
        face[int(random.integers(len(face)))],
    )
    drawn.layers.append(("title", title.layer()))
    if random.uniform() < 0.5:
        small = Canvas(width, height)
        small.text(
            (width * 0.06, height * 0.93),
            SMALL[int(random.integers(3))],
            height * 0.028,
            colours[1],
            "Sans",
        )
        drawn.layers.append(("print", small.layer()))
    return drawn


def photo_like(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """A textured subject with a bumpy outline before another texture, some grain over both."""
    random = np.random.default_rng(seed)
    width, height = size
    hues = random.permutation(6)[:2]
    layers = []
    for at in range(2):
        low = _hue(int(hues[at]), 0.25 + 0.25 * random.uniform(), 0.45)
        high = _hue(int(hues[at]), 0.6 + 0.3 * random.uniform(), 0.35)
        share = np.clip(0.5 + 0.4 * fractal(random, width, height, finest=2), 0, 1)[..., None]
        layers.append((low * (1 - share) + high * share).astype(np.float32))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = np.arctan2(y - height * 0.52, x - width * 0.5)
    radius = (
        0.28
        * height
        * (
            1
            + sum(
                random.uniform(0, 0.22) / k * np.sin(k * angle + random.uniform(0, 6))
                for k in range(1, 8)
            )
        )
    )
    inside = radius - np.hypot((x - width * 0.5) / random.uniform(0.8, 1.5), y - height * 0.52)
    alpha = np.clip(inside / 1.6 + 0.5, 0, 1)
    shade = 1 - 0.35 * np.clip(1 - inside / (0.2 * height), 0, 1)[..., None]
    grain = random.standard_normal((height, width, 1)).astype(np.float32) * 0.015
    drawn = Drawn(kind="photo-like")
    drawn.layers.append(("background", opaque(cv2.GaussianBlur(layers[0], (0, 0), 2.0) + grain)))
    subject = np.dstack([np.clip(layers[1] * shade + grain, 0, 1), alpha]).astype(np.float32)
    drawn.layers.append(("subject", subject))
    return drawn


def _hue(sixth: int, value: float, saturation: float) -> F32:
    hsv = np.array([[[sixth * 60.0, saturation, value]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def chart(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """Bars with an axis, labels and a heading on white."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    drawn = Drawn(kind="chart")
    drawn.layers.append(("background", opaque(np.full((height, width, 3), 1.0, np.float32))))
    bars, axis, text = Canvas(width, height), Canvas(width, height), Canvas(width, height)
    for k in range(5):
        tall = height * random.uniform(0.15, 0.6)
        bars.rectangle(
            (width * (0.15 + 0.15 * k), height * 0.85 - tall, width * 0.1, tall), colours[2]
        )
        text.text(
            (width * (0.17 + 0.15 * k), height * 0.88),
            f"{2019 + k}",
            height * 0.03,
            (60, 60, 60),
            "Sans",
        )
    axis.line(
        [
            (width * 0.1, height * 0.2),
            (width * 0.1, height * 0.853),
            (width * 0.92, height * 0.853),
        ],
        (40, 40, 40),
        4,
    )
    text.text((width * 0.1, height * 0.05), "Visitors per year", height * 0.06, (30, 30, 30))
    drawn.layers += [("axis", axis.layer()), ("bars", bars.layer()), ("text", text.layer())]
    return drawn


def sunrise(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """A figure half before a disc, half before the sky: they touch, and are two things."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    drawn = Drawn(kind="sunrise")
    drawn.layers.append(("background", ground(random, "linear", colours[0], size)))
    disc, figure, title = Canvas(width, height), Canvas(width, height), Canvas(width, height)
    disc.ellipse((width * 0.5, height * 0.5, height * 0.3, height * 0.3), colours[3])
    person(
        figure,
        width * 0.5,
        height * 0.97,
        height * 0.6,
        [(236, 188, 150), (60, 35, 25), colours[2], (30, 40, 80)],
    )
    title.text((width * 0.06, height * 0.04), "RISE & SHINE", height * 0.09, colours[1])
    drawn.layers += [("disc", disc.layer()), ("figure", figure.layer()), ("title", title.layer())]
    return drawn


def cards(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """A panel with a picture and text on it: things on a thing."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    drawn = Drawn(kind="card")
    drawn.layers.append(("background", ground(random, "linear", colours[0], size)))
    panel, thing, text = Canvas(width, height), Canvas(width, height), Canvas(width, height)
    panel.rectangle((width * 0.12, height * 0.15, width * 0.76, height * 0.7), colours[1], 30)
    fruit(thing, width * 0.32, height * 0.52, height * 0.17, colours[2])
    text.text((width * 0.5, height * 0.3), "Fresh fruit", height * 0.08, colours[0])
    text.text(
        (width * 0.5, height * 0.45),
        "Every morning\nfrom the market",
        height * 0.035,
        colours[0],
        "Sans",
    )
    drawn.layers += [("panel", panel.layer()), ("figure", thing.layer()), ("text", text.layer())]
    return drawn


def logo(seed: int, size: tuple[int, int] = (1200, 900)) -> Drawn:
    """A sign and a word on nothing: the document is transparent."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    drawn = Drawn(kind="logo")
    sign, word = Canvas(width, height), Canvas(width, height)
    star(sign, width * 0.5, height * 0.36, height * 0.24, fill=colours[2], points=6)
    sign.ellipse((width * 0.5, height * 0.36, height * 0.08, height * 0.08), colours[3])
    word.text((width * 0.2, height * 0.72), "Northstar", height * 0.14, colours[2])
    drawn.layers += [("sign", sign.layer()), ("word", word.layer())]
    return drawn


def landscape(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """An illustration: sky, sun, hills that touch the border, a house, a tree."""
    random = np.random.default_rng(seed)
    width, height = size
    drawn = Drawn(kind="landscape")
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky = (
        np.array([0.45, 0.7, 0.95], np.float32) * (1 - y)
        + np.array([0.95, 0.9, 0.8], np.float32) * y
    )
    drawn.layers.append(("background", opaque(np.broadcast_to(sky, (height, width, 3)))))
    sun, hills, house, tree = (Canvas(width, height) for _ in range(4))
    sun.ellipse(
        (width * random.uniform(0.15, 0.3), height * 0.2, height * 0.09, height * 0.09),
        (255, 220, 90),
    )
    points = [
        (width * k / 40, height * (0.68 + 0.05 * np.sin(k * 0.3 + random.uniform(0, 0.1))))
        for k in range(41)
    ]
    hills.polygon([*points, (width, height), (0, height)], (90, 160, 80))
    x = width * random.uniform(0.4, 0.5)
    house.rectangle((x, height * 0.5, width * 0.16, height * 0.25), (230, 210, 180))
    house.polygon(
        [
            (x - 20, height * 0.5),
            (x + width * 0.08, height * 0.36),
            (x + width * 0.16 + 20, height * 0.5),
        ],
        (170, 60, 50),
    )
    house.rectangle((x + width * 0.06, height * 0.62, width * 0.04, height * 0.13), (100, 60, 40))
    tree.rectangle((width * 0.8, height * 0.55, width * 0.02, height * 0.22), (100, 70, 40))
    tree.ellipse((width * 0.81, height * 0.48, height * 0.12, height * 0.13), (50, 120, 60))
    drawn.layers += [
        ("sun", sun.layer()),
        ("hills", hills.layer()),
        ("house", house.layer()),
        ("tree", tree.layer()),
    ]
    return drawn


def comic(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """Four panels with outlined figures on a white page."""
    random = np.random.default_rng(seed)
    width, height = size
    drawn = Drawn(kind="comic")
    drawn.layers.append(("background", opaque(np.full((height, width, 3), 0.99, np.float32))))
    for k in range(4):
        panel = Canvas(width, height)
        x, y = width * (0.03 + 0.49 * (k % 2)), height * (0.03 + 0.49 * (k // 2))
        colour = PALETTES[int(random.integers(7))][0]
        panel.rectangle((x, y, width * 0.455, height * 0.45), (20, 20, 20))
        panel.rectangle((x + 6, y + 6, width * 0.455 - 12, height * 0.45 - 12), colour)
        person(
            panel,
            x + width * random.uniform(0.15, 0.3),
            y + height * 0.44,
            height * 0.34,
            [(236, 188, 150), (60, 35, 25), PALETTES[int(random.integers(7))][2], (40, 50, 90)],
        )
        panel.ellipse(
            (x + width * 0.33, y + height * 0.1, width * 0.09, height * 0.06), (255, 255, 255)
        )
        panel.text(
            (x + width * 0.27, y + height * 0.08), "Hello there!", height * 0.026, (20, 20, 20)
        )
        drawn.layers.append((f"panel {k + 1}", panel.layer()))
    return drawn


def shadowed(seed: int, size: tuple[int, int] = (1600, 1250)) -> Drawn:
    """A thing with a soft drop shadow on a gradient, and a badge that touches the border."""
    random = np.random.default_rng(seed)
    width, height = size
    colours = PALETTES[int(random.integers(len(PALETTES)))]
    drawn = Drawn(kind="shadow")
    drawn.layers.append(("background", ground(random, "linear", colours[0], size)))
    thing, badge = Canvas(width, height), Canvas(width, height)
    fruit(thing, width * 0.45, height * 0.5, height * 0.24, colours[2])
    badge.ellipse((width * 0.97, height * 0.08, height * 0.16, height * 0.16), colours[3])
    figure = thing.layer()
    shade = cv2.GaussianBlur(np.roll(figure[..., 3], (20, 24), (0, 1)), (0, 0), 14) * 0.5
    soft = np.dstack([np.zeros((height, width, 3), np.float32), shade]).astype(np.float32)
    drawn.layers += [("shadow", soft), ("figure", figure), ("badge", badge.layer())]
    return drawn


KINDS: Final[dict[str, Callable[[int], Drawn]]] = {
    "poster": poster,
    "sunrise": sunrise,
    "card": cards,
    "landscape": landscape,
    "chart": chart,
    "logo": logo,
    "comic": comic,
    "shadow": shadowed,
    "photo-like": photo_like,
}
"""Every kind of picture by its name; each takes a seed."""
