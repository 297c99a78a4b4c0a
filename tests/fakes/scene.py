"""What the servers answer: layers computed from the picture that they got, to be judged.

The model's behaviour is imitated in size only: an area of about 640 x 640, sides in multiples of
32, straight alpha, bottom first. Composited, the layers are the picture that was sent.
"""

from __future__ import annotations

import io
import struct
import zlib
from itertools import pairwise

import numpy as np
from PIL import Image


def decoded(content: bytes) -> np.ndarray:
    """Any picture file as (h, w, 4) u8."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def model_size(width: int, height: int, side: int = 64) -> tuple[int, int]:
    """About ``side`` squared, sides in multiples of 32; small here, so that tests are fast."""
    scale = (side * side / (width * height)) ** 0.5
    return tuple(max(32, round(value * scale / 32) * 32) for value in (width, height))


def layers_of(picture: np.ndarray, count: int, side: int = 64) -> list[np.ndarray]:
    """``count`` layers, (h, w, 4) u8, bottom first: a ground and columns in front of it.

    The ground is opaque, with the mean colour where something stands before it; each column is
    opaque in its place and clear elsewhere.
    """
    image = Image.fromarray(picture).resize(model_size(picture.shape[1], picture.shape[0], side))
    small = np.array(image)
    small[..., 3] = 255
    width = small.shape[1]
    edges = np.linspace(width * 0.1, width * 0.9, count).astype(int)
    ground = small.copy()
    layers = [ground]
    for left, right in pairwise(edges):
        layer = np.zeros_like(small)
        layer[4:-4, left:right] = small[4:-4, left:right]
        ground[4:-4, left:right, :3] = small[..., :3].mean(axis=(0, 1)).astype(np.uint8)
        layers.append(layer)
    return layers


def composite(layers: list[np.ndarray]) -> np.ndarray:
    """Opaque or clear layers over each other: (h, w, 3) u8."""
    result = np.zeros((*layers[0].shape[:2], 3), np.uint8)
    for layer in layers:
        solid = layer[..., 3] >= 128
        result[solid] = layer[..., :3][solid]
    return result


def png(pixels: np.ndarray, kind: str = "png") -> bytes:
    """As a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **({"compress_level": 1} if kind == "png" else {}))
    return buffer.getvalue()


def bomb(side: int) -> bytes:
    """A file of a few bytes that claims to be ``side`` squared: only its header is changed."""
    small = bytearray(png(np.zeros((1, 1, 4), np.uint8)))
    small[16:24] = struct.pack(">II", side, side)
    small[29:33] = struct.pack(">I", zlib.crc32(small[12:29]))
    return bytes(small)
