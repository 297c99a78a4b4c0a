"""Interleaved channel values as a host sees them: bytes. Without numpy, which no host has.

Depths are those of messages.DEPTH_BYTES. Strided copies of ``array`` run at memory speed.
"""

from __future__ import annotations

from array import array

LANES = {"u8": "B", "u16": "H", "f16": "H", "f32": "I"}
"""The array type that holds one channel value, whatever it means."""
FULL = {"u8": b"\xff", "u16": b"\xff\xff", "f16": b"\x00\x3c", "f32": b"\x00\x00\x80\x3f"}
"""One channel value that means fully opaque, as it lies in memory."""


def grey_to_four(pixels: bytes, depth: str) -> bytes:
    """Grey and alpha as four channels: grey in all three colours."""
    both = array(LANES[depth], pixels)
    four = array(LANES[depth], bytes(2 * len(pixels)))
    for channel in range(3):
        four[channel::4] = both[0::2]
    four[3::4] = both[1::2]
    return four.tobytes()


def four_to_grey(pixels: bytes, depth: str) -> bytes:
    """Grey and alpha of four channels. Of three equal colours, one is taken."""
    four = array(LANES[depth], pixels)
    both = array(LANES[depth], bytes(len(pixels) // 2))
    both[0::2] = four[1::4]
    both[1::2] = four[3::4]
    return both.tobytes()


def with_order(pixels: bytes, depth: str, *, old: str, new: str) -> bytes:
    """Four channels in another order, ``rgba`` or ``bgra``."""
    if old == new:
        return pixels
    four = array(LANES[depth], pixels)
    four[0::4], four[2::4] = four[2::4], four[0::4]
    return four.tobytes()


def is_opaque(pixels: bytes, depth: str) -> bool:
    """Whether every alpha value of four-channel ``pixels`` is full."""
    full = FULL[depth]
    size = 4 * len(full)
    count = len(pixels) // size
    first = size - len(full)
    return all(
        pixels[first + index :: size].count(full[index : index + 1]) == count
        for index in range(len(full))
    )
