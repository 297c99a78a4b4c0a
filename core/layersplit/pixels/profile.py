"""RGB profiles made of three curves and a matrix, read and applied in floating point.

LittleCMS through Pillow is limited to 8 bits a channel, which would band the shadows of linear
documents. Nearly every RGB working space (sRGB, Display P3, Adobe RGB, ProPhoto, the linear ones of
Krita and GIMP) is three tone curves and three primaries, so those are computed here. Formats:
ICC.1:2022, sections 7.2 (header), 9.2 (tags), 10.6 (curveType), 10.18 (parametricCurveType), 10.31
(XYZType).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from layersplit.domain import F32

Curve: TypeAlias = Callable[[F32], F32]

SRGB_TO_XYZ: Final = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ],
    np.float32,
)
"""Linear sRGB to XYZ at D50, the profile connection space (IEC 61966-2-1, Bradford-adapted)."""

LUT_TAGS: Final = (b"A2B0", b"A2B1", b"B2A0", b"B2A1", b"D2B0", b"D2B1")
"""Profiles with one of these mean more than curves and a matrix."""
INVERSE_SAMPLES: Final = 1 << 16


@dataclass(frozen=True, eq=False)
class MatrixProfile:
    """Tone curves of R, G, B (channel value -> linear, both 0..1) and the matrix to XYZ at D50."""

    curves: tuple[Curve, Curve, Curve]
    to_xyz: F32

    def to_srgb(self, values: F32) -> F32:
        """Document values (..., 3) to sRGB values; both are clipped to 0..1."""
        linear = _each(self.curves, np.clip(values, 0, 1))
        mixed = linear @ (np.linalg.inv(SRGB_TO_XYZ) @ self.to_xyz).T.astype(np.float32)
        return srgb_encoded(np.clip(mixed, 0, 1))

    def from_srgb(self, values: F32) -> F32:
        """Document values of sRGB values (..., 3), 0..1; what does not fit is clipped to 0..1."""
        linear = srgb_decoded(np.clip(values, 0, 1))
        mixed = linear @ (np.linalg.inv(self.to_xyz) @ SRGB_TO_XYZ).T.astype(np.float32)
        return _each(tuple(_inverse(curve) for curve in self.curves), np.clip(mixed, 0, 1))


def matrix_profile(icc: bytes) -> MatrixProfile | None:
    """Read a profile; None when it is not curves and a matrix, or is damaged."""
    try:
        if icc[16:20] != b"RGB " or icc[20:24] != b"XYZ ":
            return None
        tags = profile_tags(icc)
        if any(name in tags for name in LUT_TAGS):
            return None
        red, green, blue = (tone_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    except (KeyError, struct.error, ValueError, IndexError, ZeroDivisionError):
        return None
    matrix = np.array(columns, np.float32).T
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-6:
        return None
    return MatrixProfile(curves=(red, green, blue), to_xyz=matrix)


def srgb_decoded(values: F32) -> F32:
    """Linear light of sRGB values 0..1 (IEC 61966-2-1)."""
    low = values / np.float32(12.92)
    high = ((values + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(values <= np.float32(0.04045), low, high).astype(np.float32)


def srgb_encoded(linear: F32) -> F32:
    """Linear light 0..1 to sRGB values (IEC 61966-2-1)."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= np.float32(0.0031308), low, high).astype(np.float32)


def profile_tags(icc: bytes) -> dict[bytes, bytes]:
    """The data of every tag by its signature; raises struct.error or ValueError for no profile."""
    (count,) = struct.unpack_from(">I", icc, 128)
    if count > 1000:
        raise ValueError("Too many tags")
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count)]
    return {name: icc[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> tuple[float, float, float]:
    x, y, z = struct.unpack_from(">3i", tag, 8)
    return (x / 65536, y / 65536, z / 65536)


def tone_curve(tag: bytes) -> Curve:
    """Channel value to linear light, both 0..1, from the data of a TRC tag.

    Raises ValueError, KeyError, struct.error or ZeroDivisionError when it is none.
    """
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("Unknown kind of curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda values: values
    if count == 1:
        (fixed,) = struct.unpack_from(">H", tag, 12)
        gamma = np.float32(fixed / 256)
        return lambda values: np.asarray(values**gamma, np.float32)
    table = np.frombuffer(tag, ">u2", count, 12).astype(np.float32) / np.float32(65535)
    places = np.linspace(0, 1, count, dtype=np.float32)
    return lambda values: np.asarray(np.interp(values, places, table), np.float32)


def _parametric(tag: bytes) -> Curve:
    """The five function types of ICC.1:2022, table 68."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}[kind]
    given = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    gamma, a, b, c, d, e, f = (given + [0.0] * 7)[:7]
    match kind:
        case 0:
            a, b, c, d, e, f = 1.0, 0.0, 0.0, -1.0, 0.0, 0.0
        case 1:
            c, d, e, f = 0.0, -b / a, 0.0, 0.0
        case 2:
            c, d, e, f = 0.0, -b / a, c, c
        case 3:
            e, f = 0.0, 0.0
        case _:
            pass

    def apply(values: F32) -> F32:
        power = np.maximum(a * values + b, 0) ** gamma + e
        return np.asarray(np.where(values >= d, power, c * values + f), np.float32)

    return apply


def _inverse(curve: Curve) -> Curve:
    """The inverse of a rising curve, by look-up."""
    places = np.linspace(0, 1, INVERSE_SAMPLES, dtype=np.float32)
    levels = np.maximum.accumulate(curve(places))
    return lambda values: np.asarray(np.interp(values, levels, places), np.float32)


def _each(curves: tuple[Curve, ...], values: F32) -> F32:
    return np.stack([curve(values[..., i]) for i, curve in enumerate(curves)], axis=-1)
