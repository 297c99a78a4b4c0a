"""A failure as the user sees it: what happened, what it means, what to do, where the log is."""

from __future__ import annotations

import errno
import logging
import tempfile
from typing import Final, TextIO

from layersplit.bridge.paths import log_file
from layersplit.errors import Cancelled, InputError, LayersplitError, SetupError
from layersplit.log import open_log

_LOG: Final = logging.getLogger("layersplit")
UNEXPECTED_STATUS: Final = 1
_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def report_failure(error: BaseException, stream: TextIO, *, subject: str = "") -> int:
    """Write ``error`` to ``stream`` and the log; returns the exit status.

    ``subject``: the picture that failed, where there are several.
    """
    prefix = f"{subject}: " if subject else ""
    match _known(error):
        case Cancelled() as stop:
            note = f" {stop.note}" if stop.note else ""
            stream.write(f"{prefix}Cancelled. Nothing was written.{note}\n")
            return stop.exit_status
        case KeyboardInterrupt():
            stream.write(f"{prefix}Cancelled. Nothing was written.\n")
            return Cancelled.exit_status
        case BrokenPipeError():
            return 0  # the reader of our output has had enough
        case LayersplitError() as known:
            open_log()
            _LOG.info("%s%s", prefix, " ".join(known.sentences), exc_info=error)
            fact, meaning, remedy = known.sentences
            stream.write(f"{prefix}{fact}\n{meaning}\n{remedy}\nThe log is at {log_file()}\n")
            return known.exit_status
        case _:
            open_log()
            _LOG.critical("%sunexpected", prefix, exc_info=error)
            stream.write(
                f"{prefix}Something went wrong inside Layersplit ({error}).\n"
                "This is a fault of the program, not of your picture; nothing was changed.\n"
                "Please report it with the last lines of the log.\n"
                f"The log is at {log_file()}\n"
            )
            return UNEXPECTED_STATUS


def _known(error: BaseException) -> BaseException:
    """What the system ran out of, in our words; anything else as it is."""
    if isinstance(error, OSError) and error.errno in _DISK:
        return _disk(error)
    return _memory() if isinstance(error, MemoryError) else error


def _disk(error: OSError) -> LayersplitError:
    """Room for intermediate results ran out; the place of the output has its own words."""
    return InputError(
        f"A temporary file could not be written: {error.strerror}.",
        meaning="A large picture needs room for its layers on the way; nothing was changed.",
        remedy=f"Make room in {tempfile.gettempdir()}, or name another folder in TMPDIR.",
    )


def _memory() -> LayersplitError:
    return SetupError(
        "There is not enough memory for this picture.",
        meaning="Nothing was written.",
        remedy="Close other programs, or split a smaller picture.",
    )
