"""The folder through which the pixels of one job travel. Only the user can read it.

Whoever makes a folder holds a lock in it (``owner.lock``) for as long as it lives; the operating
system lets go of the lock however the host ends. So a folder whose lock is free was left behind by
a killed host, and the next one removes it. (A process number would not do: it is another one
inside a sandbox, and it is given again after a restart.)
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Optional, Union

from layersplit.bridge.failures import JobFolderError
from layersplit.bridge.messages import DEPTH_BYTES, LayerFile, RawPicture
from layersplit.bridge.paths import work_folder

LOCK = "owner.lock"
PREFIX = "job-"
PATIENCE_S = 7 * 24 * 3600.0
"""After this a folder is old even where locks do not work (some network file systems)."""
YOUNG_S = 10.0
"""A folder may be so new that its lock is not taken yet."""

Pixels = Union[bytes, bytearray, memoryview]


class JobFolder:
    """One private folder; use it in ``with``, or call :meth:`remove`. Raises JobFolderError."""

    def __init__(self) -> None:
        # In a thread: a user interface may be waiting, and a killed host can leave gigabytes.
        threading.Thread(target=remove_left_behind, daemon=True).start()
        try:
            parent = work_folder()
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=str(parent)))
        except OSError:  # a home that cannot be written
            try:
                self.path = Path(tempfile.mkdtemp(prefix="layersplit-" + PREFIX))
            except OSError as error:
                raise _disk(error, tempfile.gettempdir()) from error
        self._lock: Optional[IO[bytes]] = (self.path / LOCK).open("wb")
        take_lock(self._lock)

    def __enter__(self) -> "JobFolder":  # noqa: PYI034 - Self is not in Python 3.9
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def write_source(
        self,
        picture: RawPicture,
        pixels: Pixels,
        *,
        profile: Optional[bytes] = None,
        selection: Optional[Pixels] = None,
    ) -> None:
        """Write what the worker reads. Wrong lengths are refused here, before anything starts."""
        height, width = picture.height, picture.width
        _check("source.raw", pixels, width, height, picture.source_bytes)
        self._write("source.raw", pixels)
        if profile is not None:
            self._write("source.icc", profile)
        if selection is not None and picture.selection is not None:
            width, height = picture.selection[2:]
            _check("selection.raw", selection, width, height, width * height)
            self._write("selection.raw", selection)

    def read_layer(self, layer: LayerFile, depth: str) -> bytes:
        """The pixels of one layer, exactly as many as its bounds say.

        Read every layer before the document is touched: both hosts trust the length blindly.
        """
        name = Path(layer.file).name
        try:
            with (self.path / name).open("rb") as stream:
                pixels = stream.read()
        except OSError as error:
            raise JobFolderError("raw-missing", name=name, detail=error.strerror) from error
        width, height = layer.bounds[2:]
        _check(name, pixels, width, height, width * height * 4 * DEPTH_BYTES[depth])
        return pixels

    def remove(self) -> None:
        """Remove everything; can be called again, and never raises."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()
        shutil.rmtree(str(self.path), ignore_errors=True)

    def _write(self, name: str, content: Pixels) -> None:
        try:
            with (self.path / name).open("wb") as stream:
                stream.write(content)
        except OSError as error:
            raise _disk(error, str(self.path)) from error


def remove_left_behind() -> None:
    """Remove the folders of hosts that are gone."""
    with contextlib.suppress(OSError):
        for folder in work_folder().glob(PREFIX + "*"):
            if _is_abandoned(folder):
                shutil.rmtree(str(folder), ignore_errors=True)


def is_ours(folder: Path) -> bool:
    """Whether ``folder`` was made here, so that nobody else wants it once the host is gone."""
    return (folder / LOCK).is_file()


def _is_abandoned(folder: Path) -> bool:
    try:
        age_s = time.time() - folder.stat().st_mtime
        if age_s < YOUNG_S:
            return False
        with (folder / LOCK).open("r+b") as lock:
            return take_lock(lock) or age_s > PATIENCE_S
    except FileNotFoundError:
        return True
    except OSError:
        return False


def take_lock(lock: IO[bytes]) -> bool:
    """Take a lock that ends with this process, without waiting; returns whether that worked."""
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


def _check(name: str, pixels: Pixels, width: int, height: int, needed: int) -> None:
    found = memoryview(pixels).nbytes
    if found != needed:
        raise JobFolderError(
            "raw-length", name=name, found=found, needed=needed, width=width, height=height
        )


def _disk(error: OSError, folder: str) -> JobFolderError:
    return JobFolderError("disk", detail=error.strerror or str(error), folder=folder)
