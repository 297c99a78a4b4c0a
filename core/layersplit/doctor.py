"""Is everything in place? Each check gives None, or one sentence with the remedy."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layersplit import __version__
from layersplit.bridge.paths import data_folder, install_record
from layersplit.capabilities import CAPABILITIES
from layersplit.local import parts
from layersplit.providers import unready

PACKAGES: Final = ("numpy", "cv2", "PIL", "httpx", "keyring", "psd_tools", "tifffile", "tqdm")
LEAST_FREE_BYTES: Final = 500 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Check:
    """``sentence`` None means fine. ``needed``: no run works without it."""

    name: str
    sentence: str | None
    needed: bool


def examine() -> list[Check]:
    """Every check, the needed ones first; no network, nothing heavy, nothing changed."""
    needed: list[tuple[str, Callable[[], str | None]]] = [
        ("packages", _packages),
        ("data folder", _data_folder),
        ("temporary folder", _temporary_folder),
        ("installation", _installation),
    ]
    checks = [Check(name=name, sentence=check(), needed=True) for name, check in needed]
    checks += [
        Check(name=f"provider {name}", sentence=unready(name), needed=name == "classic")
        for name in CAPABILITIES
    ]
    if not parts.missing():
        checks.append(Check(name="packages of local", sentence=parts.unsuited(), needed=False))
    return checks


def _packages() -> str | None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return f"Missing: {', '.join(missing)}. Run install.py again; it repairs the environment."


def _data_folder() -> str | None:
    folder = data_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"{folder} cannot be written. Give yourself the right, or set LAYERSPLIT_HOME."
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        return f"Only {free // 1024**2} MiB are free at {existing}. Free some space."
    return None


def _temporary_folder() -> str | None:
    try:
        with tempfile.TemporaryFile():
            return None
    except OSError as error:
        return f"No temporary file can be made ({error.strerror}). Set TMPDIR to a writable folder."


def _installation() -> str | None:
    """Fine also without install.json: then this is a checkout or a pip installation."""
    record = install_record()
    if not record.exists():
        return None
    try:
        written = json.loads(record.read_text(encoding="utf-8"))
        python, version = Path(written["python"]), written["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"{record} is damaged. Run install.py again; it repairs the installation."
    if not python.exists():
        return f"The worker's Python is gone ({python}). Run install.py again."
    if version != __version__:
        return (
            f"The editors have Layersplit {version}, this is {__version__}. Run install.py again."
        )
    return None
