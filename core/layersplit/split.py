"""The use case: one picture in, a named stack that adds up to it out.

The command line and the worker share this path:

    request checked -> provider answers -> answer inspected and ordered -> hints applied
    -> restored to full resolution -> named -> measured

Everything that can be refused is refused before the provider is asked, so no money and no time is
spent on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from layersplit.capabilities import CAPABILITIES
from layersplit.checks.isolate import isolate
from layersplit.checks.names import name_layers
from layersplit.checks.order import best_order
from layersplit.checks.sanity import inspect
from layersplit.checks.verdict import judge
from layersplit.domain import (
    U8,
    Bounds,
    Dropped,
    Extent,
    Layer,
    LayerReport,
    LayerStack,
    ModelLayer,
    Picture,
    SplitReport,
    SplitRequest,
)
from layersplit.errors import InputError, ProviderError
from layersplit.pixels.colour import reduced_srgb
from layersplit.pixels.compositing import peak
from layersplit.providers import provider
from layersplit.providers.base import Answer, Task
from layersplit.region import embed, hinted_region
from layersplit.remote.continuation import remember
from layersplit.restore import restore
from layersplit.restore.measure import measure
from layersplit.run import Run

CHECK_AREA_PX: Final = 640 * 640
"""Area at which an answer is inspected: that of the models, so nothing that they know is lost."""


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.seconds: Final[dict[str, float]] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time inside to ``stage``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            passed = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + passed


def split_picture(
    picture: Picture,
    request: SplitRequest,
    *,
    run: Run,
    region: Bounds | None = None,
    job: str | None = None,
    scratch: Path | None = None,
    origin: Path | None = None,
) -> tuple[LayerStack, SplitReport]:
    """Split ``picture``, or the ``region`` of it, and report what happened.

    ``region``: only these pixels are split; the layers lie at their place in the document and add
    up to the picture inside the region. ``job``: the id under which a paid job is found again after
    a crash. ``scratch``: a folder for results that are too large for memory. ``origin``: the file
    that the picture was read from, so that a paid job need not keep a copy of its pixels.

    Returns the stack (bottom first, document dtype and colour values) and the report, whose
    ``seconds`` lack the stage "export". Raises InputError before anything is spent, whatever the
    provider raises, and Cancelled.
    """
    check_request(request, picture.extent)
    clock = _Clock()
    with clock.measure("prepare"):
        run.progress("prepare", 0.0, "Preparing the picture")
        sent = region or hinted_region(request, picture.extent)
        part = picture if sent is None else picture.crop(sent)
        hints = request.hints if sent is None else request.hints.inside(sent)
        small = reduced_srgb(part, CHECK_AREA_PX)
        task = Task(
            # A service that reads an address itself would see more than the region.
            request=request if sent is None else replace(request, address=None),
            extent=part.extent,
            hints=hints,
            reduced=lambda area_px: (
                small if area_px == CHECK_AREA_PX else reduced_srgb(part, area_px)
            ),
            job=job,
            title=picture.title,
            remember=partial(
                remember, picture=picture, request=request, region=region, origin=origin
            ),
        )
    with clock.measure("provider"):
        answer = provider(request.provider).split(task, run)
    with clock.measure("restore"):
        run.progress("restore", 0.0, "Checking the layers")
        layers, dropped, reordered, notes = _checked(answer, small, request)
        if hints and not answer.follows_hints:
            layers = isolate(small, layers, hints, part.extent)
        names = name_layers(small, layers, language=request.language)
        named = [replace(layer, name=name) for layer, name in zip(layers, names, strict=True)]
        restored = restore(
            part,
            named,
            arithmetic=request.arithmetic,
            colours=request.colours,
            run=run,
            scratch=scratch,
            is_in_place=answer.is_in_place,
        )
        reconstruction = measure(part, restored, request.arithmetic, run)
        placed = _placed(restored, sent)
        if sent is not None and region is None:
            placed = embed(placed, picture, sent)
    stack = LayerStack(extent=picture.extent, layers=placed, icc=picture.icc, title=picture.title)
    report = SplitReport(
        provider=request.provider,
        extent=picture.extent,
        layers=tuple(_layer_report(layer, picture.extent) for layer in placed),
        dropped=dropped,
        reordered=reordered,
        reconstruction=reconstruction,
        seconds=clock.seconds,
        cost_usd=answer.cost_usd,
        job=answer.job,
        notes=(*picture.notes, *answer.notes, *notes, *_count_note(request, len(layers))),
    )
    return stack, report


def check_request(request: SplitRequest, extent: Extent) -> None:
    """Refuse what the provider cannot do or what lies outside the picture; raises InputError."""
    capability = CAPABILITIES.get(request.provider)
    if capability is None:
        raise InputError(
            f"There is no provider called '{request.provider}'.",
            meaning="Nothing was sent and nothing was changed.",
            remedy=f"Choose one of: {', '.join(CAPABILITIES)}.",
        )
    least, most = capability.layers
    count = request.layer_count
    if count is not None and not least <= count <= most:
        raise InputError(
            f"{capability.title} makes {least} to {most} layers, not {count}.",
            meaning="Nothing was sent and nothing was changed.",
            remedy="Choose a number in this range, or 'auto'.",
        )
    _check_range("steps", request.steps, capability.steps)
    _check_range("guidance", request.guidance, capability.guidance)
    _check_hints(request, extent)


def _check_range(what: str, value: float | None, allowed: tuple[float, float] | None) -> None:
    if value is not None and allowed is not None and not allowed[0] <= value <= allowed[1]:
        raise InputError(
            f"The value {value} for {what} is out of range.",
            meaning="Nothing was sent and nothing was changed.",
            remedy=f"Choose {what} from {allowed[0]} to {allowed[1]}.",
        )


def _check_hints(request: SplitRequest, extent: Extent) -> None:
    inside = extent.bounds
    outside = [box.as_list() for box in request.hints.boxes if box.intersection(inside).is_empty]
    outside += [
        [point.x, point.y]
        for point in request.hints.points
        if not (0 <= point.x < extent.width and 0 <= point.y < extent.height)
    ]
    if outside:
        raise InputError(
            f"The hint {outside[0]} lies outside the picture.",
            meaning=f"The picture has {extent.width} x {extent.height} pixels, counted from 0.",
            remedy="Give the hint in pixels of the picture.",
        )
    mask = request.hints.mask
    if mask is not None and mask.shape != (extent.height, extent.width):
        raise InputError(
            f"The mask has {mask.shape[1]} x {mask.shape[0]} pixels.",
            meaning=f"The picture has {extent.width} x {extent.height} pixels.",
            remedy="Give a mask of the picture's size.",
        )
    if mask is not None and not np.any(mask):
        raise InputError(
            "The mask is empty.",
            meaning="Nothing in the picture is marked.",
            remedy="Paint over the object roughly, in white on black.",
        )


def _checked(
    answer: Answer, small: U8, request: SplitRequest
) -> tuple[list[ModelLayer], tuple[Dropped, ...], bool, tuple[str, ...]]:
    """Leave out what is no layer, and put the rest in the order that explains the picture."""
    if not answer.layers:
        raise ProviderError(
            f"{CAPABILITIES[request.provider].title} returned no layer.",
            meaning="There is nothing to insert.",
            remedy="Try again, or choose another provider.",
            retry_helps=True,
            may_have_cost=bool(answer.cost_usd),
        )
    inspection = inspect(small, answer.layers)
    kept = [answer.layers[index] for index in inspection.kept]
    if answer.order_is_certain:
        return kept, inspection.dropped, False, inspection.notes
    ordering = best_order(small, kept)
    ordered = [kept[index] for index in ordering.order]
    notes = (*inspection.notes, *judge(small, ordered))
    return ordered, inspection.dropped, ordering.changed, notes


def _placed(layers: Sequence[Layer], region: Bounds | None) -> tuple[Layer, ...]:
    """The layers at their place in the document."""
    if region is None:
        return tuple(layers)
    return tuple(replace(layer, x=layer.x + region.x, y=layer.y + region.y) for layer in layers)


def _layer_report(layer: Layer, extent: Extent) -> LayerReport:
    alpha = layer.pixels[..., 3]
    full = peak(alpha.dtype)
    return LayerReport(
        name=layer.name,
        bounds=layer.bounds,
        coverage=float(alpha.sum(dtype=np.float64)) / full / extent.area,
        confidence=layer.confidence,
    )


def _count_note(request: SplitRequest, count: int) -> tuple[str, ...]:
    if request.layer_count is None or request.layer_count == count:
        return ()
    return (f"{request.layer_count} layers were asked for; the picture gave {count}.",)
