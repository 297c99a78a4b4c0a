"""The small raster on which a provider's evidence lives, laid over the document.

Grid pixel (i, j) and document pixel (x, y) are squares that tile the same rectangle, so centres map
by ``i + 1/2 = (x + 1/2) * width / document width``. Enlarging always uses these absolute
coordinates: neighbouring tiles meet without a seam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from layersplit.domain import F32, Bounds, Extent


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """``extent`` small pixels over ``document`` large ones; never more small than large."""

    document: Extent
    extent: Extent

    @property
    def scale(self) -> float:
        """Document pixels along the side of one small pixel, on average over both directions."""
        return math.sqrt(self.document.area / self.extent.area)

    @property
    def step(self) -> tuple[float, float]:
        """Small pixels per document pixel, horizontally and vertically."""
        return (
            self.extent.width / self.document.width,
            self.extent.height / self.document.height,
        )

    def enlarged(self, values: F32, corner: tuple[int, int], part: Bounds, *, cubic: bool) -> F32:
        """Interpolate ``values`` (h, w) or (h, w, c) at the document pixels of ``part``.

        ``corner``: the small pixel (x, y) at which ``values`` begins. Beyond its edge the border
        value goes on.
        """
        step_x, step_y = self.step
        to_small = np.array(
            [
                [step_x, 0.0, (part.x + 0.5) * step_x - 0.5 - corner[0]],
                [0.0, step_y, (part.y + 0.5) * step_y - 0.5 - corner[1]],
            ]
        )
        interpolation = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
        warped = cv2.warpAffine(
            values,
            to_small,
            (part.width, part.height),
            flags=interpolation | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(warped, np.float32).reshape(part.height, part.width, *values.shape[2:])

    def outer(self, small: Bounds) -> Bounds:
        """The document pixels that the small pixels of ``small`` touch."""
        step_x, step_y = self.step
        x, y = math.floor(small.x / step_x), math.floor(small.y / step_y)
        right, bottom = math.ceil(small.right / step_x), math.ceil(small.bottom / step_y)
        whole = Bounds(x=x, y=y, width=right - x, height=bottom - y)
        return whole.intersection(self.document.bounds)

    def under(self, part: Bounds, margin_px: int) -> Bounds:
        """The small pixels that the document pixels of ``part`` touch, and ``margin_px`` more."""
        step_x, step_y = self.step
        x, y = math.floor(part.x * step_x), math.floor(part.y * step_y)
        right, bottom = math.ceil(part.right * step_x), math.ceil(part.bottom * step_y)
        touched = Bounds(x=x, y=y, width=right - x, height=bottom - y)
        return touched.padded(margin_px).intersection(self.extent.bounds)
