"""The log: private, rotating, with versions, and never with a key.

Messages point at it; it holds the tracebacks that users are spared.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from logging.handlers import RotatingFileHandler
from typing import Final

from layersplit import __version__
from layersplit.bridge.paths import log_file

LOG: Final = logging.getLogger("layersplit")
MAX_BYTES: Final = 1_000_000
KEPT_FILES: Final = 3


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _PrivateHandler(RotatingFileHandler):
    """A rotating file that only the user can read."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - typeshed's private signature
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_open_private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Keep silent where the disk is full: the base class would print a traceback."""


def open_log() -> None:
    """Send the package's log records to the file; a log that cannot be written stops nothing."""
    if LOG.handlers:
        return
    LOG.propagate = False
    LOG.setLevel(logging.INFO)
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = _PrivateHandler(
            log_file(), maxBytes=MAX_BYTES, backupCount=KEPT_FILES, delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.info(
        "Layersplit %s, Python %s, %s", __version__, sys.version.split()[0], platform.platform()
    )
