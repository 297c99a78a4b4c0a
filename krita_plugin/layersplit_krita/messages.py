"""What went wrong, in a box that blocks nothing: fact, meaning, remedy, a button that helps."""

from __future__ import annotations

from typing import Any, Callable, Optional, Set

from krita import Krita

from layersplit.bridge import texts, words
from layersplit.bridge.messages import Failed
from layersplit.bridge.paths import log_file
from layersplit_krita.guard import guarded
from layersplit_krita.qt import QApplication, QDesktopServices, QMessageBox, QUrl, QWidget

_open: Set[Any] = set()
"""Boxes on the screen; Python must not forget them."""


def main_window() -> Optional[QWidget]:
    """Krita's window, as the parent of ours."""
    window = Krita.instance().activeWindow()
    return window.qwindow() if window is not None else None


def window_in_front() -> Optional[QWidget]:
    """Our dialog that waits for an answer, else Krita's window: what an errand belongs to.

    With another parent the window manager gives the focus to Krita's window when the errand ends,
    and Enter and Escape no longer reach the dialog.
    """
    return QApplication.activeModalWidget() or main_window()


def show_failure(failure: Failed, helps: Optional[Callable[[], None]] = None) -> None:
    """Show ``failure``; ``helps`` is what the helping button does, where there is one."""
    label = texts.next_step(failure) if helps is not None else None
    buttons = [] if label is None else [(label, helps)]
    _show(failure.sentences, buttons, log=failure.code != "input")


def show_question(
    sentences: "tuple[str, str, str]", label: str, action: Callable[[], None]
) -> None:
    """Show three sentences and one thing to do about them, now or later."""
    _show(list(sentences), [(words.qt_label(label), action)], log=False, close=words.LATER)


def show_unexpected() -> None:
    """Something that nobody foresaw; the log has the rest."""
    show_failure(texts.failed("internal"))


def _show(sentences: Any, actions: Any, *, log: bool, close: str = words.CLOSE) -> None:
    fact, *more = sentences
    box = QMessageBox(main_window())
    box.setObjectName("layersplit_message")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Layersplit")
    box.setText(fact)
    box.setInformativeText("\n".join(filter(None, more)))
    called = {}
    for label, action in actions:
        called[box.addButton(label, QMessageBox.ButtonRole.AcceptRole)] = action
    if log and log_file().exists():
        called[box.addButton(words.qt_label(words.LOG), QMessageBox.ButtonRole.HelpRole)] = (
            _show_log
        )
    last = box.addButton(words.qt_label(close), QMessageBox.ButtonRole.RejectRole)
    box.setEscapeButton(last)
    box.setDefaultButton(next(iter(called)) if actions else last)
    _open.add(box)

    @guarded
    def finished(*_: Any) -> None:
        _open.discard(box)
        action = called.get(box.clickedButton())
        box.deleteLater()
        if action is not None:
            action()

    box.finished.connect(finished)
    box.setModal(False)
    box.show()


def _show_log() -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_file())))
