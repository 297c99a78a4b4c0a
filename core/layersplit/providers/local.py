"""Qwen-Image-Layered on this computer: a translation between the task and ``layersplit.local``."""

from __future__ import annotations

import os
from typing import ClassVar, Final

from layersplit.domain import ModelLayer
from layersplit.errors import LayersplitError, SetupError
from layersplit.local import parts
from layersplit.local.background import import_modules
from layersplit.local.job import LocalTask
from layersplit.local.options import load_options
from layersplit.local.outlook import not_installed
from layersplit.local.weights import find_weights
from layersplit.providers.base import Answer, Task
from layersplit.run import Run

_HEAVY: Final = ("torch", "transformers", "diffusers", "layersplit.local.splitter")

_HOURS_BYTES: Final = 2 * 10**9
"""Weights from this size on are hopeless on a processor."""


class Local:
    """No upload, no price. Layers come bottom first, straight alpha, at the model's size."""

    name: ClassVar[str] = "local"

    def unready(self) -> str | None:
        """Packages and weights are looked for; nothing is imported or opened."""
        if parts.missing():
            failure: LayersplitError = not_installed()
            return f"{failure.fact} {failure.remedy}"
        try:
            weights = find_weights(load_options().model)
        except LayersplitError as error:
            return f"{error.fact} {error.remedy}"
        if weights.size_bytes <= _HOURS_BYTES:
            return None
        card = parts.card_here()
        if card == "cpu":
            return (
                "No graphics card was found; without one a picture would take hours. "
                "Choose another provider."
            )
        return parts.unsuited() if parts.is_wrong_build(card) else None

    def split(self, task: Task, run: Run) -> Answer:
        """Split here; raises SetupError before anything long starts, and Cancelled."""
        if parts.missing():
            raise not_installed()
        options = load_options()
        find_weights(task.request.model or options.model)  # seconds before torch is there
        _stay_offline()
        run.progress("provider", None, "Starting PyTorch")
        try:
            import_modules(_HEAVY, run)
        except (ImportError, OSError, RuntimeError) as error:
            raise _unusable(error) from error
        from layersplit.local.splitter import split_locally  # noqa: PLC0415 - torch

        request = task.request
        done = split_locally(
            LocalTask(
                picture=task.reduced,
                width=task.extent.width,
                height=task.extent.height,
                layers=request.layer_count,
                prompt=request.prompt,
                negative_prompt=request.negative_prompt,
                resolution=request.resolution,
                steps=request.steps,
                guidance=request.guidance,
                seed=request.seed,
                model=request.model,
                plan=request.plan,
                language=request.language,
                fresh=request.fresh,
            ),
            options,
            run,
        )
        layers = tuple(
            ModelLayer(pixels=pixels, name=name)
            for pixels, name in zip(done.layers, done.names, strict=True)
        )
        return Answer(layers=layers, notes=done.notes)


def _unusable(error: Exception) -> SetupError:
    """Packages that are there but do not go together."""
    return SetupError(
        f"PyTorch or a package beside it cannot be started: {str(error).splitlines()[0][:200]}.",
        meaning="Nothing was loaded. The packages may not belong together.",
        remedy="Run install.py --local again; it puts the versions in place that do.",
    )


def _stay_offline() -> None:
    """The weights are files; no library has a reason to ask the hub for anything."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(name, "1")
