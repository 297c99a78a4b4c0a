"""Layer names that every format, program and file system can hold."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_UNITS: Final = 255
"""Photoshop's limit, in UTF-16 units."""
_SLUG_LENGTH: Final = 40


def clean_name(name: str, number: int) -> str:
    """``name`` without what XML, UTF-8 or a list of layers cannot show; never empty.

    ``number`` is the layer's, from 1 at the bottom: an empty name becomes "Layer N".
    """
    kept = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in name
        if unicodedata.category(letter) != "Cs" and ord(letter) & 0xFFFE != 0xFFFE
    )
    short = " ".join(kept.split())
    while _units(short) > MAX_UNITS:
        short = short[:-1]
    return short.rstrip() or f"Layer {number}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def file_slug(name: str, fallback: str = "layer") -> str:
    """Lower-case ASCII letters, digits and hyphens from ``name``, for file names on any system."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_SLUG_LENGTH].strip("-")
    return slug or fallback
