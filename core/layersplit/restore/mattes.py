"""One layer's alpha at full resolution, from the picture and the enlarged evidence.

Sharp edges are solved on the colour line (unblend.py). Soft ones keep the smooth enlarged alpha: a
guided filter was measured to copy the picture's texture into them. Works on a tile, front layer
first: each layer is solved against what is left of the picture when everything in front is taken
off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from layersplit.domain import F32, Bounds
from layersplit.restore import unblend
from layersplit.restore.evidence import SEEN, LayerEvidence
from layersplit.restore.grid import Grid

SNAP: Final = np.float32(1 / 128)
"""Alpha nearer than this to 0 or 1 is 0 or 1: layers must not touch by noise."""


@dataclass(frozen=True, eq=False)
class Matte:
    """A layer inside a tile. ``alpha`` (h, w), ``foreground`` and ``background`` (h, w, 3)."""

    part: Bounds
    alpha: F32
    foreground: F32
    background: F32


def solve_matte(
    layer: LayerEvidence, grid: Grid, part: Bounds, target: F32, uncovered: F32
) -> Matte | None:
    """Solve ``layer`` at the document pixels of ``part``; None when nothing of it lies there.

    ``target`` (h, w, 3): the picture without the layers in front. ``uncovered`` (h, w): how much
    they let through.
    """
    rough = np.clip(grid.enlarged(layer.alpha, layer.corner, part, cubic=True), 0, 1)
    if rough.max() <= SEEN:
        return None
    gate = grid.enlarged(layer.gate, layer.corner, part, cubic=False)
    foreground = grid.enlarged(layer.colour, layer.corner, part, cubic=False)
    background = grid.enlarged(layer.below, layer.corner, part, cubic=False)
    alpha = rough.copy()
    index = np.flatnonzero((gate > 0.02) & (uncovered > 0.2))
    if index.size:
        colours, grounds = foreground.reshape(-1, 3), background.reshape(-1, 3)
        model = (colours[index], grounds[index])
        band = unblend.solve(target, rough, uncovered, index=index, model=model, scale=grid.scale)
        share = gate.reshape(-1)[index] * np.clip((uncovered.reshape(-1)[index] - 0.2) / 0.3, 0, 1)
        flat = alpha.reshape(-1)
        flat[index] += (band.alpha - flat[index]) * share
        colours[index] += (band.foreground - colours[index]) * share[:, None]
        grounds[index] += (band.background - grounds[index]) * share[:, None]
    return Matte(part=part, alpha=alpha, foreground=foreground, background=background)


def quantised(alpha: F32, full: float) -> F32:
    """Alpha as the document stores it, still as 0..1; ``full`` 1 means floating point."""
    out = alpha if full == 1 else np.rint(alpha * np.float32(full)) * np.float32(1 / full)
    out = np.where(out < SNAP, np.float32(0), out)
    return np.where(out > 1 - SNAP, np.float32(1), out)
