"""Which samples a file gets: integers as they are, floats as 16 bits."""

from __future__ import annotations

from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from layersplit.domain import CHANNELS, Pixels

Samples: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

FLOATS_NOTE: Final = (
    "The document has 32 bits a channel; the file holds 16, and values outside 0 to 1 are clipped."
)


def sample_bytes(pixels: Pixels) -> int:
    """Bytes of one sample in the file: 1 or 2."""
    return 1 if pixels.dtype == np.uint8 else 2


def raw_bytes(pixels: Pixels) -> int:
    """Bytes of all samples in the file, not packed."""
    height, width = pixels.shape[:2]
    return int(height * width * CHANNELS * sample_bytes(pixels))


def samples(pixels: Pixels) -> Samples:
    """A part of a layer as the file holds it: u8 or u16 unchanged, f32 rounded to u16."""
    if pixels.dtype != np.float32:
        return cast("Samples", pixels)
    scaled = np.clip(pixels.astype(np.float32), 0, 1) * np.float32(65535)
    return cast("Samples", np.rint(scaled).astype(np.uint16))


def big_endian(values: Samples) -> npt.NDArray[np.uint8]:
    """The bytes of ``values`` (h, ...) as PNG and PSD hold them, one line a row."""
    ordered = values if values.dtype == np.uint8 else values.astype(">u2")
    return np.ascontiguousarray(ordered).reshape(values.shape[0], -1).view(np.uint8)
