"""Where Layersplit keeps its things, on every system. Nothing is created here.

``$LAYERSPLIT_HOME``, else where set-up was told to put it, else the platform's user data folder +
``layersplit``:

    venv/           the private environment of the worker
    install.json    {"python": the worker's interpreter, "version": ..., ...}
    settings.json   what the user chose; keys.json: keys, only where no key ring exists (0600)
    jobs/           journal and results of jobs;  cache/: answers of providers
    work/           pixels on their way between a host and the worker; empty when nothing runs
    logs/           layersplit.log and older ones
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Optional

POINTER = Path(__file__).parent.parent / "data-folder"
"""Beside a vendored bridge: where the data folder is, when it is not at the usual place."""


def data_folder() -> Path:
    """The data folder; it may not exist yet."""
    chosen = os.environ.get("LAYERSPLIT_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _moved() or usual_folder()


def usual_folder() -> Path:
    """Where the data folder is when nobody has chosen another place."""
    return _platform_folder() / "layersplit"


def _moved() -> Optional[Path]:
    """Where set-up was told to put it; an editor started from a menu does not know the variable."""
    try:
        return Path(os.fsdecode(POINTER.read_bytes()))
    except OSError:
        above = Path(sys.prefix).parent  # this may be the private environment itself
        is_private = Path(sys.prefix).name == "venv" and (above / "install.json").is_file()
        return above if is_private else None


def _platform_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    # A Snap redirects HOME and XDG_DATA_HOME to a folder of its own; the data is the user's.
    home = Path(os.environ.get("SNAP_REAL_HOME") or Path.home())
    inside_snap = bool(os.environ.get("SNAP_REAL_HOME"))
    data = os.environ.get("XDG_DATA_HOME") if not inside_snap else None
    # A Flatpak redirects XDG_DATA_HOME as well and keeps the real one here.
    data = os.environ.get("HOST_XDG_DATA_HOME") or (None if _inside_flatpak() else data)
    return Path(data) if data else home / ".local" / "share"


def _inside_flatpak() -> bool:
    return bool(os.environ.get("FLATPAK_ID"))


def install_record() -> Path:
    """``install.json``: written last by install.py, so a broken installation has none."""
    return data_folder() / "install.json"


def venv_folder() -> Path:
    """The private environment."""
    return data_folder() / "venv"


def settings_file() -> Path:
    """What the user chose, as JSON."""
    return data_folder() / "settings.json"


def jobs_folder() -> Path:
    """The journal and the results of jobs."""
    return data_folder() / "jobs"


def work_folder() -> Path:
    """Folders of running jobs: pixels on their way between a host and the worker."""
    return data_folder() / "work"


def cache_folder() -> Path:
    """Answers of providers, for the same request again."""
    return data_folder() / "cache"


def logs_folder() -> Path:
    """Logs; the newest is ``layersplit.log``."""
    return data_folder() / "logs"


def log_file() -> Path:
    """The log that messages point at."""
    return logs_folder() / "layersplit.log"
