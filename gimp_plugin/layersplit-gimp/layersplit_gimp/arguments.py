"""The procedure's arguments as choices, and back. 0, -1 and an empty text mean: the default."""

from __future__ import annotations

from typing import Any

from layersplit.bridge.choices import Choices
from layersplit.bridge.messages import Options
from layersplit.bridge.texts import language


def choices_of(config: Any) -> Choices:
    """What the caller, or the user the last time, has set."""

    def get(name: str) -> Any:
        return config.get_property(name)

    return Choices(
        provider=get("provider"),
        layers=get("layers") or None,
        prompt=get("prompt") or "",
        negative_prompt=get("negative-prompt") or "",
        scope=get("scope"),
        colours=get("colours"),
        hide_original=get("hide-original"),
        resolution=get("resolution") or None,
        steps=get("steps") or None,
        guidance=get("guidance") or None,
        seed=get("seed") if get("seed") >= 0 else None,
    )


def remember(config: Any, choices: Choices) -> None:
    """Write ``choices`` into the arguments; GIMP keeps them for the next time when we succeed."""
    for name, value in (
        ("provider", choices.provider),
        ("layers", choices.layers or 0),
        ("prompt", choices.prompt),
        ("negative-prompt", choices.negative_prompt),
        ("scope", choices.scope),
        ("colours", choices.colours),
        ("hide-original", choices.hide_original),
        ("resolution", choices.resolution or 0),
        ("steps", choices.steps or 0),
        ("guidance", choices.guidance or 0.0),
        ("seed", -1 if choices.seed is None else choices.seed),
    ):
        config.set_property(name, value)


def all_options(choices: Choices) -> Options:
    """For the worker, when no list of providers was asked for: it refuses what does not fit."""
    return Options(
        provider=choices.provider,
        layers=choices.layers,
        prompt=choices.prompt,
        negative_prompt=choices.negative_prompt,
        resolution=choices.resolution,
        seed=choices.seed,
        steps=choices.steps,
        guidance=choices.guidance,
        colours=choices.colours,
        language=language(),
    )
