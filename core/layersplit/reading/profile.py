"""Which profile the document gets from what stands in the file.

An RGB profile that fits is kept byte for byte. A grey profile has only a tone curve: the same curve
in an RGB profile with sRGB's primaries means the same greys, so no value has to change. None means
sRGB.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from layersplit.domain import F32
from layersplit.pixels.profile import profile_tags, srgb_encoded, tone_curve
from layersplit.pixels.profile_writer import SRGB_PRIMARIES, rgb_profile, table_curve

MAX_PROFILE_BYTES: Final = 16 << 20
"""The largest profiles in use (with big tables) have 3 MB; more is an attack or a mistake."""

_HEADER_BYTES: Final = 128
_SAMPLES: Final = np.linspace(0, 1, 1024, dtype=np.float32)
_ALIKE: Final = 0.5 / 255
"""Curves that differ by less than this, on the scale of sRGB's values, show the same greys."""

DAMAGED: Final = "The colour profile in the file is damaged and was left out; sRGB is assumed."
MISFIT: Final = "The colour profile in the file does not fit its pixels; sRGB is assumed."
SAME_GREYS: Final = (
    "The grey profile became an RGB profile with the same tone curve; no value changed."
)


def document_profile(icc: bytes | None, *, grey: bool) -> tuple[bytes | None, tuple[str, ...]]:
    """The RGB profile of the pixels (None: sRGB) and sentences about what was done.

    ``grey``: the pixels are grey, R = G = B.
    """
    if not icc:
        return None, ()
    if not _HEADER_BYTES + 4 <= len(icc) <= MAX_PROFILE_BYTES or icc[36:40] != b"acsp":
        return None, (DAMAGED,)
    space = icc[16:20]
    if space == b"RGB ":
        return icc, ()
    if space == b"GRAY" and grey:
        return _from_grey(icc)
    return None, (MISFIT,)


def _from_grey(icc: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    try:
        tag = profile_tags(icc)[b"kTRC"]
        with np.errstate(all="ignore"):  # hostile exponents; what comes out is checked
            linear = tone_curve(tag)(_SAMPLES)
    except (ValueError, KeyError, struct.error, ZeroDivisionError):
        return None, (DAMAGED,)
    if not np.isfinite(linear).all():
        return None, (DAMAGED,)
    linear = np.clip(linear, 0, 1)
    if icc[20:24] == b"Lab ":  # then the curve leads to lightness, not to luminance
        linear = _luminance(linear)
        tag = table_curve(linear)
    if np.abs(srgb_encoded(linear) - _SAMPLES).max() < _ALIKE:
        return None, ()
    return rgb_profile(SRGB_PRIMARIES, tag, "Grey as RGB"), (SAME_GREYS,)


def _luminance(lightness: F32) -> F32:
    """CIE L*/100 to Y."""
    scaled = (lightness * 100 + 16) / 116
    linear = np.where(scaled > 6 / 29, scaled**3, 3 * (6 / 29) ** 2 * (scaled - 4 / 29))
    return linear.astype(np.float32)
