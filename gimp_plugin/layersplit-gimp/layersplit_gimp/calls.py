"""What happens when GIMP calls one of our procedures."""

from __future__ import annotations

import contextlib
import traceback
from typing import Any, Callable, Iterator, List, Optional

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, GLib  # noqa: E402 - the versions come first

from layersplit.bridge import texts, words  # noqa: E402 - as above
from layersplit.bridge.choices import (  # noqa: E402 - as above
    OFFLINE_ROW,
    Choices,
    Consent,
    ProviderRow,
)
from layersplit.bridge.failures import BridgeError  # noqa: E402
from layersplit.bridge.history import entry_of  # noqa: E402
from layersplit.bridge.hostlog import note  # noqa: E402
from layersplit.bridge.messages import Failed  # noqa: E402
from layersplit.bridge.refusal import Refusal  # noqa: E402
from layersplit_gimp import arguments  # noqa: E402
from layersplit_gimp.again import go_on, insert_again  # noqa: E402
from layersplit_gimp.faces import Face, QuietFace, WindowFace  # noqa: E402
from layersplit_gimp.run import ImageGone, perform  # noqa: E402
from layersplit_gimp.source import source_of, title_of  # noqa: E402
from layersplit_gimp.waiting import FailedRun, Stopped, Worker  # noqa: E402

SHOWN = ""
"""The outcome of a call that GIMP need not say anything about."""


def split(run_mode: Any, image: Any, drawables: List[Any], config: Any) -> Optional[str]:
    """The procedure plug-in-layersplit: None for success, ``""`` when the user knows already."""
    _begin()
    choices = arguments.choices_of(config)
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return _quietly(image, drawables, choices)
    return _with_windows(run_mode, image, drawables, choices, config)


def history(run_mode: Any, image: Any) -> Optional[str]:
    """The procedure plug-in-layersplit-history: None for success."""
    _begin()
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return texts.translated(words.HISTORY_IS_A_WINDOW)
    _start_windows()
    target = image if image is not None and image.is_valid() else None
    _show_history(target)
    return None


def _begin() -> None:
    """GEGL works, and we speak as GIMP does, which puts its language into the environment."""
    Gegl.init(None)
    texts.speak(GLib.get_language_names())


def _quietly(image: Any, drawables: List[Any], choices: Choices) -> Optional[str]:
    """For scripts: no window, failures as text. A service needs the user's consent beforehand."""
    with _worker() as worker, contextlib.closing(QuietFace(title_of(image))) as face:
        try:
            _check_consent(worker, choices.provider)
            source = source_of(image, drawables, choices.scope)
            perform(source, choices, arguments.all_options(choices), worker=worker, face=face)
        except Stopped:
            return SHOWN
        except Exception as error:  # noqa: BLE001 - GIMP would say "execution error"
            return " ".join(_failure(error).sentences)
    return None


def _check_consent(worker: Worker, provider: str) -> None:
    """Refuse a service to which the user has not agreed in the dialog; it is not asked here."""
    if provider == OFFLINE_ROW.name:
        return
    row = next((row for row in worker.rows() if row.name == provider), None)
    if row is not None and row.ready and Consent.load().is_needed(row):
        raise Refusal(*words.not_agreed(row))


def _with_windows(
    run_mode: Any, image: Any, drawables: List[Any], choices: Choices, config: Any
) -> Optional[str]:
    _start_windows()
    from layersplit_gimp.dialog import SplitDialog  # noqa: PLC0415 - needs a display

    with _worker() as worker:
        row: Optional[ProviderRow] = None
        if run_mode == Gimp.RunMode.INTERACTIVE:
            answer = SplitDialog(image, drawables, choices, worker).ask()
            if answer is None:
                return SHOWN
            choices, row = answer
            arguments.remember(config, choices)
        options = choices.options(row) if row else arguments.all_options(choices)

        def run(face: Face) -> None:
            _check_consent(worker, choices.provider)
            source = source_of(image, drawables, choices.scope)
            perform(source, choices, options, worker=worker, face=face)

        return _until_done(title_of(image), run, image)


def _start_windows() -> None:
    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi  # noqa: PLC0415 - importing it needs no display, using it does

    GimpUi.init("layersplit")


def _until_done(title: str, run: Callable[[Face], None], image: Any) -> Optional[str]:
    """Call ``run`` with a progress window; a failure is shown, and perhaps tried again."""
    from layersplit_gimp.messages import ask, show_failure  # noqa: PLC0415 - needs a display

    while True:
        face = WindowFace(title)
        try:
            run(face)
        except Stopped:
            return SHOWN
        except ImageGone as gone:
            face.close()
            if ask(words.closed_meanwhile(gone.title), words.OPEN_AS_NEW, words.LATER):
                _insert_again(gone.job, None)
            return SHOWN
        except Exception as error:  # noqa: BLE001 - the user gets it in words
            face.close()
            step = show_failure(_failure(error), can_help=True)
            if step == "Try Again":
                continue
            if step == "Set Up…":
                from layersplit_gimp.errands import set_up  # noqa: PLC0415 - needs a display

                if set_up():
                    continue
            elif step == "History…":
                _show_history(image)
            return SHOWN
        finally:
            face.close()
        return None


def _show_history(image: Any) -> None:
    from layersplit_gimp.history_dialog import CONTINUE, HistoryDialog  # noqa: PLC0415 - as above

    answer = HistoryDialog().ask()
    if answer is None:
        return
    action, entry = answer
    if action != CONTINUE:
        _insert_again(entry.job, image)
        return
    with _worker() as worker:
        _until_done(entry.title, lambda face: go_on(entry, image, worker=worker, face=face), image)


def _insert_again(job: str, image: Any) -> None:
    entry = entry_of(job)
    if entry is not None:
        _until_done(entry.title, lambda face: insert_again(entry, image, face), image)


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
