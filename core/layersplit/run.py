"""One running job as the code below sees it: say how far it is, and stop when asked.

Every long function takes a :class:`Run` and calls :meth:`Run.check` at least every 0.2 s of work.
Threads only set the event; the function that does the work raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from layersplit.errors import Cancelled

Stage: TypeAlias = Literal["prepare", "provider", "restore", "export"]
STAGES: Final[tuple[Stage, ...]] = ("prepare", "provider", "restore", "export")

Listener: TypeAlias = Callable[[Stage, float | None, str], None]


def _silent(stage: Stage, fraction: float | None, sentence: str) -> None:
    """Listen to nothing."""


class Run:
    """Progress and cancellation of one job.

    ``listener`` gets (stage, fraction in 0..1 or None when unknown, a sentence for the user). It
    may be called from several threads, so it must be quick and must not raise. ``announce`` gets
    what the user must not miss, such as a price; without it the listener does.
    """

    def __init__(
        self,
        listener: Listener = _silent,
        cancelled: threading.Event | None = None,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self.cancelled: Final = cancelled or threading.Event()
        self._listener = listener
        self._announce = announce

    def progress(self, stage: Stage, fraction: float | None, sentence: str) -> None:
        """Tell the user where the job is; raises :class:`Cancelled` when it was stopped."""
        self.check()
        self._listener(stage, fraction, sentence)

    def announce(self, sentence: str) -> None:
        """Say what must be read before the provider is asked; raises :class:`Cancelled`."""
        self.check()
        if self._announce is not None:
            self._announce(sentence)
        else:
            self._listener("provider", None, sentence)

    def check(self) -> None:
        """Raise :class:`Cancelled` when the job was stopped."""
        if self.cancelled.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up at once and raise :class:`Cancelled` when the job is stopped."""
        if self.cancelled.wait(seconds):
            raise Cancelled
