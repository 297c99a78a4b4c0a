"""Keys of hosted services: the environment first, then the system's key ring, then a private file.

A key is only ever handed to the transport. It is never an argument of a process, never part of a
message, a log or a file other than ``keys.json`` (0600), which is written only where the system has
no key ring.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from layersplit.bridge.paths import data_folder
from layersplit.capabilities import CAPABILITIES, Capability
from layersplit.errors import SetupError
from layersplit.private_files import write_private

RING_SERVICE: Final = "layersplit"
RING_PATIENCE_S: Final = 20.0
"""A locked key ring asks the user for its password; one that never answers must not stop a run."""


@dataclass(frozen=True)
class Key:
    """``place``: where it was found, for the user."""

    value: str = field(repr=False)
    place: str


def find_key(name: str) -> Key | None:
    """The key for provider ``name``, or None."""
    variable = CAPABILITIES[name].key_variable
    if variable is None:
        return None
    value = os.environ.get(variable, "").strip()
    if value:
        return Key(value, f"the variable {variable}")
    ring = _ask_ring("get_password", RING_SERVICE, name)
    if isinstance(ring, str) and ring.strip():
        return Key(ring.strip(), "the system's key ring")
    value = _read_file().get(name, "").strip()
    return Key(value, str(keys_file())) if value else None


def need_key(name: str) -> Key:
    """The key for provider ``name``; raises SetupError with the remedy."""
    key = find_key(name)
    if key is None:
        capability = CAPABILITIES[name]
        raise SetupError(
            f"There is no key for {capability.title}.",
            meaning="Nothing was sent.",
            remedy=f"{how_to_set(capability)} A key is made at {capability.key_page}",
        )
    if not key.value.isascii() or not key.value.isprintable() or " " in key.value:
        capability = CAPABILITIES[name]
        raise SetupError(
            f"What is in {key.place} is no key for {capability.title}.",
            meaning="Nothing was sent: a key has no spaces, line breaks or accents.",
            remedy=f"Copy it again from {capability.key_page}. {how_to_set(capability)}",
        )
    return key


def how_to_set(capability: Capability) -> str:
    """The sentence that says how a key gets here."""
    return (
        f"Set one with: layersplit key set {capability.name} "
        f"(or in the variable {capability.key_variable})."
    )


def keep_key(name: str, value: str) -> str:
    """Keep the key of provider ``name``; returns the place, for the user."""
    if _ask_ring("set_password", RING_SERVICE, name, value) is not _NO_RING:
        with suppress(KeyError):
            _write_file({k: v for k, v in _read_file().items() if k != name})
        return "the system's key ring"
    _write_file({**_read_file(), name: value})
    return str(keys_file())


def forget_key(name: str) -> bool:
    """Forget the key of provider ``name``, wherever we keep it; False when there was none."""
    in_ring = isinstance(_ask_ring("get_password", RING_SERVICE, name), str)
    if in_ring:
        _ask_ring("delete_password", RING_SERVICE, name)
    kept = _read_file()
    if name in kept:
        _write_file({other: value for other, value in kept.items() if other != name})
    return in_ring or name in kept


def keys_file() -> Path:
    """Where keys lie on a system without a key ring."""
    return data_folder() / "keys.json"


def _read_file() -> dict[str, str]:
    try:
        content = json.loads(keys_file().read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(name): value for name, value in content.items() if isinstance(value, str)}


def _write_file(keys: dict[str, str]) -> None:
    if keys or keys_file().exists():
        write_private(keys_file(), json.dumps(keys).encode())


_NO_RING: Final = object()


def _ask_ring(verb: str, *arguments: str) -> Any:
    """What the key ring answers; ``_NO_RING`` when there is none, or it does not answer."""
    answer: list[Any] = []

    def ask() -> None:
        # Key rings fail in as many ways as there are desktops; none of them is a reason to stop.
        with suppress(Exception):
            import keyring  # noqa: PLC0415 - it takes 0.1 s and is rarely needed
            from keyring.backends import fail, null  # noqa: PLC0415 - as above

            ring = keyring.get_keyring()
            if not isinstance(ring, (fail.Keyring, null.Keyring)):
                answer.append(getattr(ring, verb)(*arguments))

    thread = threading.Thread(target=ask, daemon=True, name="layersplit-key-ring")
    thread.start()
    thread.join(RING_PATIENCE_S)
    return answer[0] if answer else _NO_RING
