"""All providers, as an explicit table: one more provider is one file and one line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from layersplit.capabilities import CAPABILITIES
from layersplit.errors import InputError

if TYPE_CHECKING:  # numpy comes with it, and --help does without
    from layersplit.providers.base import Provider

PROVIDERS: Final[dict[str, str]] = {
    "classic": "layersplit.providers.classic:Classic",
    "wavespeed": "layersplit.providers.wavespeed:hosted",
    "runcomfy": "layersplit.providers.runcomfy:hosted",
    "fal": "layersplit.providers.fal:hosted",
    "replicate": "layersplit.providers.replicate:hosted",
    "comfyui": "layersplit.providers.comfyui:hosted",
    "local": "layersplit.providers.local:Local",
}
"""Name to ``module:class``; a module is imported when its provider is used, not before."""

DEFAULT_PROVIDER: Final = "classic"


def provider(name: str) -> Provider:
    """Return the provider called ``name``; raises InputError for an unknown name."""
    try:
        module, attribute = PROVIDERS[name].split(":")
    except KeyError:
        raise InputError(
            f"There is no provider called '{name}'.",
            meaning="Nothing was sent and nothing was changed.",
            remedy=f"Choose one of: {', '.join(PROVIDERS)}.",
        ) from None
    return cast("Provider", getattr(import_module(module), attribute)())


def described(name: str) -> dict[str, Any]:
    """The provider's row for dialogs: what it can do, whether it is ready, how to make it so."""
    from layersplit.local import catalogue, parts  # noqa: PLC0415 - only where somebody asks

    row = CAPABILITIES[name].as_json(unready(name))
    if name == "local":
        row["missing_part"] = "local" if parts.missing() else None
        row["models"] = [
            [entry.name, entry.size_bytes, entry.licence] for entry in catalogue.CATALOGUE.values()
        ]
    return row


def unready(name: str) -> str | None:
    """None when the provider can start a run here, else one sentence with reason and remedy."""
    if name not in PROVIDERS:
        return "It is not part of this version."
    return provider(name).unready()
