"""How much memory the worker in a root takes, seen from outside."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import Final, Self

import pytest

EVERY_S: Final = 0.05
_ANON: Final = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)

large = pytest.mark.skipif(
    not os.environ.get("LAYERSPLIT_LARGE"),
    reason="60 megapixels take minutes: LAYERSPLIT_LARGE=1 runs this",
)


class PeakOfWorkers:
    """The most memory (MiB, without pages of files) that any worker had while this was entered."""

    def __init__(self) -> None:
        self.mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if b"layersplit\0worker" in (process / "cmdline").read_bytes():
                        found = _ANON.search((process / "status").read_text(encoding="utf-8"))
                        self.mib = max(self.mib, int(found[1]) / 1024 if found else 0.0)
