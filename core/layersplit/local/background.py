"""Work that cannot be interrupted, done beside the job so that the job can.

Importing torch takes seconds and cannot be stopped half-way. It runs in a thread of its own; a
cancelled job leaves at once, the import goes on and serves the next job.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from layersplit.run import Run

Result = TypeVar("Result")

POLL_S: Final = 0.05


def in_background(work: Callable[[], Result], run: Run) -> Result:
    """Do ``work`` in a thread; raises what it raises, or Cancelled within POLL_S."""
    results: list[Result] = []
    failures: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
            failures.append(error)

    thread = threading.Thread(target=target, name="layersplit-background", daemon=True)
    thread.start()
    while thread.is_alive():
        run.check()
        thread.join(POLL_S)
    if failures:
        raise failures[0]
    return results[0]


def import_modules(names: Sequence[str], run: Run) -> None:
    """Import ``names`` in the background."""

    def work() -> None:
        for name in names:
            importlib.import_module(name)

    in_background(work, run)
