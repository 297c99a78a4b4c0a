"""Which profile the document gets from what stands in the file.

An RGB profile that fits is kept byte for byte. A grey profile has only a tone curve: the same curve
in an RGB profile with sRGB's primaries means the same greys, so no value has to change. None means
sRGB.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
import numpy.typing as npt

from layersplit.pixels.matrix_profile import SRGB_PRIMARIES, matrix_profile, table_curve

MAX_PROFILE_BYTES: Final = 16 << 20
"""The largest profiles in use (with big tables) have 3 MB; more is an attack or a mistake."""

_HEADER_BYTES: Final = 128
_SAMPLES: Final = np.linspace(0.0, 1.0, 1024)
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
        tag = _tag(icc, b"kTRC")
        linear = _evaluate(tag)
    except (ValueError, struct.error):
        return None, (DAMAGED,)
    if icc[20:24] == b"Lab ":  # then the curve leads to lightness, not to luminance
        linear = _luminance(linear)
        tag = table_curve(linear)
    if np.abs(_srgb_encoded(linear) - _SAMPLES).max() < _ALIKE:
        return None, ()
    return matrix_profile(SRGB_PRIMARIES, tag, "Grey as RGB"), (SAME_GREYS,)


def _tag(icc: bytes, name: bytes) -> bytes:
    """The data of one tag; raises ValueError or struct.error when it is not there in full."""
    (count,) = struct.unpack_from(">I", icc, _HEADER_BYTES)
    for index in range(min(count, 256)):
        kind, offset, size = struct.unpack_from(">4sII", icc, _HEADER_BYTES + 4 + 12 * index)
        if kind == name:
            data = icc[offset : offset + size]
            if len(data) != size or size < 12:
                raise ValueError("The tag ends outside the profile")
            return data
    raise ValueError("The profile has no such tag")


def _evaluate(tag: bytes) -> npt.NDArray[np.float64]:
    """The tone curve at 1024 even steps; ICC.1:2022, 10.6 (curv) and 10.18 (para)."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return _SAMPLES.copy()
        values = np.frombuffer(tag, ">u2", count, 12)
        if count == 1:
            return np.asarray(_SAMPLES ** (float(values[0]) / 256))
        steps = np.linspace(0, 1, count)
        return np.asarray(np.interp(_SAMPLES, steps, values.astype(np.float64) / 65535))
    if tag[:4] != b"para":
        raise ValueError("The tone curve has an unknown form")
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind > 4:
        raise ValueError("The tone curve has an unknown form")
    found = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)
    return _parametric(kind, [value / 65536 for value in found])


def _parametric(kind: int, p: list[float]) -> npt.NDArray[np.float64]:
    """Y = (aX + b)^g + e from d on, cX + f below, in the five forms that the standard has."""
    g, a, b, c, d, e, f = *p, *[0.0] * (7 - len(p))
    x = _SAMPLES
    match kind:
        case 0:
            a, d = 1.0, 0.0
        case 1:
            c, d = 0.0, (-b / a if a else 0.0)
        case 2:
            e = f = c
            c, d = 0.0, (-b / a if a else 0.0)
        case _:
            pass  # all seven, or all but the offsets, are given
    with np.errstate(all="ignore"):  # hostile exponents; what comes out is checked
        linear = np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
    if not np.isfinite(linear).all():
        raise ValueError("The tone curve has no values")
    return np.clip(linear, 0, 1)


def _luminance(lightness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """CIE L*/100 to Y."""
    scaled = (lightness * 100 + 16) / 116
    return np.where(scaled > 6 / 29, scaled**3, 3 * (6 / 29) ** 2 * (scaled - 4 / 29))


def _srgb_encoded(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    safe = np.maximum(linear, 0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * safe ** (1 / 2.4) - 0.055)
