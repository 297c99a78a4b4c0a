"""Layers as they come back: checked before they are unpacked, then (h, w, 4) u8."""

from __future__ import annotations

import io
import warnings
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from layersplit.domain import U8
from layersplit.remote.trouble import Kind, Trouble

MAX_FILE_BYTES: Final = 64 * 1024**2
MAX_SIDE_PX: Final = 8192
MAX_LAYER_PX: Final = 4096 * 4096
"""The models make 0.4 or 1 megapixels; a file that claims far more is none of theirs."""

_FORMATS: Final = ("PNG", "WEBP")
"""What keeps transparency without loss. A JPEG would be a layer without alpha: no layer."""


def decode_layer(content: bytes) -> U8:
    """The pixels of one returned file: (h, w, 4) u8 sRGB, straight alpha.

    Raises Trouble(GARBLED) for anything but a whole PNG or WebP of a sane size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning: the limit here is stricter
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            _check_extent(*image.size)
            image.load()
            return _rgba(image)
    except UnidentifiedImageError:
        raise Trouble(
            Kind.GARBLED, f"a layer that is no PNG or WebP file{_hint(content)}"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise Trouble(Kind.GARBLED, "a layer whose file is damaged or cut short") from error


def _check_extent(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_LAYER_PX:
        raise Trouble(Kind.GARBLED, f"a layer of {width} x {height} pixels")


def _rgba(image: Image.Image) -> U8:
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip
        grey = (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    return np.array(image.convert("RGBA"), dtype=np.uint8)


def _hint(content: bytes) -> str:
    start = content[:64].lstrip().lower()
    if start.startswith(b"\xff\xd8"):
        return " but a JPEG, which has no transparency"
    return " but a web page" if start.startswith((b"<!doctype", b"<html")) else ""
