"""What a decoder hands over, before orientation, profile and odd floats are dealt with."""

from __future__ import annotations

from dataclasses import dataclass

from layersplit.domain import Pixels


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """The first picture of a file as it is stored.

    ``pixels``: (h, w, 4) u8, u16 or f32, straight alpha, R = G = B where ``grey``.
    ``icc``: the profile as it stands in the file, of whatever kind. ``orientation``: Exif's, 1..8.
    """

    pixels: Pixels
    icc: bytes | None = None
    grey: bool = False
    orientation: int = 1
    notes: tuple[str, ...] = ()
