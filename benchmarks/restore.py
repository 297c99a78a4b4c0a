"""How good, how fast and how large the restoration is.

    python -m benchmarks.restore          all of it, as Markdown; pictures in benchmarks/out
    python -m benchmarks.restore --scenes hair soft --strengths mild --no-speed
    python -m benchmarks.restore --speed-only
    python -m benchmarks.restore --crop docs/pictures/before-after.png    the README's picture

Scenes of known layers (scenes.py) go through a simulated service (service.py), are restored, and
compared with the truth (metrics.py, layerd.py), beside the same layers enlarged with Pillow.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from benchmarks.gallery import save_panel, save_small
from benchmarks.layerd import Score, layerd_scores
from benchmarks.metrics import Fidelity, composite_error, fidelity
from benchmarks.naive import enlarged
from benchmarks.scenes import SCENES, flattened
from benchmarks.service import DEGRADATIONS, Degradation, answer

from layersplit.domain import Arithmetic, Layer, ModelLayer, Picture
from layersplit.restore import restore
from layersplit.run import Run

U8: TypeAlias = npt.NDArray[np.uint8]

OUT = Path(__file__).parent / "out"
CROPPED = "eight"
"""The scene of the README's picture."""
STUDIED = ("poster", "hair", "photo", "soft", "eight")
SPEED_RUNS = (
    ("hair", "2"), ("eight", "2"), ("hair", "12"), ("photo", "12"), ("eight", "12"),
    ("eight", "12", "--side", "1024"), ("eight", "100", "--streamed"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scene at one strength: enlarged against restored."""

    scene: str
    strength: str
    naive: Fidelity
    ours: Fidelity
    naive_error: tuple[int, int, float]
    our_error: tuple[int, int, float]
    naive_scores: list[Score]
    our_scores: list[Score]


def main() -> int:
    """Run what the command line asks for and print Markdown."""
    parser = argparse.ArgumentParser(description="Quality and speed of the restoration.")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--strengths", nargs="+", choices=DEGRADATIONS, default=list(DEGRADATIONS))
    parser.add_argument("--width", type=int, default=1600, help="of the pictures; 4:3")
    parser.add_argument("--side", type=int, default=640, help="the service's area is side squared")
    parser.add_argument("--shift", type=float, default=0.0, help="of the answer, in percent")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--speed-only", action="store_true")
    parser.add_argument("--crop", type=Path, help="write one sheet of crops here and end")
    arguments = parser.parse_args()
    if arguments.crop is not None:
        outcome(CROPPED, "mild", DEGRADATIONS["mild"], width=arguments.width, side=arguments.side)
        save_small(OUT / f"{CROPPED}-mild.png", arguments.crop)
        return 0
    if not arguments.speed_only:
        shift = (arguments.shift / 100, -0.7 * arguments.shift / 100)
        for strength in arguments.strengths:
            how = dataclasses.replace(DEGRADATIONS[strength], shift=shift)
            outcomes = [
                outcome(scene, strength, how, width=arguments.width, side=arguments.side)
                for scene in arguments.scenes
            ]
            print_outcomes(strength, outcomes)
    if not arguments.no_speed:
        print_speed()
    return 0


def outcome(scene: str, strength: str, how: Degradation, *, width: int, side: int) -> Outcome:
    """Render, degrade, enlarge, restore, compare; writes a sheet of crops."""
    size = (width, width * 3 // 4)
    truth = SCENES[scene](size)
    picture = flattened(truth)
    small = answer(truth, how, side=side)
    scale = math.sqrt(size[0] * size[1] / (small[0].shape[0] * small[0].shape[1]))
    naive = enlarged(small, size)
    ours = full_size(
        restore(
            Picture(pixels=picture),
            [ModelLayer(pixels=layer, name=str(number)) for number, layer in enumerate(small)],
            arithmetic=Arithmetic.PER_LAYER,
            colours="source",
            run=Run(),
        ),
        size,
        len(truth),
    )
    save_panel(OUT / f"{scene}-{strength}.png", scene, picture, (truth, naive, ours))
    return Outcome(
        scene=scene,
        strength=strength,
        naive=fidelity(naive, truth, scale),
        ours=fidelity(ours, truth, scale),
        naive_error=composite_error(naive, picture),
        our_error=composite_error(ours, picture),
        naive_scores=layerd_scores(naive, truth),
        our_scores=layerd_scores(ours, truth),
    )


def full_size(layers: Sequence[Layer], size: tuple[int, int], count: int) -> list[U8]:
    """The restored layers on canvases of the picture's size; names are their numbers."""
    out = [np.zeros((size[1], size[0], 4), np.uint8) for _ in range(count)]
    for layer in layers:
        out[int(layer.name)][layer.bounds.slices] = layer.pixels
    return out


def print_outcomes(strength: str, outcomes: list[Outcome]) -> None:
    """One row a scene, then the means."""
    print(f"\n### {strength}: enlarged (bicubic) -> restored\n")
    print(
        "| scene | band alpha error /255 | soft alpha error /255 | alpha soft IoU | visible colour "
        "| hidden colour | seam | composite, max Krita / float | LayerD L1, 0 and 5 edits "
        "| LayerD IoU, 0 and 5 edits |"
    )
    print("|" + "---|" * 10)
    for result in outcomes:
        print(_row(f"{result.scene}", [result]))
    studied = [result for result in outcomes if result.scene in STUDIED]
    others = [result for result in outcomes if result.scene not in STUDIED]
    groups = {"mean of the five": studied, "mean of the others": others, "mean of all": outcomes}
    for title, group in groups.items():
        if len(group) > 1:
            print(_row(f"**{title}**", group))
    sys.stdout.flush()


def _row(title: str, group: list[Outcome]) -> str:
    def mean(values: Iterable[float]) -> float:
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    def pair(name: str, digits: int) -> str:
        before = mean(getattr(result.naive, name) for result in group)
        after = mean(getattr(result.ours, name) for result in group)
        return "-" if math.isnan(before) else f"{before:.{digits}f} -> {after:.{digits}f}"

    def scores(name: str, digits: int) -> str:
        cells = []
        for edits in (0, 5):
            before = mean(getattr(result.naive_scores[edits], name) for result in group)
            after = mean(getattr(result.our_scores[edits], name) for result in group)
            cells.append(f"{before:.{digits}f} -> {after:.{digits}f}")
        return ", ".join(cells)

    band = pair("band", 2)
    ratio = mean(r.naive.band for r in group) / max(1e-9, mean(r.ours.band for r in group))
    errors = [max(result.our_error[place] for result in group) for place in (0, 1)]
    worst = max(result.naive_error[1] for result in group)
    decibels = mean(result.naive_error[2] for result in group)
    return (
        f"| {title} | {band} ({ratio:.1f} x) | {pair('soft', 2)} | {pair('iou', 4)} "
        f"| {pair('visible', 2)} | {pair('hidden', 2)} | {pair('seam', 2)} "
        f"| {worst} ({decibels:.1f} dB) -> {errors[0]} / {errors[1]} "
        f"| {scores('rgb_l1', 4)} | {scores('iou', 4)} |"
    )


def print_speed() -> None:
    """Each measurement in a process of its own."""
    print("\n### time and memory, this machine\n")
    print(
        "| scene | MP | layers | model side | s | CPU s | LANCZOS CPU s | ratio | MB above results "
        "| peak MB | max error |"
    )
    print("|" + "---|" * 11)
    for run in SPEED_RUNS:
        figures: dict[str, Any] = json.loads(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.speed", *run],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        naive = figures["lanczos_cpu_seconds"]
        ratio = figures["cpu_seconds"] / (naive or 1)
        against = "- | -" if naive is None else f"{naive:.2f} | {ratio:.1f}"
        print(
            f"| {figures['scene']} | {figures['megapixels']:g} | {figures['layers']} "
            f"| {figures['side']} | {figures['seconds']:.2f} | {figures['cpu_seconds']:.2f} "
            f"| {against} | {figures['above_results_mb']:.0f} | {figures['peak_mb']:.0f} "
            f"| {figures['max_error']:g} |",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
