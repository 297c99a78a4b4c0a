"""Long work on the UI thread, cut into turns so short that the user does not notice.

Krita's API may only be used on the UI thread, and reading or filling a large document takes
seconds. So such work is a generator; between two turns Krita draws, and hears pen and keys.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Generator, Optional

from layersplit_krita.qt import QObject, QTimer

TURN_S = 0.012
"""A turn goes on with further steps until it has used this much: less than a frame at 60 Hz."""


class Stepper(QObject):
    """Runs one generator; ``done`` gets what it returns, ``failed`` the exception that ended it."""

    def __init__(
        self,
        steps: Generator[None, None, Any],
        *,
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._steps: Optional[Generator[None, None, Any]] = steps
        self._done = done
        self._failed = failed
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._turn)
        self._timer.start()

    def stop(self) -> None:
        """Give up: the generator's ``finally`` clauses run now, and nobody is called."""
        self._timer.stop()
        steps, self._steps = self._steps, None
        if steps is not None:
            steps.close()

    def _turn(self) -> None:
        if self._steps is None:
            return
        until = time.monotonic() + TURN_S
        try:
            while time.monotonic() < until:
                next(self._steps)
        except StopIteration as end:
            self._timer.stop()
            self._steps = None
            self._done(end.value)
        except Exception as error:  # noqa: BLE001 - whoever started the work says it to the user
            self._timer.stop()
            self._steps = None
            self._failed(error)
