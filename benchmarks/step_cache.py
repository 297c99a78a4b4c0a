"""What a step cache of ``local`` saves, and what it does to the edges of alpha.

    python benchmarks/step_cache.py PICTURE... --model FOLDER [--thresholds 0.05,0.1,0.2,0.3]

Every picture is split with the same seed without a cache and with each threshold. The table has the
time as a share of the time without one; how far alpha is off, on edges (where alpha without a cache
changes by more than a tenth between neighbours) and elsewhere, on the scale 0..255; and the PSNR of
all layers over grey. It needs the weights; the tests rehearse it on a tiny model.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "core"))

import numpy as np  # noqa: E402 - the path above
from PIL import Image  # noqa: E402

from layersplit.local.job import LocalTask  # noqa: E402
from layersplit.local.options import Options  # noqa: E402
from layersplit.local.splitter import split_locally  # noqa: E402
from layersplit.run import Run  # noqa: E402

EDGE: Final = 25
"""Alpha changes by more than this between neighbours on an edge."""


def main() -> int:
    """Measure; returns 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--thresholds", default="0.05,0.1,0.2,0.3")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--resolution", type=int, default=640)
    arguments = parser.parse_args()
    thresholds = [float(text) for text in arguments.thresholds.split(",")]
    print("| picture | threshold | time | alpha off, edges | elsewhere | PSNR over grey |")
    print("|---|---|---|---|---|---|")
    for picture in arguments.pictures:
        split(picture, arguments, 0.0)  # loads, and describes the picture
        plain, plain_s = split(picture, arguments, 0.0)
        for threshold in thresholds:
            split(picture, arguments, threshold)
            cached, cached_s = split(picture, arguments, threshold)
            on, off, psnr = compared(plain, cached)
            print(
                f"| {picture.name} | {threshold:g} | {cached_s / plain_s:.0%} | {on:.2f} | "
                f"{off:.2f} | {psnr:.1f} dB |",
                flush=True,
            )
    return 0


def split(picture: Path, arguments: argparse.Namespace, threshold: float) -> tuple[Any, float]:
    """Layers (n, h, w, 4) u8 and seconds."""
    image = Image.open(picture).convert("RGBA")
    pixels = np.asarray(image)
    task = LocalTask(
        picture=lambda _area: pixels,
        width=image.width,
        height=image.height,
        layers=arguments.layers,
        steps=arguments.steps,
        resolution=arguments.resolution,
        seed=1,
        model=arguments.model,
    )
    start = time.perf_counter()
    done = split_locally(task, Options(step_cache=threshold, names=False), Run())
    return np.stack(done.layers), time.perf_counter() - start


def compared(plain: Any, cached: Any) -> tuple[float, float, float]:
    """Mean difference of alpha on edges and elsewhere, and the PSNR of all layers over grey."""
    alpha = plain[..., 3].astype(int)
    steps = np.zeros(alpha.shape, bool)
    for axis in (1, 2):
        jump = np.abs(np.diff(alpha, axis=axis)) > EDGE
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        steps[tuple(low)] |= jump
        steps[tuple(high)] |= jump
    off = np.abs(alpha - cached[..., 3])
    error = float(np.mean((over_grey(plain) - over_grey(cached)) ** 2))
    psnr = float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
    return mean(off[steps]), mean(off[~steps]), psnr


def mean(values: Any) -> float:
    return float(values.mean()) if values.size else 0.0


def over_grey(layers: Any) -> Any:
    """As a person sees them, on the scale 0..255."""
    share = layers[..., 3:] / 255
    return layers[..., :3] * share + 127.5 * (1 - share)


if __name__ == "__main__":
    sys.exit(main())
