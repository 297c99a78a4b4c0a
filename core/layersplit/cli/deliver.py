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
    from layersplit.export import check_target, write  # noqa: PLC0415 - OpenCV is needed only now
    from layersplit.split import split_picture  # noqa: PLC0415

    check_target(todo.output, todo.picture.extent)  # before anything is paid for
    stack, report = split_picture(
        todo.picture,
        todo.request,
        run=run,
        region=todo.region,
        job=todo.job,
        scratch=scratch,
        origin=todo.origin,
    )
    seconds = {**report.seconds, "prepare": report.seconds["prepare"] + reading_s}
    printed = replace(report, seconds=seconds).as_json(None)
    start = time.perf_counter()
    written = write(stack, todo.picture, todo.output, run=run, report=printed)
    printed["seconds"]["export"] = round(time.perf_counter() - start, 3)
    printed["output"] = str(written)
    _finish_job(report.job)
    if as_json:
        print(json.dumps(printed))  # noqa: T201 - the result
    else:
        for note in printed["notes"]:
            say(note)
        print(written)  # noqa: T201 - the result


def _finish_job(job: str | None) -> None:
    """The layers of a paid job are on disk now: it is not offered again."""
    if job is not None:
        from layersplit.remote.journal import Journal  # noqa: PLC0415 - only after a paid job

        Journal().finish(job)
