"""A picture file into a Picture."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from layersplit.domain import Picture
from layersplit.errors import LayersplitError
from layersplit.reading import refusals
from layersplit.reading.arrays import finite, upright
from layersplit.reading.decoded import Decoded
from layersplit.reading.profile import document_profile
from layersplit.reading.source import Kind, kind_of, opened


def read_picture(path: Path) -> Picture:
    """Read the first picture in a PNG, JPEG, WebP, TIFF, GIF or BMP file.

    Returns (h, w, 4) u8, u16 or f32 by the depth of the file, upright, straight alpha, with the
    values of the file; ``icc`` is its RGB profile, byte for byte, or None for sRGB. Conversions
    are in ``notes``. Raises InputError for whatever is wrong with the file, before allocating
    anything where the header shows it, and SetupError when memory does not suffice.
    """
    with opened(path) as file:
        kind = kind_of(file, path)
        try:
            decoded = _decode(kind, file, path)
        except LayersplitError:
            raise
        except MemoryError as error:
            raise refusals.too_little_memory(path) from error
        except Exception as error:  # three libraries, and no list of what they raise
            raise refusals.damaged(path) from error
    icc, profile_notes = document_profile(decoded.icc, grey=decoded.grey)
    pixels, float_notes = finite(upright(decoded.pixels, decoded.orientation))
    return Picture(
        pixels=pixels,
        icc=icc,
        title=path.stem or "Picture",
        notes=(*decoded.notes, *profile_notes, *float_notes),
    )


def _decode(kind: Kind, file: BinaryIO, path: Path) -> Decoded:
    """Each decoder is imported when a file needs it: a host's raw pixels need none."""
    match kind:
        case Kind.PNG:
            from layersplit.reading.png import decode_png  # noqa: PLC0415

            return decode_png(file, path)
        case Kind.TIFF:
            from layersplit.reading.tiff import decode_tiff  # noqa: PLC0415

            return decode_tiff(file, path)
        case Kind.JPEG | Kind.WEBP | Kind.GIF | Kind.BMP:
            from layersplit.reading.plain import decode_plain  # noqa: PLC0415

            return decode_plain(kind, file, path)
