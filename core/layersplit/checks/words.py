"""The words of layer names, one table a language: data, so that translators need no code."""

from __future__ import annotations

import colorsys
from typing import Final

_ENGLISH: Final = {
    "background": "Background",
    "text": "Text",
    "title": "Title text",
    "small text": "Small text",
    "small details": "details",
    "figure": "figure",
    "shape": "shape",
    "subject": "Subject",
    "shadow": "Shadow",
    "empty": "Empty",
    "pattern": "{colour} {kind}, {place}",
    "black": "Black", "white": "White", "grey": "Grey", "dark grey": "Dark grey",
    "light grey": "Light grey", "red": "Red", "orange": "Orange", "brown": "Brown",
    "yellow": "Yellow", "green": "Green", "turquoise": "Turquoise", "blue": "Blue",
    "violet": "Violet", "pink": "Pink",
    "top left": "top left", "top": "top", "top right": "top right",
    "left": "left", "centre": "centre", "right": "right",
    "bottom left": "bottom left", "bottom": "bottom", "bottom right": "bottom right",
}  # fmt: skip
_GERMAN: Final = {
    "background": "Hintergrund",
    "text": "Text",
    "title": "Titeltext",
    "small text": "Kleiner Text",
    "small details": "Details",
    "figure": "Figur",
    "shape": "Form",
    "subject": "Motiv",
    "shadow": "Schatten",
    "empty": "Leer",
    "pattern": "{kind} {colour}, {place}",
    "black": "schwarz", "white": "weiß", "grey": "grau", "dark grey": "dunkelgrau",
    "light grey": "hellgrau", "red": "rot", "orange": "orange", "brown": "braun",
    "yellow": "gelb", "green": "grün", "turquoise": "türkis", "blue": "blau",
    "violet": "violett", "pink": "rosa",
    "top left": "oben links", "top": "oben", "top right": "oben rechts",
    "left": "links", "centre": "Mitte", "right": "rechts",
    "bottom left": "unten links", "bottom": "unten", "bottom right": "unten rechts",
}  # fmt: skip
WORDS: Final = {"en": _ENGLISH, "de": _GERMAN}


def words_for(language: str) -> dict[str, str]:
    """The table of a language tag such as "de" or "de_AT.UTF-8"; English where there is none."""
    return WORDS.get(language.replace("-", "_").split("_")[0].lower(), _ENGLISH)


def colour_word(colour: tuple[float, float, float], language: str) -> str:
    """The name of an sRGB colour (each 0..1)."""
    return words_for(language)[colour_key(colour)]


def colour_key(colour: tuple[float, float, float]) -> str:
    """The key of the name of an sRGB colour (each 0..1) in every language's table."""
    hue, lightness, _ = colorsys.rgb_to_hls(*colour)
    chroma = max(colour) - min(colour)
    if chroma < 0.1:
        greys = ((0.12, "black"), (0.4, "dark grey"), (0.65, "grey"), (0.9, "light grey"))
        return next((name for limit, name in greys if lightness < limit), "white")
    degrees = hue * 360
    if 12 <= degrees < 48 and lightness < 0.42:
        return "brown"
    if (degrees < 12 or degrees >= 320) and lightness > 0.68:
        return "pink"
    hues = (
        (12, "red"), (42, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"),
        (255, "blue"), (295, "violet"), (340, "pink"),
    )  # fmt: skip
    return next((name for limit, name in hues if degrees < limit), "red")


def place_word(centre: tuple[float, float], language: str) -> str:
    """Where in the picture: ``centre`` as shares of width and height."""
    x, y = centre
    across = "left" if x < 0.37 else "right" if x > 0.63 else ""
    down = "top" if y < 0.37 else "bottom" if y > 0.63 else ""
    return words_for(language)[f"{down} {across}".strip() or "centre"]
