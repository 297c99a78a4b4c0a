"""The decomposition metric of LayerD (Suzuki et al., ICCV 2025, arXiv 2509.25134), own code.

Layers that do not occlude each other are merged into groups; an order-aware alignment (dynamic time
warping, cost (RGB L1 + 1 - IoU) / 2) pairs the groups of prediction and truth; then up to five
merges of neighbouring groups, on either side, are taken greedily. Scores at 0 to 5 edits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from benchmarks.metrics import soft_iou
from PIL import Image

U8: TypeAlias = npt.NDArray[np.uint8]
MOST_EDITS: Final = 5
LEAST_LAYERS: Final = 2


@dataclass(frozen=True)
class Score:
    """Means over the aligned pairs."""

    rgb_l1: float
    iou: float


def layerd_scores(predicted: list[U8], truth: list[U8]) -> list[Score]:
    """Scores after 0, 1, ... 5 edits; the last is repeated when no further edit helps."""
    ours, theirs = _grouped(predicted), _grouped(truth)
    path = _aligned(ours, theirs)
    scores = [_score(ours, theirs, path)]
    while len(scores) <= MOST_EDITS:
        gain, place = _best_merge(ours, theirs, path)
        other_gain, other_place = _best_merge(theirs, ours, [(j, i) for i, j in path])
        if max(gain, other_gain) == -np.inf:
            break
        if gain > other_gain:
            ours = _merged(ours, place)
        else:
            theirs = _merged(theirs, other_place)
        path = _aligned(ours, theirs)
        scores.append(_score(ours, theirs, path))
    return scores + [scores[-1]] * (MOST_EDITS + 1 - len(scores))


def _over(below: U8, above: U8) -> U8:
    pictures = (Image.fromarray(np.ascontiguousarray(layer), "RGBA") for layer in (below, above))
    return np.asarray(Image.alpha_composite(*pictures))


def _grouped(layers: list[U8]) -> list[U8]:
    """Take off, again and again, all layers that nothing remaining lies over."""
    hard = [layer[..., 3] > 0 for layer in layers]
    remaining, groups = list(range(len(layers))), []
    while remaining:
        top = [
            index
            for position, index in enumerate(remaining)
            if not any((hard[index] & hard[other]).any() for other in remaining[position + 1 :])
        ]
        groups.append(top)
        remaining = [index for index in remaining if index not in top]
    return [reduce(_over, [layers[index] for index in group]) for group in reversed(groups)]


def _parts(ours: U8, true: U8) -> Score:
    seen = true[..., 3] > 0
    wrong = np.abs(ours[..., :3].astype(np.int16) - true[..., :3])[seen]
    l1 = float(wrong.mean()) / 255 if wrong.size else 0.0
    iou = soft_iou(ours[..., 3].astype(np.float32), true[..., 3].astype(np.float32))
    return Score(l1, iou)


def _cost(ours: U8, true: U8) -> float:
    parts = _parts(ours, true)
    return (parts.rgb_l1 + 1 - parts.iou) / 2


def _aligned(ours: list[U8], theirs: list[U8]) -> list[tuple[int, int]]:
    """The cheapest monotone path through all pairs."""
    costs = np.array([[_cost(a, b) for b in theirs] for a in ours])
    total = np.full((len(ours) + 1, len(theirs) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(ours)):
        for j in range(len(theirs)):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    i, j = len(ours), len(theirs)
    path = [(i - 1, j - 1)]
    while (i, j) != (1, 1):
        steps = [
            (total[i - 1, j - 1], i - 1, j - 1),
            (total[i - 1, j], i - 1, j),
            (total[i, j - 1], i, j - 1),
        ]
        _, i, j = min(steps, key=lambda step: step[0])
        path.append((i - 1, j - 1))
    return path[::-1]


def _score(ours: list[U8], theirs: list[U8], path: list[tuple[int, int]]) -> Score:
    parts = [_parts(ours[i], theirs[j]) for i, j in path]
    return Score(float(np.mean([p.rgb_l1 for p in parts])), float(np.mean([p.iou for p in parts])))


def _best_merge(ours: list[U8], theirs: list[U8], path: list[tuple[int, int]]) -> tuple[float, int]:
    """Largest gain in similarity by merging layer i into i + 1, and that i; -inf: none helps."""
    best = (-np.inf, -1)
    if len(ours) <= LEAST_LAYERS:
        return best
    for i in range(len(ours) - 1):
        pairs = [[theirs[j] for k, j in path if k == i], [theirs[j] for k, j in path if k == i + 1]]

        def likeness(layer: U8, partners: list[U8]) -> float:
            return sum(1 - _cost(layer, partner) for partner in partners)

        now = likeness(ours[i], pairs[0]) + likeness(ours[i + 1], pairs[1])
        candidates = [_over(ours[i], ours[i + 1]), *ours[i + 2 : i + 3]]
        sums = [likeness(candidate, group) for candidate in candidates for group in pairs]
        gain = sums[0] + max(sums[1:]) - now
        if gain > 0 and gain > best[0]:
            best = (gain, i)
    return best


def _merged(layers: list[U8], place: int) -> list[U8]:
    return [*layers[:place], _over(layers[place], layers[place + 1]), *layers[place + 2 :]]
