"""A soft shadow on an even ground: a black layer whose alpha says how much light is missing.

The ground far from all things, or along the border, tells what it looks like without shadow (one
colour, a gradient). Where it is darker than that by the same share in every channel, beside the
things that stand on it, light is missing: picture = ground (1 - alpha). Lighter places, another
tint, or darkness that has no thing beside it are a drawing on the ground and stay there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from layersplit.classic.gradient import averaged, fitted_gradient
from layersplit.classic.ground import Ground
from layersplit.classic.masks import grown
from layersplit.classic.scene import Scene
from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask

RING: Final = 0.03
"""Width of the border that shows the ground, as a share of the shorter side."""
REACH: Final = 0.08
"""How far a usual shadow reaches from its thing, as a share of the longer side."""
LEAST_FAR: Final = 0.15
"""Share of the picture that is out of reach at least, to show the ground."""
UNEVEN: Final = 1.7
"""Root mean square (0..255) that the ground's gradient may leave: some codec, some grain."""
LEAST_RING: Final = 0.3
"""Share of that border that is ground at least."""
NOTHING: Final = 0.012
FAINT: Final = 1.5
"""Alpha, and missing light (0..255), up to which a pixel has no shadow."""
LEAST_DEPTH: Final = 0.06
"""Alpha that a shadow reaches somewhere."""
OFF_BLACK: Final = 0.035
"""Mean deviation of the channels' alphas from each other up to which the shadow is black."""
LIGHTER: Final = 4.0
"""How much lighter (0..255) than expected a pixel may be and still be the plain ground."""
MOST_LIGHTER: Final = 0.02
PLAIN: Final = 0.3
"""Shares of the ground: lighter at most, without any shadow at least."""
BESIDE_PX: Final = 6
MOST_LONELY: Final = 0.2
"""Share of the darkness that has no thing beside it at most."""
LEAST_LIGHT: Final = 24.0
"""Value (0..255) of a channel from which missing light can be measured in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shadow:
    """``alpha``: (h, w) f32 0..1. ``lit``: (h, w, 3) f32 0..255, the ground without it."""

    alpha: F32
    lit: F32


def find_shadow(scene: Scene, ground: Ground) -> Shadow | None:
    """The shadow of what stands on ``ground``, continued below it; None when there is none."""
    if not ground.is_even or ground.is_nothing or ground.planes or not ground.figure.any():
        return None
    values = scene.rgb.astype(np.float32)
    plain = ground.behind & ~grown(ground.figure, 2)
    for known in (_far(plain, ground.figure), _border(plain)):
        lit = None if known is None else fitted_gradient(values, known, UNEVEN)
        if lit is None:
            continue
        lit = np.clip(lit, 0, 255)
        alpha = _missing_light(values, lit, plain)
        if alpha is None or not _belongs_to(alpha, ground.figure):
            continue
        whole = smooth_fill(alpha[..., None], ~plain)[..., 0]
        whole[whole < NOTHING] = 0
        return Shadow(alpha=np.asarray(whole, np.float32), lit=lit)
    return None


def _far(plain: Mask, figure: Mask) -> Mask | None:
    """The ground that no usual shadow reaches; None when that is too little to show it."""
    far = plain & ~grown(figure, round(REACH * max(plain.shape)))
    return far if float(far.mean()) > LEAST_FAR else None


def _border(plain: Mask) -> Mask | None:
    """The ground along the border; None when things hide too much of that."""
    width = max(3, round(RING * min(plain.shape)))
    ring = np.ones(plain.shape, bool)
    ring[width:-width, width:-width] = False
    seen = ring & plain
    return seen if float(seen.sum()) > LEAST_RING * float(ring.sum()) else None


def _missing_light(values: F32, lit: F32, plain: Mask) -> F32 | None:
    """The share of light that is missing at each plain pixel, 0 elsewhere: (h, w)."""
    darker = lit - averaged(values, plain)
    if float((darker.min(-1) < -LIGHTER)[plain].mean()) > MOST_LIGHTER:
        return None
    usable = (lit > LEAST_LIGHT).astype(np.float32)
    shares = darker / np.maximum(lit, 1) * usable
    count = usable.sum(-1)
    alpha = np.where(plain & (count > 0), shares.sum(-1) / np.maximum(count, 1), 0)
    alpha = np.where(darker.max(-1) > FAINT, np.clip(alpha, 0, 1), 0).astype(np.float32)
    shaded = plain & (alpha > NOTHING)
    if float(shaded[plain].mean()) > 1 - PLAIN or float(alpha.max()) < LEAST_DEPTH:
        return None
    off = (np.abs(shares - alpha[..., None]) * usable).sum(-1) / np.maximum(count, 1)
    if float(off[shaded].mean()) > OFF_BLACK:
        return None
    return alpha


def _belongs_to(alpha: F32, figure: Mask) -> bool:
    """Whether nearly all darkness hangs together with a thing."""
    count, labels = cv2.connectedComponents((alpha > NOTHING).astype(np.uint8), connectivity=8)
    mass = np.bincount(labels.ravel(), alpha.ravel(), minlength=count)
    beside = np.unique(labels[grown(figure, BESIDE_PX)])
    mass[0] = 0
    total = float(mass.sum())
    return total > 0 and float(mass[beside].sum()) > (1 - MOST_LONELY) * total
