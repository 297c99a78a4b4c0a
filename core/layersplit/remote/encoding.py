"""The picture as it is sent: only what the model can use, lossless, without metadata.

A model that works on 0.4 megapixels gets 0.4 megapixels, whatever the document has; the rest of the
detail is brought back here, by ``restore``.
"""

from __future__ import annotations

import io
import zlib
from typing import Final

import numpy as np
from PIL import Image

from layersplit.domain import U8
from layersplit.remote.service import Parcel

WEBP_EFFORT: Final = 2
"""Of 0..6: within 1 % of the size that 4 reaches, in less than half of the time."""
PNG_EFFORT: Final = 6
PNG_STRATEGIES: Final = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED)
"""The first packs drawings better, the second photos."""


def encode(pixels: U8, media_type: str) -> Parcel:
    """``pixels``, (h, w, 4) u8 sRGB straight alpha, as an opaque file without metadata.

    Transparent parts are laid over white, because the models were made for opaque pictures and some
    servers read the colour of invisible pixels.
    """
    height, width = pixels.shape[:2]
    image = Image.fromarray(over_white(pixels))
    buffer = io.BytesIO()
    if media_type == "image/webp":
        image.save(buffer, "webp", lossless=True, quality=100, method=WEBP_EFFORT, exact=True)
    else:
        buffer = min((_png(image, strategy) for strategy in PNG_STRATEGIES), key=_length)
    return Parcel(content=buffer.getvalue(), media_type=media_type, width=width, height=height)


def _png(image: Image.Image, strategy: int) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=PNG_EFFORT, compress_type=strategy)
    return buffer


def _length(buffer: io.BytesIO) -> int:
    return buffer.getbuffer().nbytes


def over_white(pixels: U8) -> U8:
    """(h, w, 4) u8 straight alpha over white: (h, w, 3) u8."""
    alpha = pixels[..., 3:]
    if alpha.min() == np.iinfo(np.uint8).max:
        return np.ascontiguousarray(pixels[..., :3])
    covered = pixels[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha.astype(np.uint16))
    return ((covered + 127) // 255).astype(np.uint8)


def fitted(pixels: U8, area_px: int, multiple: int) -> U8:
    """``pixels`` resized to about ``area_px``, both sides multiples of ``multiple``.

    For a server that uses a picture at the size at which it comes.
    """
    height, width = pixels.shape[:2]
    scale = (area_px / (width * height)) ** 0.5
    size = tuple(
        max(multiple, round(side * scale / multiple) * multiple) for side in (width, height)
    )
    if size == (width, height):
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=None))
