"""PNG of every kind, the values unchanged: 8 bits by Pillow, 16 bits by OpenCV.

A picture without a profile may still say what its values mean: sRGB, cICP, or gAMA with cHRM. Where
that is not sRGB, a profile that says the same is made, so that the editor shows the same colours.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np

from layersplit.domain import CHANNELS, Mask, Pixels
from layersplit.pixels.compositing import peak
from layersplit.pixels.profile_writer import (
    SRGB_PRIMARIES,
    Primaries,
    gamma_curve,
    rgb_profile,
    srgb_curve,
)
from layersplit.reading import png_chunks
from layersplit.reading.arrays import bands
from layersplit.reading.decoded import Decoded
from layersplit.reading.pillow import open_image, orientation_in, rgba8
from layersplit.reading.plain import FIRST_FRAME
from layersplit.reading.png_chunks import PngFile, take_apart

_D65: Final = (0.3127, 0.3290)
_CICP_PRIMARIES: Final = {
    1: SRGB_PRIMARIES,
    9: Primaries(white=_D65, red=(0.708, 0.292), green=(0.170, 0.797), blue=(0.131, 0.046)),
    12: Primaries(white=_D65, red=(0.680, 0.320), green=(0.265, 0.690), blue=(0.150, 0.060)),
}
"""BT.709, BT.2020 and Display P3 by their numbers in ITU-T H.273."""
_CICP_CURVES: Final = {8: gamma_curve(1.0), 13: srgb_curve()}
_SRGB_GAMMA: Final = 2.2
"""What a PNG file states for sRGB; its curve is not exactly that power."""


def decode_png(file: BinaryIO, path: Path) -> Decoded:
    """The picture (the first, where it is animated) as u8 or u16. Raises InputError."""
    png = take_apart(file, path)
    if png.bits == 16:
        pixels = _sixteen_bits(png)
    else:
        with open_image(png.stream, path, ("PNG",)) as image:
            pixels = rgba8(image)
    png.stream.close()
    _apply_colour_key(pixels, png)
    icc, notes = _profile(png)
    return Decoded(
        pixels=pixels,
        icc=icc,
        grey=png.colour_type in (png_chunks.GREY, png_chunks.GREY_ALPHA),
        orientation=orientation_in(png.chunks.get(b"eXIf", b"")),
        notes=(FIRST_FRAME, *notes) if png.is_animated else notes,
    )


def _sixteen_bits(png: PngFile) -> Pixels:
    """(h, w, 4) u16."""
    import cv2  # noqa: PLC0415 - most pictures have 8 bits

    stored: Any = cv2.imdecode(
        np.frombuffer(png.stream.getbuffer(), np.uint8), cv2.IMREAD_UNCHANGED
    )
    if stored is None or stored.dtype != np.uint16:
        raise ValueError("OpenCV could not read the pixel data")
    channels = 1 if stored.ndim == 2 else stored.shape[2]
    to_rgba = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, CHANNELS: cv2.COLOR_BGRA2RGBA}
    return cast("Pixels", cv2.cvtColor(stored, to_rgba[channels]))


def _apply_colour_key(pixels: Pixels, png: PngFile) -> None:
    """Make the one colour that tRNS names transparent."""
    key = png.chunks.get(b"tRNS", b"")
    count = {png_chunks.GREY: 1, png_chunks.RGB: 3}.get(png.colour_type, 0)
    if not count or len(key) != 2 * count:
        return
    top = (1 << png.bits) - 1
    stored = np.array(struct.unpack(f">{count}H", key)) & top
    # 1, 2 and 4 bits were spread over 0..255, as the standard asks.
    wanted = stored * (int(peak(pixels.dtype)) // top)
    for rows in bands(pixels.shape[0], pixels[:1].nbytes):
        part = pixels[rows]
        same: Mask = np.all(part[..., :3] == wanted.astype(pixels.dtype), axis=-1)
        part[same, 3] = 0


def _profile(png: PngFile) -> tuple[bytes | None, tuple[str, ...]]:
    """The file's profile, or one that says what its colour chunks say; None means sRGB."""
    if png.icc is not None:
        return png.icc or b"damaged", ()
    cicp = png.chunks.get(b"cICP", b"")
    if len(cicp) == 4:
        return _from_cicp(*cicp[:2])
    if b"sRGB" in png.chunks:
        return None, ()
    gamma, primaries = png.gamma, png.primaries
    same_curve = gamma is None or abs(gamma - _SRGB_GAMMA) < 0.02
    same_primaries = primaries is None or primaries.is_close_to(SRGB_PRIMARIES)
    if same_curve and same_primaries:
        return None, ()
    curve = srgb_curve() if same_curve or gamma is None else gamma_curve(gamma)
    return _made(primaries or SRGB_PRIMARIES, curve, "PNG gAMA and cHRM")


def _from_cicp(primaries: int, transfer: int) -> tuple[bytes | None, tuple[str, ...]]:
    if primaries not in _CICP_PRIMARIES or transfer not in _CICP_CURVES:
        space = f"cICP {primaries}, {transfer}"
        return None, (f"The picture's colour space ({space}) is not known; sRGB is assumed.",)
    if (primaries, transfer) == (1, 13):
        return None, ()
    return _made(
        _CICP_PRIMARIES[primaries], _CICP_CURVES[transfer], f"cICP {primaries}, {transfer}"
    )


def _made(primaries: Primaries, curve: bytes, name: str) -> tuple[bytes | None, tuple[str, ...]]:
    try:
        icc = rgb_profile(primaries, curve, name)
    except ValueError:
        return None, ("The picture states impossible primaries; sRGB is assumed.",)
    return icc, ("The file states its colours without a profile; one that says the same was made.",)
