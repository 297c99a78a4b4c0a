"""Pillow behind a fence: our limits instead of its own, no warnings, no surprises.

Pillow knows what 8 bits a channel can hold; deeper files go elsewhere. Opening a file reads its
header only, so the limits are checked between :func:`open_image` and the first look at a pixel.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from layersplit.domain import CHANNELS, MAX_AREA_PX, U8
from layersplit.reading.arrays import bands
from layersplit.reading.refusals import checked_extent, too_large

# Its own limit is lower than ours; with ours it still guards what headers do not show.
Image.MAX_IMAGE_PIXELS = MAX_AREA_PX

_EXIF_ORIENTATION: Final = 0x0112


@contextmanager
def open_image(file: BinaryIO, path: Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """The first picture of ``file``, not decoded yet, within the limits; raises InputError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which is not used
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=formats)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise too_large(path, "too many") from error
        with image:
            checked_extent(path, *image.size)
            yield image


def rgba8(image: Image.Image) -> U8:
    """(h, w, 4) of any image whose mode holds 8 bits a channel; palettes are looked up.

    Straight alpha, from an alpha channel or from a transparent palette entry or colour.
    """
    image.load()
    width, height = image.size
    out = np.empty((height, width, CHANNELS), np.uint8)
    for rows in bands(height, width * CHANNELS):
        part = image.crop((0, rows.start, width, rows.stop))
        out[rows] = np.asarray(part if part.mode == "RGBA" else part.convert("RGBA"))
    return out


def orientation_of(image: Image.Image) -> int:
    """Exif's orientation, 1 where there is none or Exif is broken."""
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken metadata is no reason to refuse a picture
        return 1
    return value if isinstance(value, int) else 1


def orientation_in(exif: bytes) -> int:
    """The same from a bare Exif block."""
    block = Image.Exif()
    try:
        block.load(exif)
        value = block.get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above
        return 1
    return value if isinstance(value, int) else 1
