"""The embedded splitter as a provider: offline, free, always ready."""

from __future__ import annotations

from typing import ClassVar, Final

from layersplit.providers.base import Answer, Task
from layersplit.run import Run

WORK_AREA_PX: Final = 800 * 800
"""Letters of small print keep their shape, and the whole stays well under three seconds."""


class Classic:
    """Split with image analysis alone. Layers bottom first, their order is by construction."""

    name: ClassVar[str] = "classic"

    def unready(self) -> str | None:
        """Always ready: everything that it needs is a part of Layersplit."""
        return None

    def split(self, task: Task, run: Run) -> Answer:
        """Answer with layers of the reduced picture; raises Cancelled only."""
        from layersplit.classic.splitter import split  # noqa: PLC0415 - loads numpy and OpenCV

        run.progress("provider", 0.0, "Looking at the picture")
        splitting = split(
            task.reduced(WORK_AREA_PX),
            hints=task.hints,
            extent=task.extent,
            layer_count=task.request.layer_count,
            run=run,
        )
        return Answer(
            layers=splitting.layers,
            order_is_certain=True,
            is_in_place=True,
            follows_hints=True,
            notes=splitting.notes,
        )
