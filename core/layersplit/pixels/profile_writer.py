"""ICC profiles of the plain kind: three primaries, a white, one tone curve for all channels.

Needed where a picture says what its values mean in another way than with an RGB profile (a grey
profile, PNG's gAMA and cHRM), and for sRGB itself, so that the same file always has the same bytes.

Source: ICC.1:2022 (profile version 4.4), sections 7.2 (header), 8.3.3 (three-component matrix
profiles), 10.6 curveType, 10.18 parametricCurveType; Bradford's matrix from its annex E.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from layersplit.domain import F32

_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
SRGB_CURVE_PARAMETERS: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""g, a, b, c, d of Y = (aX + b)^g for X >= d, else cX (IEC 61966-2-1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Primaries:
    """CIE 1931 x, y of white, red, green and blue."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]

    def is_close_to(self, other: Primaries, tolerance: float = 0.002) -> bool:
        """Whether every coordinate is within ``tolerance``: files round them differently."""
        return bool(np.allclose(self.points, other.points, rtol=0, atol=tolerance))

    @property
    def points(self) -> list[tuple[float, float]]:
        """White, red, green, blue."""
        return [self.white, self.red, self.green, self.blue]


SRGB_PRIMARIES: Final = Primaries(
    white=(0.3127, 0.3290), red=(0.64, 0.33), green=(0.30, 0.60), blue=(0.15, 0.06)
)


def srgb_curve() -> bytes:
    """The tag data of sRGB's tone curve."""
    return _parametric(3, SRGB_CURVE_PARAMETERS)


def gamma_curve(exponent: float) -> bytes:
    """The tag data of linear = value ** exponent."""
    return _parametric(0, (exponent,))


def table_curve(values: F32 | npt.NDArray[np.float64]) -> bytes:
    """The tag data of a sampled curve; ``values``: at least 2, linear light 0..1."""
    table: npt.NDArray[np.uint16] = np.rint(np.clip(values, 0, 1) * 65535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", table.size) + table.tobytes()


def srgb_profile() -> bytes:
    """A complete sRGB profile, always the same bytes."""
    return rgb_profile(SRGB_PRIMARIES, srgb_curve(), "sRGB")


def rgb_profile(primaries: Primaries, curve: bytes, name: str) -> bytes:
    """A display profile for RGB values; ``curve`` is tag data, such as another profile's.

    Raises ValueError when the primaries span no colour space.
    """
    adapt, columns = _colorants(primaries)
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(_D50),
        b"chad": b"sf32" + bytes(4) + b"".join(_fixed(value) for value in adapt.ravel()),
        b"rXYZ": _xyz(columns[:, 0]),
        b"gXYZ": _xyz(columns[:, 1]),
        b"bXYZ": _xyz(columns[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _assemble(tags)


def _colorants(primaries: Primaries) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The adaptation to D50, and the adapted XYZ of the three primaries as columns."""
    if min(y for _, y in primaries.points) <= 0:
        raise ValueError("A primary with y = 0 has no luminance")
    white = _to_xyz(primaries.white)
    unscaled = np.column_stack(
        [_to_xyz(primaries.red), _to_xyz(primaries.green), _to_xyz(primaries.blue)]
    )
    if abs(np.linalg.det(unscaled)) < 1e-6:
        raise ValueError("The primaries lie on one line")
    cone = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ white)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(cone) @ _BRADFORD
    return adapt, adapt @ (unscaled * np.linalg.solve(unscaled, white))


def _to_xyz(point: tuple[float, float]) -> npt.NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _assemble(tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table and tag data; equal data is stored once."""
    offset = 128 + 4 + 12 * len(tags)
    table, body, placed = [], b"", dict[bytes, int]()
    for name, data in tags.items():
        if data not in placed:
            placed[data] = offset + len(body)
            body += data + bytes(-len(data) % 4)
        table.append(name + struct.pack(">II", placed[data], len(data)))
    header = struct.pack(
        ">I4sI4s4s4s", offset + len(body), bytes(4), 0x04400000, b"mntr", b"RGB ", b"XYZ "
    )
    header += struct.pack(">6H", 2025, 1, 1, 0, 0, 0)  # a fixed date: the same bytes every time
    header += b"acsp" + bytes(28) + b"".join(_fixed(value) for value in _D50)
    header += bytes(128 - len(header))
    return header + struct.pack(">I", len(tags)) + b"".join(table) + body


def _parametric(kind: int, parameters: tuple[float, ...]) -> bytes:
    return b"para" + struct.pack(">IHH", 0, kind, 0) + b"".join(map(_fixed, parameters))


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(data), 28) + data


def _xyz(values: npt.NDArray[np.float64] | tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(float(value)) for value in values)


def _fixed(value: float) -> bytes:
    """S15Fixed16: 16 bits after the point."""
    return struct.pack(">i", round(value * 65536))
