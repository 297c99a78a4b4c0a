"""The model that stays loaded between runs, in one process.

A batch, or the next picture from the editor, finds it warm. It is freed after some idle minutes, or
sooner when another program takes the card's memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from layersplit.local.machine import GB
from layersplit.log import LOG

if TYPE_CHECKING:  # torch comes with it
    from layersplit.local.model import Model

LOOK_EVERY_S: Final = 5.0
SCARCE_BYTES: Final = 1.0 * GB
TAKEN_BYTES: Final = 0.25 * GB
"""Another program took so much since we became idle: with little left, it needs ours."""


def should_free(
    *, idle_s: float, limit_s: float, free_then: int | None, free_now: int | None
) -> bool:
    """Whether an idle model is to be let go: too long, or in another program's way."""
    if idle_s >= limit_s:
        return True
    if free_then is None or free_now is None:
        return False
    return free_now < SCARCE_BYTES and free_then - free_now > TAKEN_BYTES


class Session:
    """Holds at most one model. ``free_memory``: bytes free on the card, or None without one."""

    def __init__(
        self,
        free_memory: Callable[[], int | None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.model: Model | None = None
        self._free_memory = free_memory
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._stop = threading.Event()

    @contextmanager
    def running(self, idle_minutes: float) -> Iterator[None]:
        """One run at a time; afterwards the model waits ``idle_minutes`` for the next one."""
        with self._lock:
            self._stop.set()
            try:
                yield
            finally:
                if self.model is not None and idle_minutes <= 0:
                    self.release()
                elif self.model is not None:
                    self._stop = threading.Event()
                    self._wait_in_background(self._stop, 60 * idle_minutes)

    def release(self) -> None:
        """Let the model go."""
        if self.model is not None:
            self.model.release()
            self.model = None

    def _wait_in_background(self, stop: threading.Event, limit_s: float) -> None:
        start, free_then = time.monotonic(), self._free_memory()

        def wait() -> None:
            while not stop.wait(min(self._look_every_s, limit_s)):
                idle_s = time.monotonic() - start
                if not should_free(
                    idle_s=idle_s,
                    limit_s=limit_s,
                    free_then=free_then,
                    free_now=self._free_memory(),
                ):
                    continue
                with self._lock:
                    if not stop.is_set():
                        LOG.info("The model is freed after %.0f idle seconds.", idle_s)
                        self.release()
                return

        threading.Thread(target=wait, name="layersplit-idle", daemon=True).start()
