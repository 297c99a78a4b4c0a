"""Errands with a window each: entering a key, and long work such as the set-up.

The work runs in a thread; a timer of the UI thread takes what it says.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any, Callable, Optional

from layersplit.bridge import errands, texts, words
from layersplit.bridge.choices import ProviderRow
from layersplit.bridge.failures import BridgeError
from layersplit.bridge.hostlog import note
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.texts import translated
from layersplit_krita.form import Form, finish_dialog, sentence
from layersplit_krita.guard import guarded
from layersplit_krita.messages import show_failure, window_in_front
from layersplit_krita.qt import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QObject,
    QProgressBar,
    Qt,
    QTimer,
    QVBoxLayout,
)


class _Errand(QObject):
    """One piece of work in a thread. ``ended`` gets None, or the exception.

    A timer looks what the thread has put down. (A signal that a thread sends as its last act was
    lost in Krita 6 with Python 3.14, and the window stayed for ever.)
    """

    def __init__(
        self,
        parent: QObject,
        *,
        ended: Callable[[Optional[Exception]], None],
        said: Callable[[str], None] = lambda _text: None,
    ) -> None:
        super().__init__(parent)
        self._said = said
        self._ended = ended
        self._texts: "SimpleQueue[str]" = SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self._outcome: Optional[Exception] = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self, work: Callable[[], None]) -> None:
        """Begin."""
        self._outcome = RuntimeError("the thread came to no end of its own")

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - told to the user by whoever waits
                self._outcome = error
            else:
                self._outcome = None

        self._thread = threading.Thread(target=run, name="layersplit-errand", daemon=True)
        self._thread.start()
        self._timer.start()

    def say(self, text: str) -> None:
        """Show ``text`` soon; for the thread."""
        self._texts.put(text)

    @guarded
    def _look(self) -> None:
        is_over = self._thread is None or not self._thread.is_alive()
        while not self._texts.empty():
            self._said(self._texts.get())
        if is_over:
            self._timer.stop()
            self._ended(self._outcome)


class KeyDialog(QDialog):
    """Ask for the key of one service, and have it kept. ``kept`` is called when it is."""

    def __init__(self, row: ProviderRow, kept: Callable[[], None]) -> None:
        super().__init__(window_in_front())
        self.setObjectName("layersplit_key")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translated(words.KEY_TITLE) % row.title)
        self._row = row
        self._kept = kept
        self._errand = _Errand(self, ended=self._ended)
        self._key = QLineEdit()
        self._key.setEchoMode(QLineEdit.EchoMode.Password)
        self._key.textChanged.connect(self._changed)
        form = Form()
        form.add(words.KEY_LABEL, self._key)
        form.add_below(sentence(translated(words.KEY_HELP)))
        self._save = finish_dialog(self, form, words.SAVE, self._start)
        self._save.setEnabled(False)

    @guarded
    def _changed(self, text: str) -> None:
        self._save.setEnabled(bool(text.strip()))
        self._save.setDefault(True)

    @guarded
    def _start(self) -> None:
        key = self._key.text().strip()
        self._save.setEnabled(False)
        self._errand.start(lambda: errands.keep_key(self._row.name, key))

    @guarded
    def _ended(self, error: Optional[Exception]) -> None:
        if error is None:
            self.accept()
            self._kept()
        else:
            self._save.setEnabled(True)
            _show(error)


LOOK_MS = 100
Long = Callable[[Callable[[str], None], threading.Event], None]
"""Work of ``(report, stop)``, as in layersplit.bridge.errands."""


def set_up(row: Optional[ProviderRow], done: Callable[[], None]) -> LongErrandDialog:
    """Make the private environment, and add what ``row`` lacks. ``done``: called afterwards."""
    part = None if row is None else row.missing_part
    explained = translated(words.SET_UP_FETCHES) if row is None else words.set_up_fetches(row)
    return LongErrandDialog(
        words.SETTING_UP, explained, lambda report, stop: errands.set_up(report, stop, part), done
    )


class LongErrandDialog(QDialog):
    """Do ``work``, with progress and Cancel. ``done`` is called when it is done."""

    def __init__(self, title: str, explained: str, work: Long, done: Callable[[], None]) -> None:
        super().__init__(window_in_front())
        self.setObjectName("layersplit_setup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translated(title))
        self._done = done
        self._stop = threading.Event()
        self._errand = _Errand(self, ended=self._ended, said=self._show)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        says, self._words = sentence(explained), sentence("")
        self._buttons = QDialogButtonBox()
        self._buttons.addButton(
            words.qt_label(words.CANCEL), QDialogButtonBox.ButtonRole.RejectRole
        )
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (says, bar, self._words, self._buttons):
            column.addWidget(widget)
        self._errand.start(lambda: work(self._errand.say, self._stop))

    def reject(self) -> None:
        """Cancel, Escape, the close button: stop, and close when it has stopped."""
        self._stop.set()
        self._buttons.setEnabled(False)
        self._words.setText(translated(words.STOPPING))

    @guarded
    def _show(self, text: str) -> None:
        if not self._stop.is_set():
            self._words.setText(text)

    @guarded
    def _ended(self, error: Optional[Exception]) -> None:
        self.accept()
        if error is None:
            self._done()
        elif not self._stop.is_set():
            _show(error)


def _show(error: Any) -> None:
    if isinstance(error, (BridgeError, Refusal)):
        show_failure(error.failed())
    else:
        note("errand: %r" % error)
        show_failure(texts.failed("internal"))
