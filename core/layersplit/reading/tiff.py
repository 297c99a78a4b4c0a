"""TIFF: the first page, of any depth, layout and byte order, the values unchanged.

tifffile reads the structure. Strips and tiles in the byte-wise compressions are put together here
(see tiff_segments.py), because Pillow reduces deeper files to 8 bits, OpenCV multiplies by alpha
and knows no separate planes, and tifffile has no LZW. What is left over (JPEG inside, fax codes,
YCbCr, CIELAB) never has more than 8 bits and goes to Pillow.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import tifffile
from PIL import Image

from layersplit.domain import CHANNELS, U8, Pixels
from layersplit.errors import InputError
from layersplit.pixels.compositing import peak
from layersplit.reading import refusals
from layersplit.reading.arrays import bands, make_straight, rgba
from layersplit.reading.cmyk import cmyk_to_srgb, lab_to_srgb
from layersplit.reading.decoded import Decoded
from layersplit.reading.pillow import open_image, orientation_of, rgba8
from layersplit.reading.tiff_segments import COMPRESSIONS, Layout, assemble

# Its remarks on odd tags belong in the log, if there is one, and not on the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_COLOURS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_PREMULTIPLIED, _STRAIGHT = 1, 2
_ORIENTATION, _ICC = 274, 34675
_MAX_SAMPLES: Final = 64
_LOOK_AT: Final = 8
"""Pages that are looked at; a scan can have thousands."""

SEVERAL: Final = "The file has several pages; the first is used."
STRAIGHTENED: Final = "The file's colours were multiplied by alpha; they were divided by it again."
EXTRA: Final = (
    "The file has extra channels that are not marked as transparency; they were left out."
)


def decode_tiff(file: BinaryIO, path: Path) -> Decoded:
    """The first page that is no thumbnail, as u8, u16 or f32. Raises InputError."""
    with tifffile.TiffFile(file) as document:
        page, notes = _first_page(document)
        refusals.checked_extent(path, page.imagewidth, page.imagelength)
        layout = _layout(page, document.byteorder)
        if layout is None:
            return _by_pillow(file, path, page, notes)
        stored = assemble(file, layout)
        photometric, icc = int(page.photometric), _tag(page, _ICC)
        if photometric == _CMYK:
            inks = _eight_bits(stored[..., :4])
            image = Image.frombuffer("CMYK", inks.shape[1::-1], inks)
            pixels, note = cmyk_to_srgb(image, icc)
            return Decoded(pixels=pixels, orientation=_orientation(page), notes=(*notes, note))
        return Decoded(
            pixels=_rgba(stored, page, layout.bits, notes),
            icc=icc,
            grey=photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO),
            orientation=_orientation(page),
            notes=tuple(notes),
        )


def _first_page(document: tifffile.TiffFile) -> tuple[Any, list[str]]:
    """The first page that is no thumbnail, and a note if more pages follow."""
    pages = list(document.pages[:_LOOK_AT])
    whole = [page for page in pages if not getattr(page, "is_reduced", False)]
    several = len(whole) > 1 or len(pages) == _LOOK_AT
    return (whole or pages)[0], [SEVERAL] if several else []


def _rgba(stored: Any, page: Any, bits: int, notes: list[str]) -> Pixels:
    """(h, w, 4) straight from grey, palette or RGB samples; adds to ``notes``."""
    photometric = int(page.photometric)
    if photometric == _PALETTE:
        return _looked_up(stored[..., 0], np.asarray(page.colormap))
    known = _known_depth(stored, bits, notes)
    if photometric == _WHITE_IS_ZERO:
        known[..., 0] = known.dtype.type(peak(known.dtype)) - known[..., 0]
    alpha, premultiplied = _alpha(page, _COLOURS[photometric], notes)
    pixels = rgba(known, colours=_COLOURS[photometric], alpha=alpha)
    if premultiplied:
        make_straight(pixels)
        notes.append(STRAIGHTENED)
    return pixels


def _orientation(page: Any) -> int:
    value = _tag(page, _ORIENTATION)
    return value if isinstance(value, int) else 1


def _tag(page: Any, code: int) -> Any:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _layout(page: Any, byteorder: str) -> Layout | None:
    """What :func:`assemble` needs; None when the page is for Pillow."""
    if int(page.compression) not in COMPRESSIONS or int(page.photometric) not in _COLOURS:
        return None
    samples, bits = int(page.samplesperpixel), page.bitspersample
    kinds = {1: "u", 3: "f", 4: "u"}
    kind = kinds.get(int(page.sampleformat)) if isinstance(page.sampleformat, int) else None
    fits = bits in (1, 2, 4, 8, 16, 32) if kind == "u" else bits in (16, 32, 64)
    if kind is None or not fits or not _COLOURS[int(page.photometric)] <= samples <= _MAX_SAMPLES:
        return None
    if int(page.photometric) in (_PALETTE, _CMYK) and (kind == "f" or bits > 16):
        return None
    return Layout(
        width=page.imagewidth,
        height=page.imagelength,
        samples=samples,
        bits=bits,
        kind=kind,
        byteorder=byteorder,
        planar=int(page.planarconfig) == 2,
        tile=(page.tilelength, page.tilewidth) if page.is_tiled else None,
        rows_per_strip=page.rowsperstrip or page.imagelength,
        compression=int(page.compression),
        predictor=int(page.predictor),
        reversed_bits=int(page.fillorder) == 2,
        offsets=page.dataoffsets,
        counts=page.databytecounts,
    )


def _alpha(page: Any, colours: int, notes: list[str]) -> tuple[int | None, bool]:
    """The channel that is alpha, and whether the colours are multiplied by it."""
    meanings = [int(extra) for extra in page.extrasamples]
    if not meanings and page.samplesperpixel == colours + 1:
        return colours, False  # some programs leave the meaning out; alpha is what they mean
    for index, meaning in enumerate(meanings):
        if meaning in (_PREMULTIPLIED, _STRAIGHT):
            return colours + index, meaning == _PREMULTIPLIED
    if page.samplesperpixel > colours:
        notes.append(EXTRA)
    return None, False


def _known_depth(stored: Any, bits: int, notes: list[str]) -> Pixels:
    """u8, u16 or f32 from whatever is stored; fewer than 8 bits are spread over 0..255."""
    if bits < 8:
        spread: U8 = stored * np.uint8(255 // ((1 << bits) - 1))
        return spread
    if stored.dtype in (np.uint8, np.uint16, np.float32):
        known: Pixels = stored
        return known
    scale = 1.0 if stored.dtype.kind == "f" else 1 / (2**bits - 1)
    floats = np.empty(stored.shape, np.float32)
    for rows in bands(stored.shape[0], stored[:1].nbytes):
        floats[rows] = stored[rows] * scale
    notes.append(f"The file has {bits} bits a channel; they were converted to 32-bit float.")
    return floats


def _eight_bits(stored: Any) -> U8:
    """u8 from u8 or u16."""
    if stored.dtype == np.uint8:
        return np.ascontiguousarray(stored)
    return np.asarray(np.rint(stored / np.float32(257)), np.uint8)


def _looked_up(indices: Any, colormap: Any) -> U8:
    """(h, w, 4) from palette indices; ``colormap``: (3, n) u16, sometimes filled with u8 values."""
    entries = colormap.T if colormap.max(initial=0) <= 255 else colormap.T >> 8
    palette = np.full((max(entries.shape[0], int(indices.max()) + 1), CHANNELS), 255, np.uint8)
    palette[: entries.shape[0], :3] = entries
    looked_up: U8 = palette[indices]
    return looked_up


def _by_pillow(file: BinaryIO, path: Path, page: Any, notes: list[str]) -> Decoded:
    """The leftovers: at most 8 bits a channel."""
    if page.bitspersample not in (1, 8) or page.sampleformat != 1:
        raise refusals.unsupported(path, f"has {page.bitspersample} bits a channel in an odd form")
    file.seek(0)
    try:
        with open_image(file, path, ("TIFF",)) as image:
            icc = image.info.get("icc_profile")
            if image.mode in ("CMYK", "LAB"):
                convert = cmyk_to_srgb(image, icc) if image.mode == "CMYK" else lab_to_srgb(image)
                pixels, note = convert
                return Decoded(
                    pixels=pixels, orientation=orientation_of(image), notes=(*notes, note)
                )
            pixels, grey = rgba8(image), image.mode in ("1", "L", "LA")
            return Decoded(
                pixels=pixels,
                icc=icc,
                grey=grey,
                orientation=orientation_of(image),
                notes=tuple(notes),
            )
    except InputError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise refusals.unsupported(path, "is a TIFF of a rare kind, or damaged") from error
