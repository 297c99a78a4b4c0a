"""The picture as the splitter looks at it: colours without holes, Lab for distances that count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, U8, Mask

SOLID = 128
"""Document alpha from which a pixel belongs to something that can be seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """The picture's colours and where it is.

    ``rgb``: (h, w, 3) u8 sRGB, continued under transparent places. ``solid``: (h, w) where the
    picture is opaque enough to belong to an object.
    """

    rgb: U8
    solid: Mask

    @classmethod
    def of(cls, picture: U8) -> Scene:
        """From (h, w, 4) u8, straight alpha; colours under alpha 0 count as unknown."""
        alpha = picture[..., 3]
        rgb = np.ascontiguousarray(picture[..., :3])
        unknown = alpha < 8
        if unknown.any() and not unknown.all():
            filled = smooth_fill(rgb.astype(np.float32), unknown)
            rgb = np.rint(filled).astype(np.uint8)
        return cls(rgb=rgb, solid=alpha >= SOLID)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(self.rgb.shape[0] * self.rgb.shape[1])

    @cached_property
    def lab(self) -> F32:
        """(h, w, 3) f32 CIE Lab, L in 0..100."""
        return lab_of(self.rgb)

    def with_rgb(self, rgb: U8) -> Scene:
        """The same picture after something in it was painted over."""
        return Scene(rgb=rgb, solid=self.solid)

    def reduced(self, area_px: int) -> Scene:
        """At most about ``area_px`` pixels, by area averaging; itself when it is small enough."""
        if self.area <= area_px:
            return self
        scale = (area_px / self.area) ** 0.5
        size = (
            max(1, round(self.shape[1] * scale)),
            max(1, round(self.shape[0] * scale)),
        )
        solid = cv2.resize(self.solid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        rgb = cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA)
        return Scene(rgb=np.asarray(rgb, np.uint8), solid=np.asarray(solid > 0))


def lab_of(rgb: U8) -> F32:
    """(h, w, 3) f32 CIE Lab of u8 sRGB: distances of about 2 are just visible."""
    values = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(values, np.float32)
