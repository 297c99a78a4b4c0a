"""One job from its folder to its answer, through the same path as the command line.

Numpy and everything heavy is imported here, in the thread of the first job.
"""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layersplit.bridge import texts
from layersplit.bridge.messages import Failed, Result, Resume, Split
from layersplit.bridge.paths import log_file
from layersplit.errors import Cancelled, InputError, LayersplitError
from layersplit.log import open_log
from layersplit.worker.desk import SCRATCH, Listener, Request

if TYPE_CHECKING:  # numpy comes with it
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
    from layersplit.export.raw import write_layers  # noqa: PLC0415 - see the module's docstring
    from layersplit.reading import read_raw  # noqa: PLC0415
    from layersplit.split import split_picture  # noqa: PLC0415
    from layersplit.worker.request import request_of, selected  # noqa: PLC0415

    raw, folder = message.picture, Path(message.folder)
    start = time.perf_counter()
    picture = read_raw(folder, raw)
    region, mask = selected(folder, raw)
    request = request_of(message, mask)
    run.progress("prepare", 0.5, "Reading the picture")
    read_s = time.perf_counter() - start
    scratch.mkdir(exist_ok=True, mode=0o700)
    stack, report = split_picture(
        picture, request, run=run, region=region, job=message.job, scratch=scratch
    )
    run.progress("export", 0.0, "Writing the layers")
    start = time.perf_counter()
    files = write_layers(stack, folder, order=raw.order, depth=raw.depth)
    seconds = {
        **report.seconds,
        "prepare": report.seconds.get("prepare", 0.0) + read_s,
        "export": time.perf_counter() - start,
    }
    run.progress("export", 1.0, "Done")
    return Result(message.job, files, replace(report, seconds=seconds).as_json(None))


def _resume(message: Resume, run: Run, scratch: Path) -> Result:
    raise NotImplementedError


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
