"""Files that only the user can read, written whole or not at all.

A new content is written beside the old file, forced to disk and renamed over it: whoever reads,
whenever the power goes, sees the old content or the new one, never a part.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from pathlib import Path

from layersplit.errors import SetupError


def private_folder(folder: Path) -> Path:
    """Make ``folder`` with the rights 0700 (its parents too); raises SetupError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):  # mkdir gives its mode to the last one only
            path.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step, rights 0600; raises SetupError."""
    private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def append_private(path: Path, line: bytes) -> None:
    """Add one short line to ``path``; lines of several processes do not mix. Raises SetupError."""
    private_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system has a way to say so."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> SetupError:
    """The failure of a write into the data folder, for the user."""
    return SetupError(
        f"{path} cannot be written: {error.strerror or error}.",
        meaning="Layersplit keeps paid jobs on disk before it starts them, so nothing was sent.",
        remedy="Free some space, give yourself the right to write there, or set LAYERSPLIT_HOME.",
    )
