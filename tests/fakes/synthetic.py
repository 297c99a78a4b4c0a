"""A provider that returns what the test wants: prepared layers, at the size a model would give."""

from collections.abc import Sequence
from typing import ClassVar

from layersplit.domain import ModelLayer
from layersplit.providers.base import Answer, Task
from layersplit.run import Run


class Synthetic:
    """Answers with ``layers``, whatever it is asked; remembers the tasks."""

    name: ClassVar[str] = "fal"
    layers: ClassVar[Sequence[ModelLayer]] = ()
    tasks: ClassVar[list[Task]] = []

    def unready(self) -> str | None:
        """Always ready."""
        return None

    def split(self, task: Task, run: Run) -> Answer:
        """Answer at once."""
        run.progress("provider", 1.0, "Answered")
        Synthetic.tasks.append(task)
        return Answer(layers=tuple(Synthetic.layers), cost_usd=0.05, job="j-1")
