"""From a picture and a request to a layered file and the printed report: split and resume."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from layersplit.cli.progress import say

if TYPE_CHECKING:  # numpy comes with it, and --help does without
    from layersplit.domain import Bounds, Picture, SplitRequest
    from layersplit.run import Run


@dataclass(frozen=True, kw_only=True)
class Todo:
    """What becomes what. ``origin``: the file that ``picture`` was read from, if it was."""

    picture: Picture
    request: SplitRequest
    output: Path
    origin: Path | None = None
    region: Bounds | None = None
    job: str | None = None


def deliver(todo: Todo, *, run: Run, scratch: Path, as_json: bool, reading_s: float) -> None:
    """Split, write, close the job's books, print."""
    from layersplit.export import write  # noqa: PLC0415 - numpy and OpenCV are needed only now
    from layersplit.split import split_picture  # noqa: PLC0415

    stack, report = split_picture(
        todo.picture,
        todo.request,
        run=run,
        region=todo.region,
        job=todo.job,
        scratch=scratch,
        origin=todo.origin,
    )
    start = time.perf_counter()
    written = write(stack, todo.picture, todo.output, run=run, report=report.as_json(None))
    seconds = {
        **report.seconds,
        "prepare": report.seconds["prepare"] + reading_s,
        "export": time.perf_counter() - start,
    }
    report = replace(report, seconds=seconds)
    _finish_job(report.job)
    if as_json:
        print(json.dumps(report.as_json(str(written))))  # noqa: T201 - the result
    else:
        for note in report.notes:
            say(note)
        print(written)  # noqa: T201 - the result


def _finish_job(job: str | None) -> None:
    """The layers of a paid job are on disk now: it is not offered again."""
    if job is not None:
        from layersplit.remote.journal import Journal  # noqa: PLC0415 - only after a paid job

        Journal().finish(job)
