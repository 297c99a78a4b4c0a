"""The work of one export: bands of rows, on few threads, in order, with progress and cancel."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from layersplit.run import Run

_BAND_BYTES: Final = 2 << 20
"""Raw bytes of one job: some hundredths of a second, so a cancel is noticed at once."""
_MAX_THREADS: Final = 4

T = TypeVar("T")


class Work:
    """Runs compression jobs on threads and hands their results back in order.

    ``total_bytes``: raw bytes that will be written in all, for the progress.
    """

    def __init__(self, run: Run, pool: ThreadPoolExecutor, total_bytes: int) -> None:
        self._run = run
        self._pool = pool
        self._total = max(1, total_bytes)
        self._done = 0
        self._in_flight = 2 * min(_MAX_THREADS, os.cpu_count() or 1)

    def in_order(self, jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
        """The result of each job, in order; at most a few are under way or waiting at a time.

        Raises what a job raises, and Cancelled.
        """
        waiting: deque[Future[T]] = deque()
        try:
            for job in jobs:
                self._run.check()
                waiting.append(self._pool.submit(job))
                if len(waiting) > self._in_flight:
                    yield waiting.popleft().result()
            while waiting:
                self._run.check()
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def finished(self, raw_bytes: int, sentence: str) -> None:
        """Count ``raw_bytes`` as written and tell the user; raises Cancelled."""
        self._done += raw_bytes
        self._run.progress("export", min(1.0, self._done / self._total), sentence)


@contextmanager
def working(run: Run, total_bytes: int) -> Iterator[Work]:
    """A :class:`Work` whose threads end with the block."""
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="layersplit-export") as pool:
        yield Work(run, pool, total_bytes)


def bands(height: int, row_bytes: int) -> list[slice]:
    """Rows from top to bottom in bands of about the size of one job."""
    step = max(1, _BAND_BYTES // max(1, row_bytes))
    return [slice(top, min(height, top + step)) for top in range(0, height, step)]
