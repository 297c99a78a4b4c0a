"""Work on all cores at once: numpy and OpenCV let go of the interpreter while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS: Final = 16


def thread_count() -> int:
    """How many pieces of work go on at a time: the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return min(MOST_THREADS, len(os.sched_getaffinity(0)))
    return min(MOST_THREADS, os.cpu_count() or 1)


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``function`` of every item, in the order of the items; the first failure is raised."""
    with ThreadPoolExecutor(thread_count(), thread_name_prefix="pixels") as pool:
        return list(pool.map(function, items))
