"""One progress line a picture, on standard error, only where a person looks at it."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Final, Self

from layersplit.run import Stage

SHARES: Final[dict[Stage, tuple[float, float]]] = {
    "prepare": (0.0, 0.05),
    "provider": (0.05, 0.65),
    "restore": (0.65, 0.85),
    "export": (0.85, 1.0),
}
"""Where each stage begins and ends on the whole bar, by what they usually take."""

INTERVAL_S: Final = 0.05


def say(sentence: str) -> None:
    """One line for the user, on standard error."""
    sys.stderr.write(sentence + "\n")


class Bar:
    """A bar with picture, stage and elapsed time; silent when not ``shown``, and then free."""

    def __init__(self, title: str, *, shown: bool) -> None:
        self._title = title if len(title) <= 24 else title[:23] + "…"
        self._bar: Any = None
        self._lock = threading.Lock()
        self._last = 0.0
        if shown:
            from tqdm import tqdm  # noqa: PLC0415 - only where a person looks

            self._bar = tqdm(
                total=1.0,
                desc=self._title,
                bar_format="{desc}: {bar} {percentage:3.0f} %  {elapsed}  {postfix}",
                leave=True,
                dynamic_ncols=True,
            )

    def update(self, stage: Stage, fraction: float | None, sentence: str) -> None:
        """Listen to a Run; may be called from several threads."""
        if self._bar is None:
            return
        with self._lock:
            now = time.monotonic()
            if now - self._last < INTERVAL_S and fraction not in (0.0, 1.0, None):
                return
            self._last = now
            begin, end = SHARES[stage]
            place = begin + (end - begin) * (fraction or 0.0)
            self._bar.n = max(self._bar.n, place)
            self._bar.set_postfix_str(sentence, refresh=True)

    def say(self, sentence: str) -> None:
        """A line of its own, whether there is a bar or not."""
        if self._bar is None:
            say(sentence)
            return
        with self._lock:
            self._bar.clear()
            say(sentence)
            self._bar.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            if kind is None:
                self._bar.n = 1.0
                self._bar.set_postfix_str("done", refresh=True)
            self._bar.close()
