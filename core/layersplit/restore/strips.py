"""All tiles of a picture, on all cores, with progress, cancel and bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from layersplit.domain import Arithmetic, Bounds, Colours, Layer, Picture, Pixels
from layersplit.pixels.compositing import peak
from layersplit.pixels.threads import in_threads, thread_count
from layersplit.restore.canvases import Canvas, Depth, forget
from layersplit.restore.evidence import Evidence
from layersplit.restore.tiles import Plan, restore_tile
from layersplit.run import Run

TILE_PX: Final = 640
"""Least side of a tile; it grows with the scale, so that the margin stays a small part of it."""
HALOS_PER_TILE: Final = 10
FORGET_TILES: Final = 32
"""After so many tiles the pages of a source that lies in a file are given back."""


def run_tiles(
    picture: Picture,
    evidence: Evidence,
    *,
    names: Sequence[str],
    confidences: Sequence[float | None],
    arithmetic: Arithmetic,
    colours: Colours,
    run: Run,
    scratch: Path | None,
) -> tuple[Layer, ...]:
    """Restore every tile and return the layers, bottom first, cropped to their content."""
    dtype = picture.pixels.dtype
    canvases = _canvases(evidence, dtype, scratch)
    plan = Plan(
        evidence=evidence,
        source=picture.pixels,
        canvases=canvases,
        arithmetic=arithmetic,
        colours=colours,
        has_alpha=not _is_opaque(picture),
    )
    tiles = list(_tiles(picture.extent.bounds, evidence.grid.scale))
    with _single_threaded_opencv():
        _work(plan, tiles, run)
    made = [(index, canvas) for index, canvas in enumerate(canvases) if canvas is not None]
    cropped = in_threads(lambda one: _cropped(one[1], keep=one[0] == 0), made)
    layers = [
        Layer(name=names[index], pixels=pixels, x=x, y=y, confidence=confidences[index])
        for (index, _), (x, y, pixels) in zip(made, cropped, strict=True)
        if pixels is not None
    ]
    run.progress("restore", 1.0, "Layers restored")
    return tuple(layers)


def _work(plan: Plan, tiles: list[Bounds], run: Run) -> None:
    threads = thread_count()

    def one(tile: Bounds) -> None:
        run.check()
        restore_tile(plan, tile)

    with ThreadPoolExecutor(threads, thread_name_prefix="restore") as pool:
        waiting, done = set(), 0
        queue = iter(tiles)
        try:
            for tile in queue:
                waiting.add(pool.submit(one, tile))
                if len(waiting) <= threads:
                    continue
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                done += len(finished)
                if done % FORGET_TILES == 0:
                    forget(plan.source)
                run.progress("restore", done / len(tiles), "Bringing the layers to full size")
            for future in waiting:
                future.result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    """Tiles already use all cores; OpenCV's own threads would only get in their way."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _canvases(evidence: Evidence, dtype: Depth, scratch: Path | None) -> tuple[Canvas | None, ...]:
    grid = evidence.grid
    above = [None if layer is None else grid.outer(layer.bounds) for layer in evidence.above]
    places = [grid.document.bounds, *above]
    return tuple(
        None
        if place is None
        else Canvas(
            bounds=place,
            dtype=dtype,
            file=None if scratch is None else scratch / f"layer-{index}.raw",
        )
        for index, place in enumerate(places)
    )


def _tiles(whole: Bounds, scale: float) -> Iterator[Bounds]:
    side = max(TILE_PX, math.ceil(HALOS_PER_TILE * 4 * scale))
    height = max(side // 2, 1)
    for y in range(0, whole.height, height):
        for x in range(0, whole.width, side):
            yield Bounds(x=x, y=y, width=side, height=height).intersection(whole)


def _is_opaque(picture: Picture) -> bool:
    full = peak(picture.pixels.dtype)
    rows = max(1, 4_000_000 // picture.extent.width)
    return all(
        bool(np.all(picture.pixels[top : top + rows, :, 3] >= full))
        for top in range(0, picture.extent.height, rows)
    )


def _cropped(canvas: Canvas, *, keep: bool) -> tuple[int, int, Pixels | None]:
    """Position and view of what is painted; a 1 x 1 corner when nothing is and ``keep`` is set."""
    pixels = canvas.pixels()
    rows = np.zeros(canvas.bounds.height, bool)
    columns = np.zeros(canvas.bounds.width, bool)
    step = max(1, 4_000_000 // canvas.bounds.width)
    for top in range(0, canvas.bounds.height, step):
        painted = pixels[top : top + step, :, 3] > 0
        rows[top : top + step] = painted.any(axis=1)
        columns |= painted.any(axis=0)
        forget(pixels)
    filled_rows, filled_columns = np.flatnonzero(rows), np.flatnonzero(columns)
    if not filled_rows.size:
        return canvas.bounds.x, canvas.bounds.y, pixels[:1, :1] if keep else None
    y, x = int(filled_rows[0]), int(filled_columns[0])
    view = pixels[y : int(filled_rows[-1]) + 1, x : int(filled_columns[-1]) + 1]
    return canvas.bounds.x + x, canvas.bounds.y + y, view
