"""The fast guided filter in colour: alpha as a locally linear function of the picture.

He and Sun, "Fast Guided Filter", arXiv 1505.00996: the linear coefficients are fitted on the small
raster, interpolated, and applied to the full-size picture. Good for soft alpha (shadows, glass,
glow), where the picture's own shading says how alpha goes on between the small pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from layersplit.domain import F32

RADIUS_PX = 2
REGULARISATION = np.float32(1e-4)
"""1e-5 is unstable on flat colour."""


def box_mean(values: F32, radius_px: int) -> F32:
    """Mean over the square window of ``2 * radius_px + 1`` pixels; (h, w) or (h, w, 2..4)."""
    side = 2 * radius_px + 1
    return np.asarray(
        cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32
    ).reshape(values.shape)


@dataclass(frozen=True, eq=False)
class Guide:
    """A small picture, prepared for many fits."""

    picture: F32
    means: F32
    inverse: tuple[tuple[F32, F32, F32], tuple[F32, F32, F32], tuple[F32, F32, F32]]
    """Inverse of the regularised 3 x 3 covariance of the colours in each window."""

    def fit(self, target: F32) -> F32:
        """Coefficients (h, w, 4): three gains and an offset that predict ``target`` (h, w)."""
        mean = box_mean(target, RADIUS_PX)
        shared = [
            box_mean(self.picture[..., i] * target, RADIUS_PX) - self.means[..., i] * mean
            for i in range(3)
        ]
        gains = [sum(row[i] * shared[i] for i in range(3)) for row in self.inverse]
        offset = mean - sum(gains[i] * self.means[..., i] for i in range(3))
        return box_mean(np.dstack([*gains, offset]).astype(np.float32), RADIUS_PX)


def guide(picture: F32) -> Guide:
    """Prepare ``picture`` (h, w, 3) f32."""
    means = box_mean(picture, RADIUS_PX)

    def covariance(i: int, j: int) -> F32:
        product = np.ascontiguousarray(picture[..., i] * picture[..., j])
        raw = box_mean(product, RADIUS_PX) - means[..., i] * means[..., j]
        return raw + REGULARISATION if i == j else raw

    rr, rg, rb = covariance(0, 0), covariance(0, 1), covariance(0, 2)
    gg, gb, bb = covariance(1, 1), covariance(1, 2), covariance(2, 2)
    a, b, c = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    d, e, f = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = np.maximum(rr * a + rg * b + rb * c, np.float32(1e-20))
    a, b, c, d, e, f = (minor / determinant for minor in (a, b, c, d, e, f))
    return Guide(picture=picture, means=means, inverse=((a, b, c), (b, d, e), (c, e, f)))


def predict(coefficients: F32, colours: F32) -> F32:
    """Apply coefficients (n, 4) to colours (n, 3), clipped to 0..1."""
    raw = np.einsum("ni,ni->n", coefficients[:, :3], colours) + coefficients[:, 3]
    return np.asarray(np.clip(raw, 0, 1), np.float32)
