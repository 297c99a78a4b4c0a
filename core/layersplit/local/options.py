"""What the user set for ``local``, in the object ``"local"`` of settings.json; all may be missing.

model          what --model takes, for runs without it
memory_gb      how much of the card (or of RAM, without one) Layersplit may take
idle_minutes   how long the model stays loaded after a run; 0 frees it at once
attention      a backend of diffusers ("native", "flash", "sage", ...) instead of the fastest
compile        true: torch.compile for the transformer's blocks (minutes at the first run)
step_cache     0.05 .. 0.3: skip blocks whose input changes less than this share; 0 is off
names          false: the text encoder does not name the layers
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from layersplit.bridge.paths import settings_file
from layersplit.errors import SetupError


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """See the module's docstring."""

    model: str | None = None
    memory_gb: float | None = None
    idle_minutes: float = 10.0
    attention: str | None = None
    compile: bool = False
    step_cache: float = 0.0
    names: bool = True


def load_options() -> Options:
    """The section of the settings; raises SetupError for a value of the wrong type."""
    try:
        content = json.loads(settings_file().read_bytes())
    except FileNotFoundError:
        return Options()
    except (OSError, ValueError) as error:
        raise _damaged(str(error)) from error
    section = content.get("local", {}) if isinstance(content, dict) else {}
    return _options(section)


def _options(section: Any) -> Options:
    if not isinstance(section, Mapping):
        raise _damaged("'local' is no object")
    hints = get_type_hints(Options)
    known = {item.name: section[item.name] for item in fields(Options) if item.name in section}
    for name, value in known.items():
        if not _fits(value, hints[name]):
            raise _damaged(f"'{name}' cannot be {json.dumps(value)}")
    return Options(**known)


def _fits(value: object, hint: Any) -> bool:
    if hint is bool:
        return isinstance(value, bool)
    if value is None:
        return hint not in (float, bool)
    if hint in (float, float | None):
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)


def _damaged(reason: str) -> SetupError:
    return SetupError(
        f"The settings for 'local' cannot be read: {reason}.",
        meaning="Nothing was loaded.",
        remedy=f"Mend the object 'local' in {settings_file()}, or remove it.",
    )
