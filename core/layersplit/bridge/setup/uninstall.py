"""Everything taken back: adapters, switches, shortcuts, the environment, the data folder."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import List, Optional

from layersplit.bridge import paths
from layersplit.bridge.setup.adapters import remove_strays
from layersplit.bridge.setup.home import BACKUPS, LEDGER, LOCK, SAMPLE, Lock, open_ledger
from layersplit.bridge.setup.hosts import Machine, gimp_is_running
from layersplit.bridge.setup.ledger import remove
from layersplit.bridge.setup.places import gimp_places, krita_places
from layersplit.bridge.setup.reporting import Reporter


def uninstall(reporter: Reporter, machine: Machine, only: Optional[str] = None) -> bool:
    """Remove Layersplit, or the part ``only``; returns whether all of it could be removed."""
    home = paths.data_folder()
    if not home.is_dir():
        _remove_strays(machine, only)
        reporter.done("Layersplit", "is not installed: there is no %s" % home)
        return True
    with Lock():
        ledger = open_ledger(home)
        made = ledger.folders()
        problems = ledger.undo(only)
        _remove_strays(machine, only)
    if only in (None, "gimp") and gimp_is_running(machine):
        reporter.done("Note", "GIMP is running: it forgets the plug-in when it is closed")
    if not problems and only is None:
        problems = _remove_home(home, made)
    elif not problems and only == "core":
        problems = _remove_all([paths.install_record(), paths.venv_folder(), home / SAMPLE])
    for problem in problems:
        reporter.done("Not removed", problem)
    if problems:
        reporter.done("Layersplit", "is there in part: close Krita and GIMP, and try again")
        return False
    reporter.done("Layersplit", "is removed" if only is None else "is removed: %s" % only)
    return True


def _remove_strays(machine: Machine, only: Optional[str]) -> None:
    known = (machine.platform, machine.env, machine.home)
    remove_strays(
        krita_places(*known) if only in (None, "krita") else [],
        gimp_places(*known) if only in (None, "gimp") else [],
    )


def _remove_home(home: Path, made: List[Path]) -> List[str]:
    """Remove the data folder when set-up made it, else only what is ours in it."""
    if home in made:
        problems = _remove_all([home])
    else:
        ours = [
            paths.install_record(), paths.venv_folder(), paths.settings_file(),
            paths.jobs_folder(), paths.work_folder(), paths.cache_folder(), paths.logs_folder(),
            home / "history", home / "speed.json", home / "last-choices.json",
            home / "keys.json", home / SAMPLE, home / LOCK, home / BACKUPS, home / LEDGER,
        ]  # fmt: skip
        problems = _remove_all(ours)
    for folder in reversed(made):
        with contextlib.suppress(OSError):  # not empty, so somebody else's by now
            folder.rmdir()
    return problems


def _remove_all(things: List[Path]) -> List[str]:
    return [problem for problem in map(_problem_with, things) if problem is not None]


def _problem_with(path: Path) -> Optional[str]:
    """Remove ``path``; returns what went wrong."""
    try:
        remove(path)
    except OSError as error:
        return "%s: %s" % (error.filename or path, error.strerror or error)
    return None
