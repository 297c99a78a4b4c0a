"""One job from its folder to its answer, through the same path as the command line.

Numpy and everything heavy is imported here, in the thread of the first job.
"""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layersplit.bridge import texts
from layersplit.bridge.messages import Failed, Result, Resume, Split
from layersplit.bridge.paths import log_file
from layersplit.errors import Cancelled, InputError, LayersplitError
from layersplit.log import open_log
from layersplit.worker.desk import SCRATCH, Listener, Request

if TYPE_CHECKING:  # numpy comes with it
    from layersplit.domain import Bounds, Picture, SplitRequest
    from layersplit.run import Run

_LOG: Final = logging.getLogger("layersplit")
PROGRESS_INTERVAL_S: Final = 0.05


def perform(request: Request, listener: Listener, cancelled: threading.Event) -> Result | Failed:
    """Do one job; every failure becomes a message, and the log has the rest."""
    open_log()
    scratch = Path(request.folder) / SCRATCH
    try:
        listener("prepare", 0.0, "Reading the picture")
        from layersplit.run import Run  # noqa: PLC0415 - imported by now in any case

        run = Run(_thinned(listener), cancelled)
        run.check()
        _check_folder(request.folder)
        if isinstance(request, Split):
            return _split(request, run, scratch)
        return _resume(request, run, scratch)
    except BaseException as error:  # noqa: BLE001 - the one place that turns anything into words
        return failure(error, request.job)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def failure(error: BaseException, job: str | None) -> Failed:
    """The message for any exception. Only the log gets class names and tracebacks."""
    match error:
        case Cancelled():
            message = texts.failed("cancelled", job)
            if error.note:
                message.sentences[1] = error.note
            return message
        case LayersplitError():
            _LOG.info("job %s: %s", job, " ".join(error.sentences), exc_info=error)
            return Failed(
                job=job,
                code=error.code,
                sentences=list(error.sentences),
                retry_helps=error.retry_helps,
                may_have_cost=error.may_have_cost,
            )
        case MemoryError():
            _LOG.warning("job %s: out of memory", job, exc_info=error)
            return texts.failed("memory", job)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            _LOG.warning("job %s: disk", job, exc_info=error)
            folder = Path(error.filename).parent if error.filename else log_file().parent
            return texts.failed("disk", job, detail=error.strerror, folder=folder)
        case _:
            _LOG.critical("job %s: unexpected", job, exc_info=error)
            return texts.failed("internal", job)


def _check_folder(folder: str) -> None:
    if not Path(folder).is_dir():
        raise InputError(
            f"The job folder {folder} is not there.",
            meaning="There is no picture to split.",
            remedy="Start the job again.",
        )


def _split(message: Split, run: Run, scratch: Path) -> Result:
    """From ``source.raw`` to one raw file a layer."""
    from layersplit.reading import read_raw  # noqa: PLC0415 - see the module's docstring
    from layersplit.worker.request import request_of, selected  # noqa: PLC0415

    raw, folder = message.picture, Path(message.folder)
    start = time.perf_counter()
    picture = read_raw(folder, raw)
    region, mask = selected(folder, raw)
    request = request_of(message, mask)
    read_s = time.perf_counter() - start
    todo = _Todo(message.job, folder, picture, request, region, raw.order, raw.depth)
    return _finished(todo, run, scratch, read_s)


def _resume(message: Resume, run: Run, scratch: Path) -> Result:
    """The same for a job whose picture and request are in the journal."""
    from layersplit.reading import read_picture  # noqa: PLC0415 - see the module's docstring
    from layersplit.remote.continuation import recall  # noqa: PLC0415
    from layersplit.remote.journal import Journal  # noqa: PLC0415
    from layersplit.worker.request import usual_form  # noqa: PLC0415

    start = time.perf_counter()
    kept = recall(Journal().folder(message.job), read_picture)
    order, depth = usual_form(message, kept.picture)
    read_s = time.perf_counter() - start
    folder = Path(message.folder)
    todo = _Todo(message.job, folder, kept.picture, kept.request, kept.region, order, depth)
    return _finished(todo, run, scratch, read_s)


@dataclass(frozen=True)
class _Todo:
    """A job as both ways into it describe it; ``order`` and ``depth`` are those of the files."""

    job: str
    folder: Path
    picture: Picture
    request: SplitRequest
    region: Bounds | None
    order: str
    depth: str


def _finished(todo: _Todo, run: Run, scratch: Path, read_s: float) -> Result:
    """Split, write the layers, report."""
    from layersplit.export.raw import write_layers  # noqa: PLC0415 - see the module's docstring
    from layersplit.remote.journal import Journal  # noqa: PLC0415
    from layersplit.split import split_picture  # noqa: PLC0415

    scratch.mkdir(exist_ok=True, mode=0o700)
    stack, report = split_picture(
        todo.picture, todo.request, run=run, region=todo.region, job=todo.job, scratch=scratch
    )
    start = time.perf_counter()
    files = write_layers(stack, todo.folder, todo.order, todo.depth, run=run)
    seconds = {
        **report.seconds,
        "prepare": report.seconds.get("prepare", 0.0) + read_s,
        "export": time.perf_counter() - start,
    }
    if report.job is not None:
        Journal().finish(report.job)
    return Result(todo.job, files, replace(report, seconds=seconds).as_json(None))


def _thinned(listener: Listener) -> Listener:
    """Pass on what a person can see: a new stage, an end, and twenty steps a second."""
    last: tuple[str, float] = ("", 0.0)

    def listen(stage: str, fraction: float | None, sentence: str) -> None:
        nonlocal last
        now = time.monotonic()
        due = stage != last[0] or now - last[1] >= PROGRESS_INTERVAL_S
        if due or fraction == 1.0:
            last = (stage, now)
            listener(stage, fraction, sentence)

    return listen
