"""JPEG, WebP, GIF and BMP: what Pillow reads exactly."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from layersplit.reading.cmyk import cmyk_to_srgb
from layersplit.reading.decoded import Decoded
from layersplit.reading.pillow import open_image, orientation_of, rgba8
from layersplit.reading.source import Kind

FIRST_FRAME = "The picture is animated; its first frame is used."


def decode_plain(kind: Kind, file: BinaryIO, path: Path) -> Decoded:
    """The first frame as u8; CMYK and YCCK are converted to sRGB."""
    with open_image(file, path, (kind.value,)) as image:
        notes = (FIRST_FRAME,) if _is_animated(image) else ()
        icc = image.info.get("icc_profile")
        if image.mode == "CMYK":
            pixels, note = cmyk_to_srgb(image, icc)
            return Decoded(pixels=pixels, orientation=orientation_of(image), notes=(*notes, note))
        grey = image.mode in ("1", "L", "LA")
        return Decoded(
            pixels=rgba8(image),
            icc=icc,
            grey=grey,
            orientation=orientation_of(image),
            notes=notes,
        )


def _is_animated(image: object) -> bool:
    """A JPEG with a preview or a depth map beside it (MPO) has frames too, but does not move."""
    moves = getattr(image, "format", "") != "MPO" and getattr(image, "is_animated", False)
    return bool(moves)
