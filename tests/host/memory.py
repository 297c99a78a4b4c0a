"""How much memory the programs in a root take, seen from outside."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import Final, Self

import pytest

EVERY_S: Final = 0.05
WORDS: Final = {
    "worker": (b"layersplit\0worker",),
    "plug-in": (b"layersplit-gimp.py",),
    "editor": (b"krita\0--nosplash", b"gimp-console\0-i"),
}
"""What their command lines hold."""
_OWN: Final = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)

large = pytest.mark.skipif(
    not os.environ.get("LAYERSPLIT_LARGE"),
    reason="60 megapixels take minutes: LAYERSPLIT_LARGE=1 runs this",
)


class Peaks:
    """The most memory (MiB, without pages of files) of each program while this was entered."""

    def __init__(self) -> None:
        self.mib = dict.fromkeys(WORDS, 0.0)
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.seconds = -time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.monotonic()
        self._over.set()
        self._thread.join()
        print(f"{self.seconds:.0f} s;", ", ".join(f"{k}: {v:.0f} MiB" for k, v in self.mib.items()))

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    self._look(process)

    def _look(self, process: Path) -> None:
        line = (process / "cmdline").read_bytes()
        for name, words in WORDS.items():
            if any(word in line for word in words):
                status = (process / "status").read_text(encoding="utf-8")
                mib = sum(int(amount) for amount in _OWN.findall(status)) / 1024
                self.mib[name] = max(self.mib[name], mib)
