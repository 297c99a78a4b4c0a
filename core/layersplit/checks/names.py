"""Names from what a layer is: text, background, a shape with its colour and place.

Stable (the same layers get the same names), unique, in the user's language. A name that the
provider gave stays when it says something; "layer_3" does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from layersplit.checks.words import colour_key, place_word, words_for
from layersplit.domain import F32, U8, ModelLayer

AREA_PX: Final = 128 * 128
LONGEST: Final = 60
STEPS: Final = 12
PALE: Final = 0.3
"""What a pixel without any hue counts, beside one that is all hue with 1.3."""
SAYS_NOTHING: Final = re.compile(
    r"^\W*(layer|image|output|frame|img|picture|ebene|rgba)?[\W_]*\d*\W*$", re.IGNORECASE
)


def name_layers(
    picture_small: U8, layers: Sequence[ModelLayer], *, language: str
) -> tuple[str, ...]:
    """One name a layer, bottom first. ``language``: "de", "de_AT", ...; English where unknown."""
    names = [
        _name(layer, picture_small[..., 3], index, language) for index, layer in enumerate(layers)
    ]
    return _unique(names)


def _name(layer: ModelLayer, solid: U8, index: int, language: str) -> str:
    given = re.sub(r"\s+", " ", layer.name or "").strip()[:LONGEST]
    words = words_for(language)
    if given and not SAYS_NOTHING.match(given):
        return words.get(given.lower(), given)
    height, width = layer.pixels.shape[:2]
    scale = min(1.0, (AREA_PX / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    values = layer.pixels.astype(np.float32) / 255
    values[..., :3] *= values[..., 3:]
    small = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    # the document's own alpha cuts every layer
    small = small * (cv2.resize(solid, size, interpolation=cv2.INTER_AREA)[..., None] / 255)
    alpha = small[..., 3]
    cover = float(alpha.mean())
    if index == 0 and cover > 0.6:
        return words["background"]
    if float(alpha.max()) < 0.05:
        return words["empty"]
    kind = "small details" if cover < 0.003 else "figure" if _is_colourful(small) else "shape"
    return words["pattern"].format(
        colour=words[_main_colour(small)],
        kind=words[kind],
        place=place_word(_centre(alpha), language),
    )


def _main_colour(small: F32) -> str:
    """The key of the colour that most of the layer has; vivid colours count more than pale ones.

    Not the mean: red and white stripes are not pink. Pixels are gathered in steps of STEPS a
    channel first, which each get a name, and names are what is counted.
    """
    alpha = small[..., 3]
    inside = alpha > 0.5 if (alpha > 0.5).any() else alpha > 0
    straight = small[..., :3][inside] / alpha[inside][:, None]
    steps = np.clip(np.rint(straight * (STEPS - 1)), 0, STEPS - 1).astype(np.int64)
    codes = (steps[:, 0] * STEPS + steps[:, 1]) * STEPS + steps[:, 2]
    weight: dict[str, float] = {}
    for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
        levels = (code // STEPS**2, code // STEPS % STEPS, code % STEPS)
        red, green, blue = (float(level) / (STEPS - 1) for level in levels)
        key = colour_key((red, green, blue))
        vivid = max(red, green, blue) - min(red, green, blue)
        weight[key] = weight.get(key, 0.0) + float(count) * (PALE + vivid)
    return max(weight, key=lambda key: weight[key])


def _centre(alpha: F32) -> tuple[float, float]:
    """Centre of the alpha as shares of width and height."""
    total = max(float(alpha.sum()), 1e-6)
    height, width = alpha.shape
    x = float((alpha.sum(axis=0) * (np.arange(width) + 0.5)).sum()) / total / width
    y = float((alpha.sum(axis=1) * (np.arange(height) + 0.5)).sum()) / total / height
    return x, y


def _is_colourful(small: F32) -> bool:
    """Whether the layer has several colours: a figure rather than a shape."""
    inside = small[..., 3] > 0.6
    if not inside.any():
        return False
    colours = small[..., :3][inside] / small[..., 3:][inside]
    return float(colours.std(axis=0).max()) > 0.14


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Number the second and further ones of a name."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = f"{name} {number}", number + 1
        taken.add(candidate.casefold())
        result.append(candidate)
    return tuple(result)
