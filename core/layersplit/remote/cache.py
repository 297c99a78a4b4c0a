"""The same request on the same picture again: from disk, free, without a request.

What makes two requests the same is what the service sees: the pixels that are sent (not the file
they came from), the service and its address, its model, and every parameter.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from layersplit.bridge.paths import cache_folder
from layersplit.domain import U8
from layersplit.errors import SetupError
from layersplit.private_files import private_folder
from layersplit.remote.answers import StoredAnswer, read_answer

MIB: Final = 1024**2


def request_key(pixels: U8, parameters: Mapping[str, Any]) -> str:
    """The name of a request: 40 hexadecimal digits.

    ``pixels``: those that are sent, (h, w, 4) u8. ``parameters``: JSON values.
    """
    digest = hashlib.blake2b(digest_size=20)
    digest.update(json.dumps([pixels.shape, dict(parameters)], sort_keys=True).encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


class Cache:
    """Answers by request, the least recently used removed first."""

    def __init__(self, limit_bytes: int, folder: Path | None = None) -> None:
        self._limit_bytes: Final = limit_bytes
        self._folder: Final = folder or cache_folder()

    def get(self, key: str) -> StoredAnswer | None:
        """The kept answer to the request ``key``, or None."""
        path = self._path(key)
        answer = read_answer(path)
        with suppress(OSError):
            if answer is None:
                path.unlink(missing_ok=True)
            else:
                os.utime(path)
        return answer

    def put(self, key: str, answer: Path) -> None:
        """Keep the answer in the file ``answer`` too; a full disk is no failure of the job."""
        path = self._path(key)
        with suppress(OSError, SetupError):
            if answer.stat().st_size > self._limit_bytes:
                return
            private_folder(self._folder)
            path.unlink(missing_ok=True)
            try:
                os.link(answer, path)
            except OSError:  # another disk, or a file system without links
                shutil.copyfile(answer, path)
                path.chmod(0o600)
            os.utime(path)
            self._trim()

    def clear(self) -> None:
        """Forget every answer."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.zip"

    def _trim(self) -> None:
        kept = sorted(
            ((entry.stat().st_mtime, entry.stat().st_size, Path(entry.path))
             for entry in os.scandir(self._folder) if entry.name.endswith(".zip")),
            reverse=True,
        )  # fmt: skip
        total = 0
        for _used, size, path in kept:
            total += size
            if total > self._limit_bytes:
                path.unlink(missing_ok=True)
