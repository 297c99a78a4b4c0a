"""The data folder as set-up sees it: made, locked against a second set-up, with enough space."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Optional, Type

from layersplit.bridge import paths
from layersplit.bridge.failures import InstallError
from layersplit.bridge.folders import take_lock
from layersplit.bridge.sandbox import sandbox
from layersplit.bridge.setup.adapters import UNDOERS
from layersplit.bridge.setup.ledger import Ledger

LEDGER = "written.json"
BACKUPS = "backups"
LOCK = "setup.lock"
SAMPLE = "sample.ora"
ENVIRONMENT_BYTES = 600 * 1024**2
"""What the private environment takes while it is made."""


def prepare_home() -> Ledger:
    """Make the data folder, private, and open the record; raises InstallError."""
    home = paths.data_folder()
    try:
        missing = [folder for folder in (home, *home.parents) if not folder.exists()]
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        ledger = open_ledger(home)
        for folder in reversed(missing):
            ledger.note_folder(folder)
    except OSError as error:
        raise unwritable(home, error) from error
    return ledger


def unwritable(folder: Path, error: OSError) -> InstallError:
    """``folder`` cannot be written: perhaps because the host's package hides it."""
    detail, inside = error.strerror or str(error), sandbox()
    if inside is not None:
        return InstallError(
            "install-folder/in a sandbox", folder=folder, detail=detail, sandbox=inside
        )
    return InstallError("install-folder", folder=folder, detail=detail)


def open_ledger(home: Path) -> Ledger:
    """The record of what was written."""
    return Ledger(home / LEDGER, home / BACKUPS, UNDOERS)


def check_space(needed_bytes: int = ENVIRONMENT_BYTES, folder: Optional[Path] = None) -> None:
    """Refuse before the disk of ``folder`` (the data folder) is full; raises InstallError."""
    home = folder or paths.data_folder()
    free = shutil.disk_usage(str(home)).free
    if free < needed_bytes:
        mib = 1024**2
        detail = "%d MiB are free at %s, %d MiB are needed" % (
            free // mib, home, needed_bytes // mib
        )  # fmt: skip
        raise InstallError("install-no-space", detail=detail)


class Lock:
    """Only one set-up at a time; a lock of a killed one does not count."""

    def __init__(self) -> None:
        self._file: Optional[IO[bytes]] = None

    def __enter__(self) -> None:
        try:
            file = (paths.data_folder() / LOCK).open("wb")
        except OSError as error:
            raise unwritable(paths.data_folder(), error) from error
        if not take_lock(file):
            file.close()
            raise InstallError("install-busy")
        self._file = file

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._file is not None:
            self._file.close()
