"""How a run shows where it is: a small window, or GIMP's own progress when nobody is there.

GIMP's progress has a Cancel button too, but it kills the plug-in, and so does closing the image
then; no word could be said about a job that may be charged. So a run with a user in front of it
has a window of its own.
"""

from __future__ import annotations

import time
from typing import Any, Optional, Protocol

from gi.repository import Gimp, GLib

from layersplit.bridge import words
from layersplit.bridge.texts import translated

TICK_MS = 250
WIDTH_CHARS = 44


class Face(Protocol):
    """Where progress goes, and Cancel comes from."""

    is_cancelled: bool

    def progress(self, fraction: Optional[float], sentence: str) -> None:
        """How far it is (0..1, None: unknown), and what is being done."""

    def close(self) -> None:
        """The run has ended."""


class QuietFace:
    """For calls from scripts."""

    def __init__(self, title: str) -> None:
        self.is_cancelled = False
        self._is_open = True
        Gimp.progress_init(translated(words.RUN_TITLE) % title)

    def progress(self, fraction: Optional[float], sentence: str) -> None:
        """Pass it on."""
        Gimp.progress_set_text(sentence)
        if fraction is None:
            Gimp.progress_pulse()
        else:
            Gimp.progress_update(fraction)

    def close(self) -> None:
        """No more progress; can be called again."""
        if self._is_open:
            Gimp.progress_end()
        self._is_open = False


class WindowFace:
    """Title, bar, what is being done and for how long, Cancel. It is not modal."""

    def __init__(self, title: str) -> None:
        from gi.repository import GimpUi, Gtk, Pango  # noqa: PLC0415 - only with a display

        self.is_cancelled = False
        self._started = time.monotonic()
        self._sentence = ""
        self._pulsing = True
        window = GimpUi.Dialog(title="Layersplit", role="layersplit-progress", use_header_bar=False)
        window.set_modal(False)
        window.set_resizable(False)
        self._cancel = window.add_button(words.gtk_label(words.CANCEL), Gtk.ResponseType.CANCEL)
        window.connect("response", self._responded)
        heading = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE)
        heading.set_max_width_chars(WIDTH_CHARS)
        heading.set_markup(
            "<b>%s</b>" % GLib.markup_escape_text(translated(words.RUN_TITLE) % title)
        )
        self._bar = Gtk.ProgressBar()
        self._words = Gtk.Label(xalign=0.0, yalign=0.0, wrap=True)
        self._words.set_width_chars(WIDTH_CHARS)
        self._words.set_max_width_chars(WIDTH_CHARS)
        self._words.set_lines(2)
        box = window.get_content_area()
        box.set_border_width(12)
        box.set_spacing(8)
        for widget in (heading, self._bar, self._words):
            box.pack_start(widget, False, False, 0)  # noqa: FBT003 - GTK's
        self._window = window
        self._clock = GLib.timeout_add(TICK_MS, self._tick)
        window.show_all()

    def progress(self, fraction: Optional[float], sentence: str) -> None:
        """Show it."""
        if self.is_cancelled or not self._clock:
            return
        self._pulsing = fraction is None
        if fraction is not None:
            self._bar.set_fraction(min(1.0, max(0.0, fraction)))
        self._sentence = sentence
        self._say()

    def close(self) -> None:
        """Take the window away; can be called again."""
        if self._clock:
            GLib.source_remove(self._clock)
            self._window.destroy()
        self._clock = 0

    def _responded(self, *_: Any) -> None:
        """Cancel, Escape and the window's close button are the same."""
        self.is_cancelled = True
        self._pulsing = True
        self._cancel.set_sensitive(False)
        self._sentence = translated(words.STOPPING)
        self._window.stop_emission_by_name("response")
        self._say()

    def _tick(self) -> bool:
        if self._pulsing:
            self._bar.pulse()
        self._say()
        return bool(GLib.SOURCE_CONTINUE)

    def _say(self) -> None:
        seconds = words.elapsed(time.monotonic() - self._started)
        self._words.set_text("%s  %s" % (seconds, self._sentence))
