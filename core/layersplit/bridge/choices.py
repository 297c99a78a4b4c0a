"""What the user chooses before a split: the same in both hosts, free of any toolkit.

A dialog shows one :class:`ProviderRow` at a time and edits one :class:`Choices`; what travels to
the worker is :meth:`Choices.options`, which holds only what the chosen provider really has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from layersplit.bridge.jsonfile import read_json, write_json
from layersplit.bridge.messages import Options
from layersplit.bridge.paths import data_folder, settings_file
from layersplit.bridge.texts import N_, language

SCOPES = ("picture", "selection", "layer")
COLOURS = ("source", "model")
MOST_LAYERS = 10


@dataclass(frozen=True)
class ProviderRow:
    """One provider as the worker's ``provider-list`` describes it (see capabilities.py)."""

    name: str = "classic"
    title: str = N_("Offline splitter")
    ready: bool = True
    reason: Optional[str] = None
    layers: Tuple[int, int] = (1, MOST_LAYERS)
    default_layers: Optional[int] = None
    options: FrozenSet[str] = frozenset({"hints", "language"})
    resolutions: Tuple[int, ...] = ()
    default_resolution: Optional[int] = None
    steps: Optional[Tuple[int, int]] = None
    default_steps: Optional[int] = None
    guidance: Optional[Tuple[float, float]] = None
    default_guidance: Optional[float] = None
    price_usd: Optional[float] = None
    price_unit: Optional[str] = None
    price_date: Optional[str] = None
    sends_to: Optional[str] = None
    key_variable: Optional[str] = None
    retention: str = ""
    missing_part: Optional[str] = None
    """What install.py would add to make it ready, or None."""
    models: Tuple[Tuple[str, float, str], ...] = ()
    """Weights that can be fetched by name: name, bytes, licence."""

    @classmethod
    def from_json(cls, body: Dict[str, Any]) -> "ProviderRow":
        """A row of the worker's list; what this version does not know is ignored."""
        known = {item.name: body[item.name] for item in fields(cls) if item.name in body}
        for name in ("layers", "resolutions", "steps", "guidance"):
            if isinstance(known.get(name), list):
                known[name] = tuple(known[name])
        known["options"] = frozenset(known.get("options") or ())
        known["models"] = tuple(tuple(model) for model in known.get("models") or ())
        return cls(**known)

    @property
    def has_models(self) -> bool:
        """Whether the user chooses its weights, and everything else that it needs is there."""
        return "model" in self.options and self.missing_part is None

    @property
    def has_advanced(self) -> bool:
        """Whether there is anything to fold away."""
        return bool(self.resolutions or self.options & {"steps", "guidance", "seed"})

    def price_for(self, layers: Optional[int]) -> Optional[float]:
        """US dollars of one run as published; None where that is unknown, 0.0 where it is free."""
        if self.sends_to is None:
            return 0.0
        if self.price_usd is None:
            return None
        count = layers or self.default_layers or self.layers[1]
        return self.price_usd * (count if self.price_unit == "layer" else 1)


OFFLINE_ROW = ProviderRow()
"""What a dialog shows until the worker has answered: the splitter that is always there."""


def rows_of(providers: Sequence[Dict[str, Any]]) -> List[ProviderRow]:
    """The worker's list as rows, in its order."""
    return [ProviderRow.from_json(body) for body in providers]


@dataclass(frozen=True)
class Choices:
    """One filled-in dialog. None means: the provider's default (for layers: automatic)."""

    provider: str = "classic"
    layers: Optional[int] = None
    prompt: str = ""
    negative_prompt: str = ""
    scope: str = "picture"
    colours: str = "source"
    hide_original: bool = False
    resolution: Optional[int] = None
    steps: Optional[int] = None
    guidance: Optional[float] = None
    seed: Optional[int] = None

    def options(self, row: ProviderRow) -> Options:
        """The message for the worker: what ``row`` has, within its ranges."""
        has = row.options
        return Options(
            provider=row.name,
            layers=None if self.layers is None else int(_within(self.layers, row.layers)),
            prompt=self.prompt if "prompt" in has else "",
            negative_prompt=self.negative_prompt if "negative_prompt" in has else "",
            resolution=self.resolution if self.resolution in row.resolutions else None,
            seed=self.seed if "seed" in has else None,
            steps=_number(self.steps, row.steps) if "steps" in has else None,
            guidance=None
            if self.guidance is None or row.guidance is None
            else float(_within(self.guidance, row.guidance)),
            colours=self.colours,
            language=language(),
        )


def _within(value: float, limits: Tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _number(value: Optional[int], limits: Optional[Tuple[int, int]]) -> Optional[int]:
    return None if value is None or limits is None else int(_within(value, limits))


def last_choices() -> Choices:
    """What the user chose last in this host, or the defaults; never raises."""
    known = {item.name for item in fields(Choices)}
    body = read_json(_last_choices_file())
    chosen = {name: value for name, value in body.items() if name in known}
    try:
        choices = Choices(**chosen)
        choices.options(ProviderRow(name=choices.provider))
    except (TypeError, ValueError):
        choices = Choices()
    if not body:
        provider = read_json(settings_file()).get("provider")
        if isinstance(provider, str):
            choices = replace(choices, provider=provider)
    return choices


def remember_choices(choices: Choices) -> None:
    """Keep ``choices`` for the next time; a disk that cannot be written stops nothing."""
    write_json(_last_choices_file(), asdict(choices))


def _last_choices_file() -> Path:
    return data_folder() / "last-choices.json"


@dataclass(frozen=True)
class Consent:
    """Which services the user has agreed to send pictures to: ``told`` in settings.json."""

    told: Dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Consent":
        """What stands in the settings."""
        told = read_json(settings_file()).get("told")
        return cls(told if isinstance(told, dict) else {})

    def is_needed(self, row: ProviderRow) -> bool:
        """Whether the user has to be told before a picture goes there."""
        return row.sends_to is not None and row.name not in self.told

    @staticmethod
    def give(row: ProviderRow, date: str) -> None:
        """Write down that the user was told on ``date`` and agreed; other settings are kept."""
        content = read_json(settings_file())
        told = content.get("told")
        content["told"] = {**(told if isinstance(told, dict) else {}), row.name: date}
        write_json(settings_file(), content)
