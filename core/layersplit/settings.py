"""What the user chose, in ``settings.json`` of the data folder. Every key may be missing.

    provider            the one that is used when none is named
    addresses           {provider: base address}, as the variables LAYERSPLIT_<PROVIDER>_URL
    told                {provider: date on which the user was told what is sent there, and to whom}
    limit_day_usd       a run that would cost more, today's sum included, is not sent
    limit_month_usd     the same for the month
    cache_mib, jobs_mib how much disk answers and finished jobs may take
    poll_s              seconds between two questions to a service (null: the service's own pace)
    answer_s            seconds that one answer may take
    patience_s          seconds without any answer before a running job is left for later
    deadline_s          seconds that a remote job may take (null: the service's own limit)

Keys that this version does not know are kept when the file is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, get_args, get_origin, get_type_hints

from layersplit.bridge.paths import settings_file
from layersplit.errors import SetupError
from layersplit.private_files import write_private


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The file's content; see the module's docstring."""

    provider: str = "classic"
    addresses: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    limit_day_usd: float | None = None
    limit_month_usd: float | None = None
    cache_mib: int = 512
    jobs_mib: int = 1024
    poll_s: float | None = None
    answer_s: float = 20.0
    patience_s: float = 90.0
    deadline_s: float | None = None


_NAMES: Final = tuple(item.name for item in fields(Settings))


def load_settings() -> Settings:
    """The settings, or the defaults where there is no file; raises SetupError for a damaged one.

    A damaged file is no reason to forget a spending limit, so it is not passed over in silence.
    """
    hints = get_type_hints(Settings)
    known = {name: value for name, value in _read().items() if name in _NAMES}
    for name, value in known.items():
        if not _fits(value, hints[name]):
            raise _damaged(f"'{name}' cannot be {json.dumps(value)}")
    return Settings(**known)


def change_settings(**changes: object) -> Settings:
    """Write these keys, keep all others; returns the new settings."""
    unknown = set(changes) - set(_NAMES)
    if unknown:
        raise ValueError(f"Expected names of settings, got {sorted(unknown)}")
    content = {**_read(), **changes}
    write_private(settings_file(), json.dumps(content, indent=1).encode() + b"\n")
    return load_settings()


def change_section(name: str, **changes: object) -> None:
    """Write these keys of the object ``name``; None takes one away. Everything else is kept."""
    content = _read()
    section = content.get(name)
    known = section if isinstance(section, dict) else {}
    changed = {key: value for key, value in {**known, **changes}.items() if value is not None}
    write_private(
        settings_file(), json.dumps({**content, name: changed}, indent=1).encode() + b"\n"
    )


def _read() -> dict[str, Any]:
    try:
        content = json.loads(settings_file().read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _damaged(str(error)) from error
    if not isinstance(content, dict):
        raise _damaged("it holds no JSON object")
    return content


def _fits(value: object, hint: Any) -> bool:
    """Whether a JSON value has the type of the field; integers may stand for floats."""
    options = get_args(hint) if get_origin(hint) is not Mapping else ()
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if hint is str:
        return isinstance(value, str)
    if hint is type(None):
        return value is None
    if options:
        return any(_fits(value, option) for option in options)
    return isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())


def _damaged(reason: str) -> SetupError:
    return SetupError(
        f"The settings cannot be read: {reason}.",
        meaning="Nothing was sent, because the file may hold a spending limit.",
        remedy=f"Mend or delete {settings_file()}.",
    )
