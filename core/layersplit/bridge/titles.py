"""What the providers are called, for those who cannot ask the worker: a history, GIMP's query."""

from __future__ import annotations

from layersplit.bridge.texts import N_, translated

TITLES = {
    "classic": N_("Offline splitter"),
    "wavespeed": "WaveSpeedAI",
    "runcomfy": "RunComfy",
    "fal": "fal",
    "replicate": "Replicate",
    "comfyui": N_("ComfyUI server"),
    "local": N_("This computer's GPU"),
}
"""In the order in which dialogs show them."""


def title_of(provider: str) -> str:
    """The name of ``provider`` for the user; its short name where this version knows none."""
    return translated(TITLES.get(provider, provider))
