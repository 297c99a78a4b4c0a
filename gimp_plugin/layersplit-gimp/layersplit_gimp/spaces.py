"""GIMP's pixel formats, and how their values travel to the worker: four channels of one depth.

Values travel as the document holds them: non-linear, linear or perceptual, in the document's own
colour space. The layers are composited in exactly that space (see :attr:`Space.compositing`), so
what the worker computes with these values is what GIMP shows. A bare format name would mean sRGB,
and babl would convert both ways; so the space is always taken from a layer's own format.

| document | travels as | exact |
|---|---|---|
| RGB, 8 and 16 bits, half and float | its own values | yes (float: 1e-6) |
| grey, the same depths | its own values, grey in all three colours | yes |
| 32-bit integers, doubles | float | within 1e-6 |
| indexed | RGB, which the document becomes | yes |
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Babl", "0.1")
from gi.repository import Babl, Gimp  # noqa: E402 - the versions come first

from layersplit.bridge.messages import DEPTH_BYTES  # noqa: E402 - as above

MODELS = {
    "rgb": {"non-linear": "R'G'B'A", "linear": "RGBA", "perceptual": "R~G~B~A"},
    "grey": {"non-linear": "Y'A", "linear": "YA", "perceptual": "Y~A"},
}
DEPTHS = {"u8": "u8", "u16": "u16", "half": "f16"}
BABL_DEPTHS = {"u8": "u8", "u16": "u16", "f16": "half", "f32": "float"}


class Space(NamedTuple):
    """How the pixels of an image travel. ``curve``: non-linear, linear or perceptual."""

    model: str
    curve: str
    depth: str

    @classmethod
    def of(cls, image: Any) -> "Space":
        """That of ``image``; an indexed one counts as the RGB that it will become."""
        depth, _, curve = image.get_precision().value_nick.partition("-")
        is_grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
        return cls("grey" if is_grey else "rgb", curve, DEPTHS.get(depth, "f32"))

    @property
    def is_grey(self) -> bool:
        """Whether there is one colour channel."""
        return self.model == "grey"

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel in GIMP's buffers."""
        return DEPTH_BYTES[self.depth] * (2 if self.is_grey else 4)

    @property
    def layer_type(self) -> Any:
        """The type of new layers."""
        return Gimp.ImageType.GRAYA_IMAGE if self.is_grey else Gimp.ImageType.RGBA_IMAGE

    @property
    def compositing(self) -> Any:
        """The space in which layers must be composited, so that the values are left alone."""
        return {
            "non-linear": Gimp.LayerColorSpace.RGB_NON_LINEAR,
            "linear": Gimp.LayerColorSpace.RGB_LINEAR,
            "perceptual": Gimp.LayerColorSpace.RGB_PERCEPTUAL,
        }[self.curve]

    def format_for(self, drawable: Any) -> str:
        """The name of the pixel format, in the colour space of ``drawable``."""
        bare = "%s %s" % (MODELS[self.model][self.curve], BABL_DEPTHS[self.depth])
        return str(Babl.get_name(Babl.format_with_space(bare, drawable.get_format())))


def profile_of(image: Any, space: Space) -> Optional[bytes]:
    """The ICC profile with which the worker should read travelling values; None for sRGB.

    A grey profile would not fit three channels, so only its curve matters. Perceptual values carry
    the curve of sRGB whatever the profile says.
    """
    if space.is_grey:
        linear = Gimp.ColorProfile.new_rgb_srgb_linear() if space.curve == "linear" else None
        return None if linear is None else bytes(linear.get_icc_profile())
    profile = image.get_effective_color_profile()
    if space.curve == "perceptual":
        profile = Gimp.ColorProfile.new_srgb_trc_from_color_profile(profile) or profile
    if profile.is_equal(Gimp.ColorProfile.new_rgb_srgb()):
        return None
    return bytes(profile.get_icc_profile())
