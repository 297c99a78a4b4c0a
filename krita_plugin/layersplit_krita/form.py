"""Rows of a label and a field. Qt's own form leaves a gap for a hidden row; a grid does not."""

from __future__ import annotations

from typing import Callable, List

from layersplit.bridge import words
from layersplit_krita.qt import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    Qt,
    QVBoxLayout,
    QWidget,
)

WIDTH_CHARS = 52
"""Width of sentences, in average letters, so that it follows the font and HiDPI."""


class Form(QGridLayout):
    """The second column takes the room."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnStretch(1, 1)

    def add(self, text: str, *fields: QWidget, room: bool = False) -> List[QWidget]:
        """A row; the label's key leads to the first field. ``room``: one that is as wide as it is.

        Returns everything in it, to be shown and hidden together.
        """
        label = QLabel(words.qt_label(text) + ":")
        label.setBuddy(fields[0])
        row = self.rowCount()
        self.addWidget(label, row, 0)
        if len(fields) == 1 and not room:
            self.addWidget(fields[0], row, 1)
        else:
            line = QHBoxLayout()
            takes_room = isinstance(fields[0], QLineEdit)
            for field in fields:
                line.addWidget(field, 1 if takes_room and field is fields[0] else 0)
            if not takes_room:
                line.addStretch(1)
            self.addLayout(line, row, 1)
        return [label, *fields]

    def add_below(self, widget: QWidget, beside: "QWidget | None" = None) -> List[QWidget]:
        """A row without a label; ``beside`` stands at its right."""
        row = self.rowCount()
        if beside is None:
            self.addWidget(widget, row, 1)
            return [widget]
        line = QHBoxLayout()
        line.addWidget(widget, 1)
        line.addWidget(beside, 0, Qt.AlignmentFlag.AlignTop)
        self.addLayout(line, row, 1)
        return [widget, beside]


def finish_dialog(
    dialog: QDialog, form: Form, accept: str, start: Callable[[], None]
) -> QPushButton:
    """Give ``dialog`` its ``form`` and two buttons: one called ``accept``, and Cancel.

    Returns the first, which calls ``start``. Enter belongs to it alone.
    """
    buttons = QDialogButtonBox()
    button = buttons.addButton(words.qt_label(accept), QDialogButtonBox.ButtonRole.AcceptRole)
    button.setDefault(True)
    cancel = buttons.addButton(words.qt_label(words.CANCEL), QDialogButtonBox.ButtonRole.RejectRole)
    cancel.setAutoDefault(False)
    buttons.accepted.connect(start)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
    column.addLayout(form)
    column.addWidget(buttons)
    return button


def sentence(text: str, width_chars: int = WIDTH_CHARS) -> QLabel:
    """A label that wraps."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setMinimumWidth(label.fontMetrics().averageCharWidth() * width_chars)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label
