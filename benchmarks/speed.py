"""Seconds and memory of one restoration, measured in a process of its own.

    python -m benchmarks.speed SCENE MEGAPIXELS [--side 640|1024] [--streamed]

prints one line of JSON. Large pictures are an enlarged 12 megapixel scene: the work is the same,
the rendering is not what is measured. The memory is the highest resident size above that before the
restoration, with and without the finished layers (streamed layers lie in files).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.naive import enlarged
from benchmarks.scenes import SCENES, flattened
from benchmarks.service import DEGRADATIONS, answer
from PIL import Image

from layersplit.domain import Arithmetic, ModelLayer, Picture
from layersplit.restore import restore
from layersplit.restore.measure import measure
from layersplit.run import Run

U8 = np.uint8
RENDERED_MP = 12
REPEATS = 3


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("megapixels", type=float)
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--streamed", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(
            arguments.scene,
            arguments.megapixels,
            side=arguments.side,
            scratch=Path(folder) if arguments.streamed else None,
        )
    print(json.dumps(figures))


def measured(scene: str, megapixels: float, *, side: int, scratch: Path | None) -> dict[str, Any]:
    """Seconds, CPU seconds and megabytes of the best of some runs; and of Pillow's LANCZOS."""
    pixels, small = _prepared(scene, megapixels, side, scratch)
    picture = Picture(pixels=pixels)
    layers = [ModelLayer(pixels=layer) for layer in small]
    runs = []
    for _ in range(REPEATS if megapixels < 50 else 1):
        before = _resident_mb()
        with _Watch() as watch:
            start, cpu = time.perf_counter(), time.process_time()
            restored = restore(
                picture,
                layers,
                arithmetic=Arithmetic.PER_LAYER,
                colours="source",
                run=Run(),
                scratch=scratch,
            )
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        results = 0.0 if scratch else sum(_owned_mb(layer.pixels) for layer in restored)
        peak = watch.highest_mb - before
        runs.append((seconds, cpu, peak, peak - results))
    error = measure(picture, restored, Arithmetic.PER_LAYER, Run()).max_abs
    best = min(runs)
    return {
        "scene": scene,
        "megapixels": round(pixels.shape[0] * pixels.shape[1] / 1e6, 1),
        "layers": len(layers),
        "side": side,
        "seconds": best[0],
        "cpu_seconds": best[1],
        "peak_mb": max(run[2] for run in runs),
        "above_results_mb": max(run[3] for run in runs),
        "lanczos_cpu_seconds": None if scratch else _lanczos_cpu(small, pixels.shape[1::-1]),
        "max_error": error,
    }


def _prepared(
    scene: str, megapixels: float, side: int, scratch: Path | None
) -> tuple[npt.NDArray[np.uint8], list[npt.NDArray[np.uint8]]]:
    width = round(math.sqrt(megapixels * 1e6 * 4 / 3))
    size = (width, width * 3 // 4)
    rendered = min(width, round(math.sqrt(RENDERED_MP * 1e6 * 4 / 3)))
    truth = SCENES[scene]((rendered, rendered * 3 // 4))
    small = answer(truth, DEGRADATIONS["mild"], side=side)
    picture = flattened(truth)
    if size[0] == rendered:
        return picture, small
    shape = (size[1], size[0], 4)
    if scratch is None:
        pixels = np.empty(shape, U8)
    else:
        pixels = np.memmap(scratch / "source.raw", U8, "w+", shape=shape)
    cv2.resize(picture, size, dst=pixels, interpolation=cv2.INTER_CUBIC)
    if scratch is None:
        return pixels, small
    del pixels
    return np.memmap(scratch / "source.raw", U8, "r", shape=shape), small


def _lanczos_cpu(small: list[npt.NDArray[np.uint8]], size: tuple[int, int]) -> float:
    """The naive way: enlarge every layer with Pillow; it uses one core."""
    start = time.process_time()
    for layer in small:
        enlarged([layer], size, Image.Resampling.LANCZOS)
    return time.process_time() - start


def _owned_mb(pixels: npt.NDArray[Any]) -> float:
    base = pixels
    while isinstance(base.base, np.ndarray):
        base = base.base
    return float(base.nbytes) / 2**20


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class _Watch:
    """The highest resident size while open, sampled every few milliseconds."""

    def __init__(self) -> None:
        self.highest_mb = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._end.wait(0.004):
            self.highest_mb = max(self.highest_mb, _resident_mb())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


if __name__ == "__main__":
    main()
