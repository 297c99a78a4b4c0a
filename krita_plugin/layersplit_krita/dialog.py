"""The dialog before a split: what, by whom, how; and what that costs and sends.

It shows at once, with the offline splitter, and learns from the worker's list which providers are
ready; whoever just presses Enter need not wait for that.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence

from layersplit.bridge import words
from layersplit.bridge.choices import OFFLINE_ROW, SCOPES, Choices, Consent, ProviderRow
from layersplit.bridge.history import estimate_s
from layersplit.bridge.texts import translated
from layersplit.bridge.words import qt_label
from layersplit_krita.advanced import Advanced
from layersplit_krita.form import Form, sentence
from layersplit_krita.guard import guarded
from layersplit_krita.qt import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    Qt,
    QToolButton,
    QVBoxLayout,
    QWidget,
)


class SplitDialog(QDialog):
    """``accepted_with(choices, row)`` is called when the user starts the split.

    ``available``: the scopes that the document has now. ``notes``: sentences about this document.
    """

    def __init__(
        self,
        parent: QWidget,
        choices: Choices,
        *,
        available: Sequence[str],
        extents: "dict[str, tuple[int, int]]",
        notes: Sequence[str],
        accepted_with: Callable[[Choices, ProviderRow], None],
        enter_key: Callable[[ProviderRow], None],
        choose_model: Callable[[ProviderRow], None],
        set_up: Callable[[Optional[ProviderRow]], None],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(translated(words.TITLE))
        self.setObjectName("layersplit_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows: List[ProviderRow] = [OFFLINE_ROW]
        self._wanted = choices.provider
        self._extents = extents
        self._accepted_with = accepted_with
        self._enter_key = enter_key
        self._choose_model = choose_model
        self._set_up = set_up
        self._broken: Optional[str] = None
        self._build(choices, available, notes)
        self._show_row()

    @property
    def row(self) -> ProviderRow:
        """The provider that is chosen."""
        return self._rows[max(0, self._provider.currentIndex())]

    def show_rows(self, rows: Sequence[ProviderRow]) -> None:
        """The worker's list is here."""
        if not rows:
            return
        wanted = self._wanted if len(self._rows) == 1 else self.row.name
        self._broken = None
        self._provider.blockSignals(True)  # noqa: FBT003 - Qt's
        self._provider.clear()
        self._rows = list(rows)
        for row in self._rows:
            self._provider.addItem(translated(row.title))
        names = [row.name for row in self._rows]
        self._provider.setCurrentIndex(names.index(wanted) if wanted in names else 0)
        self._provider.blockSignals(False)  # noqa: FBT003 - Qt's
        self._show_row()

    def show_broken(self, sentences: Sequence[str]) -> None:
        """There is no worker: say so, and offer to make one."""
        self._broken = " ".join(sentences[:2])
        self._show_row()

    def choices(self) -> Choices:
        """What is filled in now."""
        return self._advanced.add_to(
            Choices(
                provider=self.row.name,
                layers=None if self._automatic.isChecked() else self._layers.value(),
                prompt=self._description.text().strip(),
                scope=self._scope.currentData(),
                colours=self._colours.currentData(),
                hide_original=self._hide.isChecked(),
            )
        )

    # making it

    def _build(self, choices: Choices, available: Sequence[str], notes: Sequence[str]) -> None:
        form = Form()
        self._add_provider(form)
        self._add_scope(form, choices, available)
        self._add_layers(form, choices)
        self._description = QLineEdit(choices.prompt)
        self._described = [
            *form.add(words.DESCRIPTION, self._description),
            *form.add_below(sentence(translated(words.DESCRIPTION_HELP))),
        ]
        self._colours = QComboBox()
        for name, text in words.COLOURS_CHOICES.items():
            self._colours.addItem(translated(text), name)
        self._colours.setCurrentIndex(self._colours.findData(choices.colours))
        form.add(words.COLOURS, self._colours)
        self._hide = QCheckBox(qt_label(words.HIDE_ORIGINAL))
        self._hide.setChecked(choices.hide_original)
        form.add_below(self._hide)
        self._advanced = Advanced(choices)
        self._is_unfolded = False
        self._fold = QToolButton()
        self._fold.setText(qt_label(words.ADVANCED))
        self._fold.setAutoRaise(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.clicked.connect(self._toggle_fold)
        self._costs, self._sends = sentence(""), sentence("")
        self._agree = QCheckBox()
        self._agree.toggled.connect(self._show_row)
        self._notes = sentence(" ".join(notes))
        self._notes.setVisible(bool(notes))
        buttons = QDialogButtonBox()
        self._split = buttons.addButton(
            qt_label(words.SPLIT), QDialogButtonBox.ButtonRole.AcceptRole
        )
        cancel = buttons.addButton(qt_label(words.CANCEL), QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setAutoDefault(False)  # else Enter is taken over while nothing can be split yet
        buttons.accepted.connect(self._start)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)  # always what is shown
        column.addLayout(form)
        column.addWidget(self._fold)
        column.addWidget(self._advanced)
        column.addSpacing(self.fontMetrics().height() // 2)
        for widget in (self._notes, self._costs, self._sends, self._agree):
            column.addWidget(widget)
        column.addSpacing(self.fontMetrics().height() // 2)
        column.addWidget(buttons)
        self._split.setFocus()

    def _add_provider(self, form: Form) -> None:
        self._provider = QComboBox()
        self._provider.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._provider.addItem(translated(OFFLINE_ROW.title))
        self._provider.currentIndexChanged.connect(self._provider_changed)
        form.add(words.PROVIDER, self._provider)
        self._ready = sentence(translated(words.LOOKING))
        self._help = QPushButton()
        self._help.setAutoDefault(False)
        self._help.clicked.connect(self._help_out)
        form.add_below(self._ready, self._help)

    def _add_scope(self, form: Form, choices: Choices, available: Sequence[str]) -> None:
        self._scope = QComboBox()
        for name in SCOPES:
            if name in available:
                self._scope.addItem(translated(words.SCOPES[name]), name)
        self._scope.setCurrentIndex(max(0, self._scope.findData(choices.scope)))
        self._scope.currentIndexChanged.connect(self._show_row)
        form.add(words.SCOPE, self._scope)

    def _add_layers(self, form: Form, choices: Choices) -> None:
        self._layers = QSpinBox()
        self._layers.setValue(choices.layers or 4)
        self._automatic = QCheckBox(qt_label(words.AUTOMATIC))
        self._automatic.setChecked(choices.layers is None)
        self._automatic.toggled.connect(self._show_row)
        self._layers.valueChanged.connect(self._show_row)
        form.add(words.LAYERS, self._layers, self._automatic)

    # keeping it true

    @guarded
    def _provider_changed(self, *_: Any) -> None:
        self._agree.setChecked(False)  # what was agreed to was another service
        self._show_row()

    @guarded
    def _show_row(self, *_: Any) -> None:
        """Make everything fit the provider that is chosen."""
        row = self.row
        known = len(self._rows) > 1
        self._ready.setText(self._broken or words.readiness(row))
        helps = known and (not row.ready or row.has_models)
        self._help.setVisible(self._broken is not None or helps)
        self._help.setText(qt_label(words.SET_UP if self._broken else words.button(row)))
        self._layers.setRange(*row.layers)
        self._layers.setEnabled(not self._automatic.isChecked())
        for widget in self._described:
            widget.setVisible("prompt" in row.options)
        self._fold.setVisible(row.has_advanced)
        self._fold.setArrowType(
            Qt.ArrowType.DownArrow if self._is_unfolded else Qt.ArrowType.RightArrow
        )
        self._advanced.show_row(row)
        self._advanced.setVisible(row.has_advanced and self._is_unfolded)
        self._hide.setEnabled(self._scope.currentData() != "selection")
        self._show_costs(row)
        asks = Consent.load().is_needed(row)
        self._agree.setVisible(asks)
        self._agree.setText(words.qt_marked(words.agreement(row)))
        usable = self._broken is None and row.ready
        self._split.setEnabled(usable and (not asks or self._agree.isChecked()))
        self._split.setDefault(self._split.isEnabled())  # Qt forgets it with the button disabled

    def _show_costs(self, row: ProviderRow) -> None:
        layers = None if self._automatic.isChecked() else self._layers.value()
        width, height = self._extents[self._scope.currentData()]
        parts = [words.price(row, layers), words.duration(estimate_s(row.name, width, height))]
        self._costs.setText(" ".join(filter(None, parts)))
        sending = words.sending(row)
        self._sends.setText(sending)
        self._sends.setVisible(bool(sending))

    # what the user does

    @guarded
    def _toggle_fold(self, *_: Any) -> None:
        self._is_unfolded = not self._is_unfolded
        self._show_row()

    @guarded
    def _help_out(self, *_: Any) -> None:
        if self._broken is not None:
            self._set_up(None)
        elif self.row.key_variable is not None:
            self._enter_key(self.row)
        elif self.row.has_models:
            self._choose_model(self.row)
        else:
            self._set_up(self.row)

    @guarded
    def _start(self) -> None:
        if not self._split.isEnabled():
            return
        choices, row = self.choices(), self.row
        self.accept()
        self._accepted_with(choices, row)
