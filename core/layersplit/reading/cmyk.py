"""CMYK and CIELAB to sRGB: the conversions that change values, each with its sentence."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

from layersplit.domain import CHANNELS, U8
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.reading.arrays import bands
from layersplit.reading.profile import MAX_PROFILE_BYTES

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION


def cmyk_to_srgb(image: Image.Image, icc: bytes | None) -> tuple[U8, str]:
    """(h, w, 4) opaque sRGB from a CMYK image, by its own profile if it has a CMYK one."""
    transform, name = _from_profile(icc)
    if transform is None:
        sentence = "The picture is in CMYK without a usable profile; its colours are approximate."
        return _converted(image, None), sentence
    return _converted(image, transform), f"The picture was converted from CMYK ({name}) to sRGB."


def lab_to_srgb(image: Image.Image) -> tuple[U8, str]:
    """(h, w, 4) opaque sRGB from a CIELAB image."""
    transform = _transform(ImageCms.createProfile("LAB"), "LAB")
    return _converted(image, transform), "The picture was converted from CIELAB to sRGB."


def _from_profile(icc: bytes | None) -> tuple[Any, str]:
    """The transform and the profile's name; None when there is no CMYK profile."""
    if not icc or len(icc) > MAX_PROFILE_BYTES or icc[16:20] != b"CMYK":
        return None, ""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        name = ImageCms.getProfileDescription(profile).strip()
        return _transform(profile, "CMYK"), name or "its profile"
    except (ImageCms.PyCMSError, OSError):
        return None, ""


def _transform(profile: Any, mode: str) -> Any:
    target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    return ImageCms.buildTransform(profile, target, mode, "RGB", _INTENT, _FLAGS)


def _converted(image: Image.Image, transform: Any) -> U8:
    image.load()
    width, height = image.size
    out = np.empty((height, width, CHANNELS), np.uint8)
    out[..., 3] = 255
    for rows in bands(height, width * CHANNELS):
        part = image.crop((0, rows.start, width, rows.stop))
        changed = part.convert("RGB") if transform is None else _applied(transform, part)
        out[rows, :, :3] = np.asarray(changed)
    return out


def _applied(transform: Any, part: Image.Image) -> Image.Image:
    changed = ImageCms.applyTransform(part, transform)
    if changed is None:  # only when it is asked to work in place
        raise ValueError("The conversion gave no picture")
    return changed
