"""A ground of few alternating colours: stripes, dots, checks.

The border tells: along a patterned ground its colours change many times, and they are few. What has
one of these colours, or lies between two of them (an antialiased edge), is ground.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from layersplit.classic.scene import Scene
from layersplit.domain import F32

RING: Final = 0.035
"""Width of the border that is asked, as a share of the shorter side."""
COLOURS: Final = 6
LEAST_SHARE: Final = 0.05
EXPLAINED: Final = 0.9
"""Share of the border that the palette must explain."""
LEAST_CHANGES: Final = 14
"""Changes of colour along the border from which it is a pattern."""
UNEVEN: Final = 0.45
"""Mean deviation of the lengths between changes, in usual lengths, up to which they are regular:
stripes and dots stay below 0.35, things that the border cuts off are above 0.5."""
NEAR: Final = 9.0
"""Lab distance up to which a pixel has a colour of the palette."""


def pattern_distance(scene: Scene) -> F32 | None:
    """How far each pixel is from every colour of the patterned ground, (h, w) Lab units.

    None when the border shows no pattern. Below NEAR it is ground.
    """
    height, width = scene.shape
    depth = round(RING * min(height, width))
    if depth < 3:
        return None
    palette = _palette(scene.lab, depth)
    if len(palette) < 2 or not _is_regular(scene.lab, palette, depth):
        return None
    away = np.full(scene.shape, np.inf, np.float32)
    for at, colour in enumerate(palette):
        for other in palette[at + 1 :]:
            away = np.minimum(away, _from_segment(scene.lab, colour, other))
    return np.asarray(away, np.float32)


def _palette(lab: F32, depth: int) -> list[F32]:
    """The colours of the border, when few explain it; else nothing."""
    ring = np.concatenate(
        [
            part.reshape(-1, 3)
            for part in (lab[:depth], lab[-depth:], lab[:, :depth], lab[:, -depth:])
        ]
    )
    samples = np.ascontiguousarray(ring[:: max(1, len(ring) // 20_000)])
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    count = min(COLOURS, len(samples))
    _, labels, centres = cv2.kmeans(
        samples, count, np.empty(0, np.int32), stop, 2, cv2.KMEANS_PP_CENTERS
    )
    share = np.bincount(labels.ravel(), minlength=count) / len(samples)
    merged: list[tuple[float, F32]] = []
    for index in np.argsort(-share, kind="stable"):
        centre = centres[index]
        if share[index] >= LEAST_SHARE and all(
            float(np.linalg.norm(centre - known)) > NEAR for _, known in merged
        ):
            merged.append((float(share[index]), centre))
    palette = [colour for _, colour in merged[:4]]
    if not palette:
        return []
    away = np.min([np.linalg.norm(samples - colour, axis=1) for colour in palette], axis=0)
    if len(palette) > 1:
        pairs = [(a, b) for i, a in enumerate(palette) for b in palette[i + 1 :]]
        between = np.min([_from_segment(samples, a, b) for a, b in pairs], axis=0)
        away = np.minimum(away, between)
    return palette if float((away < NEAR).mean()) > EXPLAINED else []


def _is_regular(lab: F32, palette: list[F32], depth: int) -> bool:
    """Whether the colours change often and evenly along the sides, at some depth of the border."""
    for inset in range(0, depth, max(1, depth // 6)):
        lengths: list[npt.NDArray[np.intp]] = []
        for side in (lab[inset], lab[-1 - inset], lab[:, inset], lab[:, -1 - inset]):
            away = np.stack([np.linalg.norm(side - colour, axis=1) for colour in palette])
            nearest = away.argmin(0)[away.min(0) < NEAR]
            lengths.append(np.diff(np.flatnonzero(np.diff(nearest))))
        runs = np.concatenate(lengths)
        if runs.size >= LEAST_CHANGES:
            usual = float(np.median(runs))
            if float(np.abs(runs - usual).mean()) < UNEVEN * usual:
                return True
    return False


def _from_segment(values: F32, start: F32, end: F32) -> F32:
    """Distance of colours (..., 3) from the straight line between two colours."""
    along = end - start
    share = np.clip((values - start) @ along / float(along @ along), 0, 1)
    return np.asarray(
        np.linalg.norm(values - start - share[..., None] * along, axis=-1), np.float32
    )
