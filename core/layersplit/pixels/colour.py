"""Between the document's colour values and the sRGB that models speak.

The document is never converted. What a model sees is a reduced copy in sRGB; what it invents comes
back into the document's own values. Profiles of curves and a matrix go through floating point
(profile.py), others through LittleCMS at 8 bits.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageCms

from layersplit.domain import F32, U8, Picture
from layersplit.pixels.profile import MatrixProfile, matrix_profile
from layersplit.pixels.reduction import reduced, reduced_extent, reduced_opaque8

SAME: Final = 1.0 / 255
"""A profile that moves no colour further than this is sRGB. The sRGB of LittleCMS and of many
cameras differs from the standard's matrix by 0.64 levels in pure cyan."""


def reduced_srgb(picture: Picture, area_px: int) -> U8:
    """The picture for a model: averaged down to at most ``area_px`` pixels, never enlarged.

    Returns (h, w, 4) u8 sRGB, straight alpha; where alpha is 0 the colour is 0.
    """
    extent, colours = reduced_extent(picture.extent, area_px), document_colours(picture.icc)
    if colours.profile is None and (quick := reduced_opaque8(picture.pixels, extent)) is not None:
        return quick
    small = reduced(picture.pixels, extent)
    small[..., :3] = colours.to_srgb(small[..., :3])
    small = np.clip(small, 0, 1)
    small[small[..., 3] < 0.5 / 255] = 0
    return np.rint(small * 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class DocumentColours:
    """Conversion of colours between one document and sRGB; arrays are (..., 3) f32, nominally 0..1.

    ``profile``: curves and matrix, the bytes of another kind of RGB profile, or None for sRGB.
    """

    profile: MatrixProfile | bytes | None

    def to_srgb(self, values: F32) -> F32:
        """Document values to sRGB, clipped to 0..1 unless the document is sRGB already."""
        match self.profile:
            case None:
                return values
            case MatrixProfile():
                return self.profile.to_srgb(values)
            case bytes():
                return _through_littlecms(values, self.profile, forward=True)

    def from_srgb(self, values: F32) -> F32:
        """Convert sRGB values, 0..1, to the document's, clipped to its gamut."""
        match self.profile:
            case None:
                return values
            case MatrixProfile():
                return self.profile.from_srgb(values)
            case bytes():
                return _through_littlecms(values, self.profile, forward=False)


def document_colours(icc: bytes | None) -> DocumentColours:
    """The conversion for a document with this profile; None, or a damaged one, means sRGB."""
    if icc is None:
        return DocumentColours(None)
    profile: MatrixProfile | bytes | None = matrix_profile(icc)
    if profile is None and _is_usable(icc):
        profile = icc
    colours = DocumentColours(profile)
    probe = np.stack(np.meshgrid(*[np.linspace(0, 1, 9, dtype=np.float32)] * 3), axis=-1)
    if np.abs(colours.to_srgb(probe) - probe).max() < SAME:
        return DocumentColours(None)
    return colours


def _is_usable(icc: bytes) -> bool:
    """Whether LittleCMS can convert RGB with this profile."""
    try:
        _through_littlecms(np.zeros((1, 1, 3), np.float32), icc, forward=True)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    return True


def _through_littlecms(values: F32, icc: bytes, *, forward: bool) -> F32:
    """Convert (h, w, 3), or (..., 3) folded to it, at 8 bits a channel."""
    ours, theirs = ImageCms.createProfile("sRGB"), ImageCms.getOpenProfile(io.BytesIO(icc))
    source, target = (theirs, ours) if forward else (ours, theirs)
    transform = ImageCms.buildTransform(
        source, target, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    folded = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8).reshape(-1, values.shape[-2], 3)
    converted = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(folded)), transform)
    if converted is None:
        raise ValueError("LittleCMS converted nothing")
    return (np.asarray(converted, np.float32) / np.float32(255)).reshape(values.shape)
