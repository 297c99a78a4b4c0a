"""What happens when GIMP calls one of our procedures."""

from __future__ import annotations

import contextlib
import time
import traceback
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - the versions come first

from layersplit.bridge import texts, words  # noqa: E402 - as above
from layersplit.bridge.choices import (  # noqa: E402
    OFFLINE_ROW,
    Choices,
    Consent,
    ProviderRow,
)
from layersplit.bridge.failures import BridgeError  # noqa: E402
from layersplit.bridge.hostlog import note  # noqa: E402
from layersplit.bridge.messages import Failed  # noqa: E402
from layersplit.bridge.refusal import Refusal  # noqa: E402

from layersplit_gimp import arguments  # noqa: E402
from layersplit_gimp.faces import Face, QuietFace, WindowFace  # noqa: E402
from layersplit_gimp.run import ImageGone, perform  # noqa: E402
from layersplit_gimp.source import source_of  # noqa: E402
from layersplit_gimp.waiting import FailedRun, Stopped, Worker  # noqa: E402

SHOWN = ""
"""The outcome of a call that GIMP need not say anything about."""


def split(run_mode: Any, image: Any, drawables: List[Any], config: Any) -> Optional[str]:
    """The procedure plug-in-layersplit: None for success, ``""`` when the user knows already."""
    Gegl.init(None)
    choices = arguments.choices_of(config)
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return _quietly(image, drawables, choices)
    return _with_windows(run_mode, image, drawables, choices, config)


def history(run_mode: Any, image: Any) -> Optional[str]:
    """The procedure plug-in-layersplit-history."""
    raise NotImplementedError


def _quietly(image: Any, drawables: List[Any], choices: Choices) -> Optional[str]:
    """For scripts: no window, failures as text. A service needs the user's consent beforehand."""
    with _worker() as worker, contextlib.closing(QuietFace(image.get_name())) as face:
        try:
            row = ProviderRow(name=choices.provider)
            source = source_of(image, drawables, choices.scope)
            perform(source, choices, arguments.all_options(choices), worker=worker, face=face)
        except Stopped:
            return SHOWN
        except Exception as error:  # noqa: BLE001 - GIMP would say "execution error"
            return " ".join(_failure(error).sentences)
    return None


def _with_windows(
    run_mode: Any, image: Any, drawables: List[Any], choices: Choices, config: Any
) -> Optional[str]:
    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi  # noqa: PLC0415 - importing it needs no display, using it does

    from layersplit_gimp.dialog import SplitDialog  # noqa: PLC0415 - as above
    from layersplit_gimp.messages import show_failure  # noqa: PLC0415 - as above

    GimpUi.init("layersplit")
    with _worker() as worker:
        row: Optional[ProviderRow] = None
        if run_mode == Gimp.RunMode.INTERACTIVE:
            dialog = SplitDialog(image, drawables, choices, worker)
            answer = dialog.ask()
            if answer is None:
                return SHOWN
            choices, row = answer
            arguments.remember(config, choices)
        while True:
            face = WindowFace(image.get_name())
            try:
                source = source_of(image, drawables, choices.scope)
                options = choices.options(row) if row else arguments.all_options(choices)
                perform(source, choices, options, worker=worker, face=face)
            except Stopped:
                return SHOWN
            except Exception as error:  # noqa: BLE001 - the user gets it in words
                face.close()
                step = show_failure(_failure(error), can_help=True)
                if step == "Try Again":
                    continue
                return SHOWN
            finally:
                face.close()
            return None


@contextlib.contextmanager
def _worker() -> Iterator[Worker]:
    worker = Worker()
    try:
        yield worker
    finally:
        worker.close()


def _failure(error: Exception) -> Failed:
    """``error`` in the words that a user can use."""
    if isinstance(error, FailedRun):
        return error.failure
    if isinstance(error, (BridgeError, Refusal)):
        return error.failed()
    note(
        "in GIMP: %s" % "".join(traceback.format_exception(type(error), error, error.__traceback__))
    )
    if isinstance(error, MemoryError):
        return texts.failed("memory")
    return texts.failed("internal")
