"""Krita's colour spaces, and how their pixels travel to the worker: four channels of one depth.

| document | travels as | exact |
|---|---|---|
| RGBA, any depth and profile | its own values | yes |
| GRAYA, any depth and profile | its own values, grey in all three colours | yes |
| everything else (CMYK, Lab, XYZ, YCbCr) | converted by Krita to sRGB | no, the user is told |

An empty profile name would mean a linear profile for more than 8 bits, so a name is always given.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple, Optional

from krita import InfoObject, Krita

from layersplit.bridge.messages import DEPTH_BYTES

SRGB = "sRGB-elle-V2-srgbtrc.icc"
SRGB_LINEAR = "sRGB-elle-V2-g10.icc"
PLAIN_SRGB = (SRGB, "sRGB built-in", "sRGB-elle-V4-srgbtrc.icc")
DEPTHS = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}


class Space(NamedTuple):
    """What Krita needs to name a colour space."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, owner: Any) -> "Space":
        """The space of a document or a node."""
        return cls(owner.colorModel(), owner.colorDepth(), owner.colorProfile())

    @property
    def travelling(self) -> "Space":
        """The space in which pixels are read and written; see the module's docstring."""
        if self.model in ("RGBA", "GRAYA"):
            return self
        return Space("RGBA", self.depth, SRGB)

    @property
    def is_grey(self) -> bool:
        """Whether there is one colour channel."""
        return self.model == "GRAYA"

    @property
    def order(self) -> str:
        """The order of the channels in the worker's files; grey is spread to three equal ones."""
        return "bgra" if self.model == "RGBA" and self.depth in ("U8", "U16") else "rgba"

    @property
    def word(self) -> str:
        """The depth as the worker calls it."""
        return DEPTHS[self.depth]

    @property
    def value_bytes(self) -> int:
        """Bytes of one channel value."""
        return DEPTH_BYTES[self.word]


def converted(
    pixels: bytes, width: int, height: int, *, owner: Any, old: Space, new: Space
) -> bytes:
    """Have Krita convert pixels; ``owner`` is any document, and stays as it is."""
    node = owner.createNode("conversion", "paintlayer")
    node.setColorSpace(*old)
    node.setPixelData(pixels, 0, 0, width, height)
    node.setColorSpace(*new)
    return bytes(node.pixelData(0, 0, width, height))


def profile_of(space: Space, folder: Path) -> Optional[bytes]:
    """The ICC profile with which the worker should read travelling values; None for sRGB.

    Krita does not hand out profiles, but it writes them into a PNG file. A grey profile would not
    fit three channels, so only its curve matters: a linear one or, near enough, that of sRGB.
    """
    name = space.profile
    if space.is_grey:
        name = SRGB_LINEAR if "g10" in name or "linear" in name.lower() else SRGB
    if name in PLAIN_SRGB:
        return None
    path = folder / "profile.png"
    document = Krita.instance().createDocument(1, 1, "profile", "RGBA", "U8", name, 72.0)
    try:
        document.setBatchmode(True)
        info = InfoObject()
        for key, value in (("alpha", True), ("saveSRGBProfile", True), ("forceSRGB", False)):
            info.setProperty(key, value)
        document.exportImage(str(path), info)
    finally:
        document.close()  # a document that is left open makes Krita crash when it ends
    try:
        return _profile_in_png(path.read_bytes())
    except (OSError, ValueError, zlib.error):
        return None


def _profile_in_png(png: bytes) -> bytes:
    """What the chunk iCCP holds: a name, a zero byte, the method, the deflated profile."""
    found = png.index(b"iCCP")
    (size,) = struct.unpack(">I", png[found - 4 : found])
    chunk = png[found + 4 : found + 4 + size]
    return zlib.decompress(chunk[chunk.index(b"\0") + 2 :])
