"""The order of layers: whether it is found again, and a right one left alone.

    python -m benchmarks.order [--scenes N]

Random scenes of 3 to 8 overlapping shapes (even, sloping, textured; some of them glass) go through
the simulated service. A pair of layers counts when both are seen where they meet; what share of
those pairs comes out right is printed for stacks that were given reversed, shuffled and right, with
the longest time of a search among eight layers.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from benchmarks import drawing as draw
from benchmarks.scenes import flattened
from benchmarks.service import DEGRADATIONS, answer

from layersplit.checks.order import best_order
from layersplit.domain import ModelLayer

U8 = npt.NDArray[np.uint8]
SIZE: Final = (480, 360)
SIDE: Final = 320
SEEN: Final = 8 / 255
"""Least difference that swapping two layers makes where they meet, for their order to be seen."""
LEAST_SHARE: Final = 5e-4
"""Share of the picture on which it must make that difference."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scenes", type=int, default=200, help="for each strength")
    scenes = parser.parse_args().scenes
    print("| strength | given | visible pairs | right | share | changed | longest, 8 layers |")
    print("|---|---|---|---|---|---|---|")
    for strength in DEGRADATIONS:
        for given in ("reversed", "shuffled", "right"):
            print(measured(strength, given, scenes), flush=True)


def measured(strength: str, given: str, scenes: int) -> str:
    """One row of the table."""
    pairs = right = changed = 0
    longest = 0.0
    for seed in range(scenes):
        truth = scene(seed, 3 + seed % 6)
        random = np.random.default_rng(seed)
        layers = [
            ModelLayer(pixels=layer)
            for layer in answer(truth, DEGRADATIONS[strength], side=SIDE, seed=seed)
        ]
        start = {
            "reversed": np.arange(len(layers))[::-1],
            "shuffled": random.permutation(len(layers)),
            "right": np.arange(len(layers)),
        }[given]
        began = time.perf_counter()
        found = best_order(flattened(truth), [layers[index] for index in start])
        if len(layers) == 8:
            longest = max(longest, time.perf_counter() - began)
        changed += given == "right" and found.changed
        rank = np.argsort([start[index] for index in found.order])
        for low, high in visible_pairs(truth):
            pairs += 1
            right += bool(rank[low] < rank[high])
    times = f"{longest:.2f} s"
    return (
        f"| {strength} | {given} | {pairs} | {right} | {right / pairs:.2%} | {changed} | {times} |"
    )


def scene(seed: int, count: int) -> list[U8]:
    """Layers of random shapes on an opaque ground, bottom first."""
    random = np.random.default_rng([7, seed])
    width, height = SIZE
    layers = [draw.layer(_colour(random), np.ones((height, width), np.float32))]
    for _ in range(count - 1):
        centre = (random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height)
        radius = random.uniform(0.12, 0.3) * height
        if random.random() < 0.5:
            alpha = draw.disc(SIZE, centre, (radius * random.uniform(0.6, 1.6), radius))
        else:
            alpha = draw.polygon(SIZE, draw.star(centre, radius, int(random.integers(3, 9)), 0.6))
        if random.random() < 0.15:
            alpha = alpha * np.float32(random.uniform(0.5, 0.8))
        layers.append(draw.layer(_colour(random), alpha))
    return layers


def _colour(random: np.random.Generator) -> npt.NDArray[np.float32]:
    one, other = (tuple(float(v) for v in random.uniform(0, 1, 3)) for _ in range(2))
    kind = random.integers(3)
    if kind == 0:
        return draw.flat(SIZE, one)
    if kind == 1:
        return draw.gradient(SIZE, one, other, float(random.uniform(0, 6)))
    return draw.photo(SIZE, int(random.integers(1000)), one)


def visible_pairs(layers: list[U8]) -> list[tuple[int, int]]:
    """Pairs that meet where nothing hides them, and whose colours differ there."""
    values = [layer.astype(np.float32) / 255 for layer in layers]
    found = []
    for low, high in combinations(range(len(values)), 2):
        through = np.prod([1 - layer[..., 3] for layer in values[high + 1 :]], axis=0)
        meet = values[low][..., 3] * values[high][..., 3] * through
        for between in values[low + 1 : high]:
            meet = meet * (1 - between[..., 3])
        apart = np.abs(values[low][..., :3] - values[high][..., :3]).max(-1)
        if float((meet * apart > SEEN).mean()) > LEAST_SHARE:
            found.append((low, high))
    return found


if __name__ == "__main__":
    main()
