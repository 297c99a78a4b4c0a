"""One line in the log from inside a host, where the core's log is out of reach."""

from __future__ import annotations

import os
import time

from layersplit.bridge.paths import log_file


def note(text: str) -> None:
    """Append ``text`` to the log with the time; a log that cannot be written stops nothing."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    line = "%s %d HOST %s\n" % (stamp, os.getpid(), text)
    try:
        path = log_file()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8", "backslashreplace"))
        finally:
            os.close(descriptor)
    except OSError:
        return
