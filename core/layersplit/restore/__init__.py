"""Bring a provider's layers to the document's pixels, exactly.

    registration -> evidence (clean, harmonised, small) -> tiles at full resolution:
        alpha by unblending, front to back -> colours projected -> integers chosen

What a provider returns is evidence: which pixel belongs to which layer, how much, and what lies
behind. The visible colours are the source's, the integers those that the compositing program rounds
back to the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layersplit.domain import Arithmetic, Colours, Layer, ModelLayer, Picture
from layersplit.pixels.threads import in_threads
from layersplit.restore.answer import small_layers
from layersplit.restore.evidence import clean, gather
from layersplit.restore.harmony import harmonised
from layersplit.restore.strips import run_tiles
from layersplit.run import Run

__all__ = ["restore"]


def restore(
    picture: Picture,
    layers: Sequence[ModelLayer],
    *,
    arithmetic: Arithmetic,
    colours: Colours,
    run: Run,
    scratch: Path | None = None,
    is_in_place: bool = False,
) -> tuple[Layer, ...]:
    """Full-size layers that add up to ``picture``, from a provider's small ones.

    ``layers``: bottom first, checked and in order, of any sizes; at least one. ``colours``:
    "source" makes the composite equal the picture, "model" keeps the provider's colours under
    sharp alpha. ``scratch``: a folder that then holds the layers as raw files. ``is_in_place``: the
    layers were cut out of this very picture, so no displacement is looked for.

    Returns layers in the document's dtype and colour values, straight alpha, cropped to their
    content, bottom first. A layer without content is left out, except the bottom. Raises Cancelled.
    """
    run.progress("restore", 0.0, "Bringing the layers to full size")
    grid, small, stack = small_layers(picture, layers, is_in_place=is_in_place)
    run.check()
    cleaned = in_threads(lambda one: clean(one[1], bottom=one[0] == 0), enumerate(stack))
    run.check()
    if colours == "source":
        cleaned = harmonised(small, cleaned)
    run.check()
    evidence = gather(grid, small, cleaned)
    names = [layer.name or f"Layer {number}" for number, layer in enumerate(layers, start=1)]
    confidences = [layer.confidence for layer in layers]
    return run_tiles(
        picture,
        evidence,
        names=names,
        confidences=confidences,
        arithmetic=arithmetic,
        colours=colours,
        run=run,
        scratch=scratch,
    )
