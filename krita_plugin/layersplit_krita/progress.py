"""A small window that says how far the splits are. It takes no focus and blocks nothing."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from layersplit.bridge import words
from layersplit.bridge.texts import translated
from layersplit_krita.guard import guarded
from layersplit_krita.qt import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
)
from layersplit_krita.work import Work

WIDTH_EM = 52
TICK_MS = 500


class ProgressWindow(QWidget):
    """One block of lines for each run; hidden while there is none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setObjectName("layersplit_progress")
        self.setWindowTitle("Layersplit")
        self._column = QVBoxLayout(self)
        self._lines: Dict[str, _Line] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def add(self, run: Work, cancel: Callable[[], None]) -> None:
        """Show a run."""
        line = _Line(run, cancel)
        self._lines[run.job] = line
        self._column.addWidget(line)
        self._timer.start()
        if not self.isVisible():
            self.show()
            self._to_corner()

    def update_run(self, run: Work, fraction: Optional[float], sentence: str) -> None:
        """Something happened."""
        line = self._lines.get(run.job)
        if line is not None:
            line.update_line(fraction, sentence)

    def remove(self, run: Work) -> None:
        """The run has ended."""
        line = self._lines.pop(run.job, None)
        if line is not None:
            self._column.removeWidget(line)
            line.deleteLater()
        if not self._lines:
            self._timer.stop()
            self.hide()
        else:
            QTimer.singleShot(0, self.adjustSize)

    def closeEvent(self, event: Any) -> None:
        """Closing the window only hides it until something new happens; the runs go on."""
        event.ignore()
        self.hide()

    @guarded
    def _tick(self) -> None:
        for line in self._lines.values():
            line.tick()

    def _to_corner(self) -> None:
        """At the lower right of Krita's window, where no tool and no canvas centre is."""
        self.adjustSize()
        corner = self.parentWidget().frameGeometry().bottomRight()
        self.move(corner.x() - self.width() - 24, corner.y() - self.height() - 64)


class _Line(QWidget):
    """One run: its title, a bar, what it does, for how long, and Cancel."""

    def __init__(self, run: Work, cancel: Callable[[], None]) -> None:
        super().__init__()
        self._run = run
        self._sentence = ""
        title = QLabel(translated(words.RUN_TITLE) % run.title)
        title.setTextFormat(Qt.TextFormat.PlainText)
        bold = title.font()
        bold.setBold(True)
        title.setFont(bold)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._cancel = QPushButton(words.qt_label(words.CANCEL))
        self._cancel.setObjectName("layersplit_cancel")
        self._cancel.clicked.connect(guarded(lambda *_: cancel()))
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setMinimumWidth(self._words.fontMetrics().averageCharWidth() * WIDTH_EM)
        middle = QHBoxLayout()
        middle.addWidget(self._bar, 1)
        middle.addWidget(self._cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(title)
        column.addLayout(middle)
        column.addWidget(self._words)

    def update_line(self, fraction: Optional[float], sentence: str) -> None:
        if fraction is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(int(fraction * 1000))
        self._sentence = sentence
        self._cancel.setEnabled(not self._run.is_cancelled)
        self.tick()

    def tick(self) -> None:
        self._words.setText("%s  %s" % (words.elapsed(self._run.elapsed_s), self._sentence))
