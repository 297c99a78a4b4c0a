"""Nothing leaves the machine before the user was told once what is sent, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime

from layersplit.capabilities import CAPABILITIES
from layersplit.settings import change_settings, load_settings


def notice(name: str) -> str | None:
    """What the user is to be told before the first run of provider ``name``; None afterwards."""
    capability = CAPABILITIES[name]
    if capability.sends_to is None or name in load_settings().told:
        return None
    most = "" if capability.resolutions else " (at most 0.4 megapixels)"
    under = "" if capability.key_variable is None else ", under your account there"
    return (
        f"A reduced copy of the picture{most}, without metadata, and your description of it are "
        f"sent to {capability.sends_to}{under}. Kept there: {capability.retention}. "
        "This is said once."
    )


def record(name: str) -> None:
    """Remember that the user was told."""
    told = {**load_settings().told, name: datetime.now(UTC).date().isoformat()}
    change_settings(told=told)
