"""What each provider can do: the one table behind dialogs, command line, README and checks.

Importing it costs nothing: standard library only, no network, no provider module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Capability:
    """One row.

    ``layers``: smallest and largest number that is accepted; ``default_layers``: None = it decides.
    ``options``: names of SplitRequest fields that have an effect, beside layer_count and colours.
    ``price_usd``: for ``price_unit`` ("layer" or "picture"), as published on ``price_date``.
    ``sends_to``: the company that gets the picture; None when nothing leaves the machine.
    ``model``: the service's own name of the model, part of what makes two requests the same.
    """

    name: str
    title: str
    layers: tuple[int, int]
    default_layers: int | None
    options: frozenset[str]
    model: str = ""
    resolutions: tuple[int, ...] = ()
    default_resolution: int | None = None
    steps: tuple[int, int] | None = None
    default_steps: int | None = None
    guidance: tuple[float, float] | None = None
    default_guidance: float | None = None
    price_usd: float | None = None
    price_unit: str | None = None
    price_date: str | None = None
    key_variable: str | None = None
    key_page: str = ""
    """Where a key is made and paid for."""
    sends_to: str | None = None
    can_cancel: str = "always"
    """When a running job can be stopped at the provider: always, queued, never."""
    cancel_note: str = ""
    """One sentence: what a job costs that was cancelled after it had been sent."""
    failure_note: str = ""
    """One sentence: what a job costs that failed at the service."""
    failure_is_free: bool = False
    """Whether that is nothing, by the service's own rules."""
    retention: str = ""
    """How long the service keeps the layers."""

    def price_for(self, layer_count: int | None) -> float | None:
        """US dollars of one run as published, or None when it is free or unknown."""
        if self.price_usd is None:
            return None
        count = layer_count or self.default_layers or self.layers[1]
        return round(self.price_usd * (count if self.price_unit == "layer" else 1), 4)

    def as_json(self, unready: str | None) -> dict[str, Any]:
        """The row as ``providers --json`` and the worker's ``provider-list`` give it.

        ``unready``: why no run can start here, or None when one can.
        """
        return {
            "name": self.name,
            "title": self.title,
            "ready": unready is None,
            "reason": unready,
            "layers": list(self.layers),
            "default_layers": self.default_layers,
            "options": sorted(self.options),
            "resolutions": list(self.resolutions),
            "default_resolution": self.default_resolution,
            "steps": None if self.steps is None else list(self.steps),
            "default_steps": self.default_steps,
            "guidance": None if self.guidance is None else list(self.guidance),
            "default_guidance": self.default_guidance,
            "price_usd": self.price_usd,
            "price_unit": self.price_unit,
            "price_date": self.price_date,
            "sends_to": self.sends_to,
            "key_variable": self.key_variable,
            "key_page": self.key_page,
            "can_cancel": self.can_cancel,
            "cancel_note": self.cancel_note,
            "failure_note": self.failure_note,
            "retention": self.retention,
        }


_QWEN_SIZES: Final = (640, 1024)
_SAMPLER: Final = frozenset({"prompt", "negative_prompt", "steps", "guidance", "seed", "hints"})

CAPABILITIES: Final[dict[str, Capability]] = {
    row.name: row
    for row in (
        Capability(
            name="classic",
            title="Offline splitter",
            layers=(1, 10),
            default_layers=None,
            options=frozenset({"hints", "language"}),
        ),
        Capability(
            name="wavespeed",
            title="WaveSpeedAI",
            model="wavespeed-ai/qwen-image/layered",
            layers=(1, 8),
            default_layers=4,
            options=frozenset({"prompt", "hints", "fresh", "address"}),
            price_usd=0.05,
            price_unit="layer",
            price_date="2026-09-21",
            key_variable="WAVESPEED_API_KEY",
            key_page="https://wavespeed.ai/accesskey",
            sends_to="WaveSpeedAI",
            can_cancel="never",
            cancel_note="WaveSpeedAI cannot stop a job: it runs to its end and is charged.",
            failure_note="WaveSpeedAI gives the money for a failed job back within three hours.",
            failure_is_free=True,
            retention="7 days",
        ),
        Capability(
            name="runcomfy",
            title="RunComfy",
            model="qwen/qwen-image-layered",
            layers=(1, 10),
            default_layers=4,
            options=_SAMPLER | {"fresh", "address"},
            steps=(1, 50),
            default_steps=28,
            guidance=(1.0, 20.0),
            default_guidance=5.0,
            key_variable="RUNCOMFY_API_TOKEN",
            key_page="https://www.runcomfy.com/profile",
            sends_to="RunComfy",
            can_cancel="queued",
            cancel_note="RunComfy stops a job only while it queues; a running one is charged.",
            failure_note="Whether a failed job is charged is shown in your RunComfy account.",
            retention="7 days (not confirmed for this interface)",
        ),
        Capability(
            name="fal",
            title="fal",
            model="fal-ai/qwen-image-layered",
            layers=(1, 10),
            default_layers=4,
            options=_SAMPLER | {"fresh", "address"},
            steps=(1, 50),
            default_steps=28,
            guidance=(1.0, 20.0),
            default_guidance=5.0,
            price_usd=0.05,
            price_unit="picture",
            price_date="2026-09-21",
            key_variable="FAL_KEY",
            key_page="https://fal.ai/dashboard/keys",
            sends_to="fal",
            can_cancel="queued",
            cancel_note="fal was asked to stop; a job that already ran may finish and be charged.",
            failure_note="fal charges no failure of its own; a refused picture may be charged.",
            retention="set by the account",
        ),
        Capability(
            name="replicate",
            title="Replicate",
            model="qwen/qwen-image-layered",
            layers=(2, 8),
            default_layers=4,
            options=frozenset({"prompt", "seed", "hints", "fresh", "address"}),
            price_usd=0.03,
            price_unit="picture",
            price_date="2026-09-21",
            key_variable="REPLICATE_API_TOKEN",
            key_page="https://replicate.com/account/api-tokens",
            sends_to="Replicate",
            can_cancel="always",
            cancel_note="Replicate stopped the job; the time that it ran may be charged.",
            failure_note="Replicate may charge the time that a failed job ran.",
            retention="1 hour",
        ),
        Capability(
            name="comfyui",
            title="ComfyUI server",
            model="qwen_image_layered",
            layers=(1, 10),
            default_layers=3,
            options=_SAMPLER | {"resolution", "fresh"},
            resolutions=_QWEN_SIZES,
            default_resolution=640,
            steps=(1, 100),
            default_steps=20,
            guidance=(1.0, 20.0),
            default_guidance=2.5,
            sends_to="the ComfyUI server that you named",
            cancel_note="The ComfyUI server was told to stop; it charges nothing.",
            failure_note="The ComfyUI server charges nothing.",
            retention="until you delete them from the server's output folder",
        ),
        Capability(
            name="local",
            title="This computer's GPU",
            layers=(1, 10),
            default_layers=4,
            options=_SAMPLER | {"resolution", "fresh", "model", "plan"},
            resolutions=_QWEN_SIZES,
            default_resolution=640,
            steps=(1, 100),
            default_steps=28,
            guidance=(1.0, 20.0),
            default_guidance=4.0,
        ),
    )
}
"""Every provider that the product names, in the order in which dialogs show them."""
