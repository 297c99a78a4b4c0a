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
_FRENCH: Final = {
    "background": "Arrière-plan",
    "text": "Texte",
    "title": "Titre",
    "small text": "Petit texte",
    "small details": "Détails",
    "figure": "Figure",
    "shape": "Forme",
    "subject": "Sujet",
    "shadow": "Ombre",
    "empty": "Vide",
    "pattern": "{kind} en {colour}, {place}",
    "black": "noir", "white": "blanc", "grey": "gris", "dark grey": "gris foncé",
    "light grey": "gris clair", "red": "rouge", "orange": "orange", "brown": "marron",
    "yellow": "jaune", "green": "vert", "turquoise": "turquoise", "blue": "bleu",
    "violet": "violet", "pink": "rose",
    "top left": "en haut à gauche", "top": "en haut", "top right": "en haut à droite",
    "left": "à gauche", "centre": "au centre", "right": "à droite",
    "bottom left": "en bas à gauche", "bottom": "en bas", "bottom right": "en bas à droite",
}  # fmt: skip
_SPANISH: Final = {
    "background": "Fondo",
    "text": "Texto",
    "title": "Título",
    "small text": "Texto pequeño",
    "small details": "Detalles",
    "figure": "Figura",
    "shape": "Forma",
    "subject": "Sujeto",
    "shadow": "Sombra",
    "empty": "Vacía",
    "pattern": "{kind} en {colour}, {place}",
    "black": "negro", "white": "blanco", "grey": "gris", "dark grey": "gris oscuro",
    "light grey": "gris claro", "red": "rojo", "orange": "naranja", "brown": "marrón",
    "yellow": "amarillo", "green": "verde", "turquoise": "turquesa", "blue": "azul",
    "violet": "violeta", "pink": "rosa",
    "top left": "arriba a la izquierda", "top": "arriba", "top right": "arriba a la derecha",
    "left": "a la izquierda", "centre": "en el centro", "right": "a la derecha",
    "bottom left": "abajo a la izquierda", "bottom": "abajo",
    "bottom right": "abajo a la derecha",
}  # fmt: skip
_JAPANESE: Final = {
    "background": "背景",
    "text": "文字",
    "title": "タイトル文字",
    "small text": "小さな文字",
    "small details": "細部",
    "figure": "図柄",
    "shape": "形",
    "subject": "被写体",
    "shadow": "影",
    "empty": "空",
    "pattern": "{colour}の{kind}、{place}",
    "black": "黒", "white": "白", "grey": "灰色", "dark grey": "濃い灰色",
    "light grey": "薄い灰色", "red": "赤", "orange": "オレンジ色", "brown": "茶色",
    "yellow": "黄色", "green": "緑", "turquoise": "青緑", "blue": "青",
    "violet": "紫", "pink": "ピンク",
    "top left": "左上", "top": "上", "top right": "右上",
    "left": "左", "centre": "中央", "right": "右",
    "bottom left": "左下", "bottom": "下", "bottom right": "右下",
}  # fmt: skip
WORDS: Final = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "es": _SPANISH,
    "ja": _JAPANESE,
}


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
