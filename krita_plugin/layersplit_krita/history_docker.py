"""Past splits, in a docker: insert again, go on with an unfinished one, delete.

Krita makes a docker with every window, also a hidden one; so nothing is read before it is shown.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Optional

from krita import DockWidget

from layersplit.bridge import words
from layersplit.bridge.texts import counted, translated
from layersplit_krita.qt import (
    QAbstractItemView,
    QHBoxLayout,
    QIcon,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSize,
    Qt,
    QVBoxLayout,
    QWidget,
)

NAME = "layersplit_history"
ICON_EM = 6
actions: Dict[str, Callable[[Any], None]] = {}
"""What the buttons do; the extension fills it in, because Krita makes the docker by its class."""


class HistoryDocker(DockWidget):
    """One for each window."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(translated(words.HISTORY))
        self._list: Optional[QListWidget] = None

    def canvasChanged(self, _canvas: Any) -> None:
        """Krita asks for it; the history is that of all documents."""

    def showEvent(self, event: Any) -> None:
        """Build and fill when somebody looks."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show what is on the disk now."""
        if not self.isVisible():
            return
        from layersplit.bridge import history  # noqa: PLC0415 - not before it is shown

        if self._list is None:
            self._build()
        chosen = self._chosen()
        kept = None if chosen is None else chosen.job
        self._list.clear()
        entries = history.entries()
        for entry in entries:
            item = QListWidgetItem(QIcon(str(history.thumbnail_of(entry.job))), _text(entry))
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self._list.addItem(item)
            item.setSelected(entry.job == kept)
        self._empty.setVisible(not entries)
        self._list.setVisible(bool(entries))
        self._enable()

    def _build(self) -> None:
        from layersplit_krita.guard import guarded  # noqa: PLC0415 - not before it is shown

        self._list = QListWidget()
        side = self.fontMetrics().height() * ICON_EM
        self._list.setIconSize(QSize(side, side * 3 // 4))
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setWordWrap(True)
        self._list.itemSelectionChanged.connect(guarded(self._enable))
        self._empty = QLabel(translated(words.HISTORY_EMPTY))
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._buttons = {}
        row = QHBoxLayout()
        for name, label in (
            ("insert", words.INSERT_AGAIN),
            ("continue", words.CONTINUE),
            ("delete", words.DELETE),
        ):
            button = QPushButton(words.qt_label(label))
            button.clicked.connect(guarded(lambda *_, name=name: self._press(name)))
            self._buttons[name] = button
            row.addWidget(button)
        column = QVBoxLayout()
        column.addWidget(self._list, 1)
        column.addWidget(self._empty, 1)
        column.addLayout(row)
        body = QWidget(self)
        body.setLayout(column)
        self.setWidget(body)

    def _chosen(self) -> Any:
        items = self._list.selectedItems() if self._list is not None else []
        return items[0].data(Qt.ItemDataRole.UserRole) if items else None

    def _enable(self) -> None:
        from layersplit.bridge import history  # noqa: PLC0415 - not before it is shown

        entry = self._chosen()
        self._buttons["insert"].setEnabled(entry is not None and entry.state == history.DONE)
        self._buttons["continue"].setEnabled(entry is not None and entry.can_continue)
        self._buttons["delete"].setEnabled(entry is not None)

    def _press(self, name: str) -> None:
        entry = self._chosen()
        if entry is not None and name in actions:
            actions[name](entry)
        self.refresh()


def _text(entry: Any) -> str:
    """Title, what came of it, when."""
    from layersplit.bridge import history  # noqa: PLC0415 - not before it is shown
    from layersplit.bridge.titles import title_of  # noqa: PLC0415 - as above

    when = time.strftime("%x %H:%M", time.localtime(entry.started))
    if entry.state == history.DONE:
        came = counted(words.LAYER_COUNT, len(entry.layers))
    else:
        came = translated(words.UNFINISHED)
    return "%s\n%s, %s\n%s" % (entry.title, title_of(entry.provider), came, when)
