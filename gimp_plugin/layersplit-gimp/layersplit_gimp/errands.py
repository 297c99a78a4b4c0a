"""Errands with a window each: entering a key, and long work such as the set-up.

The work runs in a thread; what it says comes back through GLib's main context.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, Callable, List, Optional

from gi.repository import GimpUi, GLib, Gtk

from layersplit.bridge import errands, texts, words
from layersplit.bridge.choices import ProviderRow
from layersplit.bridge.failures import BridgeError
from layersplit.bridge.hostlog import note
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.texts import translated
from layersplit_gimp.messages import show_failure
from layersplit_gimp.widgets import Form, sentence

TICK_MS = 100


def ask_key(row: ProviderRow) -> bool:
    """Ask for the key of a service and have it kept; returns whether it was."""
    window = GimpUi.Dialog(
        title=translated(words.KEY_TITLE) % row.title, role="layersplit-key", use_header_bar=False
    )
    window.add_button(words.gtk_label(words.CANCEL), Gtk.ResponseType.CANCEL)
    save = window.add_button(words.gtk_label(words.SAVE), Gtk.ResponseType.OK)
    window.set_default_response(Gtk.ResponseType.OK)
    key = Gtk.Entry(visibility=False, activates_default=True)
    key.connect("changed", lambda *_: save.set_sensitive(bool(key.get_text().strip())))
    save.set_sensitive(False)
    form = Form()
    form.add(words.KEY_LABEL, key)
    form.add_below(sentence(translated(words.KEY_HELP)))
    form.grid.set_border_width(12)
    window.get_content_area().add(form.grid)
    window.show_all()
    kept = False
    while not kept and window.run() == Gtk.ResponseType.OK:
        value = key.get_text().strip()
        kept = _done(_Errand(functools.partial(errands.keep_key, row.name, value)).wait())
    window.destroy()
    return kept


def set_up(row: Optional[ProviderRow] = None) -> bool:
    """Make the private environment, and add what ``row`` lacks; returns whether it is there."""
    part = None if row is None else row.missing_part
    explained = translated(words.SET_UP_FETCHES) if row is None else words.set_up_fetches(row)
    return long_errand(
        words.SETTING_UP, explained, lambda report, stop: errands.set_up(report, stop, part)
    )


def long_errand(
    title: str,
    explained: str,
    work: Callable[[Callable[[str], None], threading.Event], None],
) -> bool:
    """Do ``work`` of (report, stop), with progress and Cancel; returns whether it was done."""
    window = GimpUi.Dialog(title=translated(title), role="layersplit-setup", use_header_bar=False)
    window.add_button(words.gtk_label(words.CANCEL), Gtk.ResponseType.CANCEL)
    bar, doing = Gtk.ProgressBar(), sentence("")
    box = window.get_content_area()
    box.set_border_width(12)
    box.set_spacing(8)
    for widget in (sentence(explained), bar, doing):
        box.pack_start(widget, False, False, 0)  # noqa: FBT003 - GTK's
    window.show_all()
    stop = threading.Event()

    def stopped(*_: Any) -> None:
        stop.set()
        window.stop_emission_by_name("response")
        doing.set_text(translated(words.STOPPING))

    window.connect("response", stopped)
    errand = _Errand(lambda: work(errand.said.append, stop))

    def show() -> None:
        bar.pulse()
        if errand.said and not stop.is_set():
            doing.set_text(errand.said[-1])

    error = errand.wait(show)
    window.destroy()
    return False if stop.is_set() else _done(error)


class _Errand:
    """One piece of work in a thread."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.said: List[str] = []
        self._error: Optional[Exception] = None
        self._work = work

    def wait(self, tick: Callable[[], None] = lambda: None) -> Optional[Exception]:
        """Do it while windows live; returns what went wrong, or None."""
        thread = threading.Thread(target=self._run, name="layersplit-errand", daemon=True)
        thread.start()

        def again() -> bool:
            tick()
            return bool(GLib.SOURCE_CONTINUE)

        clock = GLib.timeout_add(TICK_MS, again)
        while thread.is_alive():
            GLib.MainContext.default().iteration(True)  # noqa: FBT003 - GLib's
        GLib.source_remove(clock)
        return self._error

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - told to the user by whoever waits
            self._error = error


def _done(error: Optional[Exception]) -> bool:
    if error is None:
        return True
    if isinstance(error, (BridgeError, Refusal)):
        show_failure(error.failed(), can_help=False)
    else:
        note("errand: %r" % error)
        show_failure(texts.failed("internal"), can_help=False)
    return False
