"""One fraction and one sentence for a run of several unequal parts.

The parts get room on the bar by what they are expected to take, so the bar moves evenly whichever
part is the long one on this machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from layersplit.local.machine import duration
from layersplit.run import Run

INTERVAL_S: Final = 0.1


class Timeline:
    """``parts``: expected seconds of each part, in the order in which they come."""

    def __init__(self, run: Run, parts: Mapping[str, float]) -> None:
        self._run = run
        self._total = max(1e-6, sum(parts.values()))
        self._parts = dict(parts)
        self._begin = 0.0
        self._share = 0.0
        self._sentence = ""
        self._reported = 0.0
        self._entered = self._told = 0.0
        self._tells_time = False

    def enter(self, part: str, sentence: str, *, tells_time: bool = False) -> None:
        """Begin ``part``. ``tells_time``: add how long the rest of it will take."""
        before = 0.0
        for name, seconds in self._parts.items():
            if name == part:
                break
            before += seconds
        self._begin = before / self._total
        self._share = self._parts[part] / self._total
        self._entered = time.monotonic()
        self._tells_time = tells_time
        self._told = 0.0
        self.at(0.0, sentence)

    def at(self, fraction: float, sentence: str | None = None) -> None:
        """Report the part at ``fraction``; looks at the run each time, tells it ten times a second.

        Raises Cancelled when the job was stopped.
        """
        now = time.monotonic()
        fresh = sentence is not None and sentence != self._sentence
        if sentence is not None:
            self._sentence = sentence
        if not fresh and now - self._told < INTERVAL_S:
            self._run.check()
            return
        self._told = now
        self._reported = max(self._reported, min(1.0, self._begin + self._share * fraction))
        self._run.progress("provider", self._reported, self._sentence + self._left(fraction, now))

    def _left(self, fraction: float, now: float) -> str:
        passed = now - self._entered
        if not self._tells_time or fraction < 0.03 or passed < 1.0:
            return ""
        return f", {duration(passed / fraction * (1 - fraction))} left"
