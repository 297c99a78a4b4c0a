"""What is to be split, with every default filled in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from layersplit.domain import U8
from layersplit.local.estimate import Work, fitting_size
from layersplit.local.facts import ModelFacts
from layersplit.local.machine import Machine
from layersplit.local.options import Options

STEPS: Final = 28
GUIDANCE: Final = 4.0
LAYERS: Final = 4
RESOLUTION: Final = 640


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalTask:
    """What to split and how; None means the default.

    ``picture(area_px)``: (h, w, 4) u8 sRGB, straight alpha, at most ``area_px`` pixels.
    ``width``, ``height``: of the whole picture, for its aspect.
    """

    picture: Callable[[int], U8]
    width: int
    height: int
    layers: int | None = None
    prompt: str = ""
    negative_prompt: str = ""
    resolution: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    model: str | None = None
    plan: str | None = None
    language: str = "en"
    fresh: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """The task with all defaults filled in, and where it runs."""

    task: LocalTask
    options: Options
    facts: ModelFacts
    machine: Machine

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that the model sees."""
        resolution = self.task.resolution or RESOLUTION
        return fitting_size(self.task.width, self.task.height, resolution)

    @property
    def guidance(self) -> float:
        """How strongly the description counts; 1 is off."""
        return GUIDANCE if self.task.guidance is None else self.task.guidance

    @property
    def work(self) -> Work:
        """What the planner has to know."""
        width, height = self.size
        return Work(
            width=width,
            height=height,
            layers=self.task.layers or LAYERS,
            steps=self.task.steps or STEPS,
            passes=2 if self.guidance > 1 else 1,
            captioned=not self.task.prompt.strip(),
            named=self.options.names,
        )
