"""One split at a time, although every call of the plug-in is a process of its own.

A lock on a file of the data folder is the queue; the system lets go of it however a process ends.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import IO, Iterator

from layersplit.bridge import words
from layersplit.bridge.paths import work_folder
from layersplit.bridge.texts import translated
from layersplit_gimp.faces import Face
from layersplit_gimp.waiting import Stopped, give_turns

LOOK_S = 0.1


@contextlib.contextmanager
def our_turn(face: Face) -> Iterator[None]:
    """Wait until no other split runs. Raises Stopped on Cancel."""
    try:
        work_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (work_folder() / "turn.lock").open("wb")
    except OSError:  # a folder that cannot be written: nobody can queue, and one run still can run
        yield
        return
    with lock:
        while not _take(lock):
            face.progress(None, translated(words.WAITING))
            give_turns()
            if face.is_cancelled:
                raise Stopped
            time.sleep(LOOK_S)
        yield


def _take(lock: "IO[bytes]") -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists elsewhere only

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
