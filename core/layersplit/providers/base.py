"""What every provider is: something that answers a picture with layers.

A provider translates; it does not restore, order, name or export. It gets a :class:`Task`, may look
at the picture only in the reduced form that its model can use, and returns an :class:`Answer`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from layersplit.domain import U8, Extent, Hints, ModelLayer, SplitRequest
from layersplit.run import Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A picture (or the region of one) that is to be split, as a provider sees it."""

    request: SplitRequest
    extent: Extent
    """Full size of what is split; ``hints`` are in these pixels."""
    hints: Hints
    reduced: Callable[[int], U8]
    """``reduced(area_px)``: the picture as (h, w, 4) u8 sRGB, straight alpha, downsampled by area
    averaging to at most ``area_px`` pixels at the same aspect ratio; never enlarged."""
    job: str | None = None
    """Our id of this job, for the journal."""
    title: str = "Picture"
    """For the list of jobs."""
    remember: Callable[[Path], None] | None = None
    """Writes what finishing the job needs into its folder (layersplit.remote.continuation)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a provider returned: layers as it ordered them (meant bottom first), uninspected."""

    layers: tuple[ModelLayer, ...]
    order_is_certain: bool = False
    """True when the provider built the order itself (classic); then it is not searched again."""
    is_in_place: bool = False
    """True when the layers were cut out of this very picture: no displacement is looked for."""
    follows_hints: bool = False
    """True when the hinted subject is already a layer of its own, in front."""
    cost_usd: float | None = None
    job: str | None = None
    notes: tuple[str, ...] = ()


class Provider(Protocol):
    """One way of getting layers. Constructing one is cheap and imports nothing heavy."""

    name: ClassVar[str]

    def unready(self) -> str | None:
        """None when a run can start, else one sentence with the reason and the remedy."""
        ...

    def split(self, task: Task, run: Run) -> Answer:
        """Do the work; stages reported to ``run`` are all "provider".

        Raises any :class:`layersplit.errors.LayersplitError`, or Cancelled within two seconds.
        """
        ...
