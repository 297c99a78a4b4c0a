"""How well, and how fast, the embedded splitter does on pictures of known layers.

    python benchmarks/classic.py                    the table
    python benchmarks/classic.py --kind poster --count 12
    python benchmarks/classic.py --hints            a box and a rough mask around textured subjects
    python benchmarks/classic.py --sheet DIR FILE.. contact sheets of your own pictures, to look at

Every picture runs through the whole path, restoration included; alpha IoU is measured at full size
against the whole true layer, hidden parts included. ``ground``: mean error (of 255) of the
background where something stood. The last column is what the layers composite to.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from metrics import soft_iou
from pictures import KINDS, Drawn
from PIL import Image

from layersplit.domain import Bounds, Hints, LayerStack, Picture, Point, SplitReport, SplitRequest
from layersplit.run import Run
from layersplit.split import split_picture

U8 = npt.NDArray[np.uint8]
GOOD = 0.95
HINTED_GOOD = 0.9
THUMBNAIL = 300
COLUMNS = 5
COLOURS = 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--count", type=int, default=4, help="pictures of each kind")
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets")
    parser.add_argument("files", type=Path, nargs="*")
    options = parser.parse_args()
    if options.files:
        for file in options.files:
            look(file, options.sheet or Path("benchmarks/out"))
    elif options.hints:
        hinted(options.count)
    else:
        table(options.kind or list(KINDS), options.count, options.sheet)


def table(kinds: list[str], count: int, sheet: Path | None) -> None:
    """IoU of every true layer, error of the ground, seconds, recomposition."""
    print(f"{'picture':22}{'layers':>7}  IoU of the true layers{'ground':>30}  seconds  max error")
    for kind in kinds:
        scores: dict[str, list[float]] = {}
        seconds = []
        for seed in range(count):
            drawn = KINDS[kind](seed)
            stack, report, spent = run(drawn.flat(), Hints())
            layers = whole(stack)
            found = {
                name: max(soft_iou(one[..., 3] / np.float32(255), alpha[..., 3]) for one in layers)
                for name, alpha in drawn.layers[1:]
            }
            for name, value in found.items():
                scores.setdefault(name, []).append(value)
            seconds.append(spent)
            line = " ".join(f"{name} {value:.3f}" for name, value in found.items())
            print(
                f"{drawn.kind + ' ' + str(seed):22}{len(layers):7}  {line:44}"
                f"{ground_error(drawn, layers[0]):8.1f}{spent:9.2f}"
                f"{report.reconstruction.max_abs:9.0f}",
                flush=True,
            )
            if sheet is not None:
                save_sheet(sheet / f"{kind}-{seed}.png", drawn.flat(), stack)
        good = ", ".join(
            f"{name} {sum(v >= GOOD for v in values)} of {len(values)}"
            for name, values in scores.items()
        )
        print(f"  {kind}: {GOOD} or more: {good}; median {statistics.median(seconds):.2f} s\n")


def hinted(count: int) -> None:
    """A box and rough masks around a subject of texture before texture."""
    print(
        f"{'picture':16}{'box':>8}{'loose box':>11}{'too large':>11}{'too small':>11}{'point':>8}"
    )
    everything: list[float] = []
    seconds = []
    for seed in range(count):
        drawn = KINDS["photo-like"](seed)
        alpha = drawn.alpha("subject")
        row = []
        for hints in hints_for(alpha):
            stack, _, spent = run(drawn.flat(), hints)
            row.append(soft_iou(whole(stack)[-1][..., 3] / np.float32(255), alpha))
            seconds.append(spent)
        everything += row
        cells = "".join(f"{v:{w}.3f}" for v, w in zip(row, (8, 11, 11, 11, 8), strict=True))
        print(f"photo-like {seed:<5}{cells}", flush=True)
    good = sum(value >= HINTED_GOOD for value in everything)
    print(
        f"{HINTED_GOOD} or more: {good} of {len(everything)}; "
        f"median {statistics.median(seconds):.2f} s"
    )


def hints_for(alpha: npt.NDArray[np.float32]) -> list[Hints]:
    """Box, loose box, mask that is too large, mask that is too small, and one point."""
    inside = (alpha > 0.5).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(inside)
    box = Bounds(x=x, y=y, width=width, height=height)
    extent = Bounds(x=0, y=0, width=alpha.shape[1], height=alpha.shape[0])
    loose = box.padded(round(0.15 * max(width, height))).intersection(extent)
    reach = round(0.06 * (width + height) / 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    return [
        Hints(boxes=(box,)),
        Hints(boxes=(loose,)),
        Hints(mask=np.asarray(cv2.dilate(inside, kernel), np.uint8)),
        Hints(mask=np.asarray(cv2.erode(inside, kernel), np.uint8)),
        Hints(points=(Point(x=int(deepest[1]), y=int(deepest[0])),)),
    ]


def run(pixels: U8, hints: Hints) -> tuple[LayerStack, SplitReport, float]:
    """The whole path of one picture, and its wall seconds."""
    start = time.perf_counter()
    stack, report = split_picture(Picture(pixels=pixels), SplitRequest(hints=hints), run=Run())
    return stack, report, time.perf_counter() - start


def whole(stack: LayerStack) -> list[U8]:
    """The layers at the size of the picture, bottom first."""
    found = []
    for layer in stack:
        pixels = np.zeros((stack.extent.height, stack.extent.width, 4), np.uint8)
        pixels[layer.bounds.slices] = np.asarray(layer.pixels)
        found.append(pixels)
    return found


def ground_error(drawn: Drawn, ground: U8) -> float:
    """Mean colour error of the background where something stood before it."""
    true = drawn.layers[0][1]
    hidden = np.max([layer[..., 3] for _, layer in drawn.layers[1:]], axis=0) > 0
    away = np.abs(ground[..., :3].astype(np.float32) - true[..., :3] * 255)
    return float(away[hidden].mean())


def look(file: Path, folder: Path) -> None:
    """Split a picture and save picture and layers side by side."""
    read = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if read is None:
        print(f"{file} is not a picture.")
        return
    pixels = np.dstack([read[..., ::-1], np.full(read.shape[:2], 255, np.uint8)])
    stack, report, spent = run(np.ascontiguousarray(pixels), Hints())
    save_sheet(folder / f"{file.stem}-layers.png", pixels, stack)
    names = ", ".join(layer.name for layer in stack)
    print(f"{file.name}: {spent:.2f} s, {names}. {' '.join(report.notes)}")


def save_sheet(path: Path, picture: U8, stack: LayerStack) -> None:
    """Picture and layers over a checkerboard, bottom first, in rows."""
    tiles = [_tile(picture)] + [_tile(layer) for layer in whole(stack)]
    columns = min(len(tiles), COLUMNS)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[first : first + columns]) for first in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(rows)).quantize(COLOURS).save(path, optimize=True)


def _tile(pixels: U8) -> U8:
    height, width = pixels.shape[:2]
    scale = THUMBNAIL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    values = pixels.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[: size[1], : size[0]]
    board = np.where(((y // 10 + x // 10) % 2)[..., None], 118.0, 142.0)  # shows white and black
    tile = np.full((THUMBNAIL + 6, size[0] + 6, 3), 255, np.uint8)
    over = small[..., :3] + board * (1 - small[..., 3:] / 255)
    tile[3 : 3 + size[1], 3 : 3 + size[0]] = np.rint(np.clip(over, 0, 255))
    return tile


if __name__ == "__main__":
    main()
