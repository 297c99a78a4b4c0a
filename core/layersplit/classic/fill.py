"""What a thing may look like where another one hides it."""

from __future__ import annotations

from layersplit.classic.smooth import smooth_fill
from layersplit.domain import F32, Mask
from layersplit.run import Run


def fill(values: F32, hole: Mask, run: Run, where: Mask | None = None) -> F32:
    """Continue ``values`` (h, w, 3) f32 0..255 into ``hole`` (h, w).

    ``where``: the part of the hole that will be seen when something is moved away; the rest only
    lies beside an edge and needs a colour, no more. None: all of it.
    """
    del where
    run.check()
    return smooth_fill(values, hole)
