"""The folded part of the dialog: only what the chosen provider has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from layersplit.bridge import words
from layersplit.bridge.choices import Choices, ProviderRow
from layersplit.bridge.texts import translated
from layersplit_krita.form import Form
from layersplit_krita.qt import QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

RANDOM_SEED = -1
NUMBER_CHARS = 20


class Advanced(QWidget):
    """Resolution, steps, guidance, seed, what to avoid. The lowest value means: the default."""

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self._choices = choices
        self._resolution = QComboBox()
        self._steps = QSpinBox()
        self._guidance = QDoubleSpinBox()
        self._guidance.setSingleStep(0.5)
        self._seed = QSpinBox()
        self._seed.setRange(RANDOM_SEED, 2**31 - 1)
        self._seed.setSpecialValueText(translated(words.RANDOM))
        self._seed.setValue(RANDOM_SEED if choices.seed is None else choices.seed)
        self._negative = QLineEdit(choices.negative_prompt)
        for field in (self._resolution, self._steps, self._guidance, self._seed):
            field.setMinimumWidth(self.fontMetrics().averageCharWidth() * NUMBER_CHARS)
        form = Form()
        self._lines = {
            name: form.add(text, field, room=room)
            for name, text, field, room in (
                ("resolution", words.RESOLUTION, self._resolution, True),
                ("steps", words.STEPS, self._steps, True),
                ("guidance", words.GUIDANCE, self._guidance, True),
                ("seed", words.SEED, self._seed, True),
                ("negative_prompt", words.NEGATIVE, self._negative, False),
            )
        }
        form.setContentsMargins(self.fontMetrics().height(), 0, 0, 0)
        self.setLayout(form)
        self._row: Optional[ProviderRow] = None

    def show_row(self, row: ProviderRow) -> None:
        """Show the fields of ``row`` with its ranges and defaults."""
        if row == self._row:
            return
        self._row = row
        self._resolution.clear()
        for side in row.resolutions:
            self._resolution.addItem(translated(words.RESOLUTION_CHOICE) % (side, side), side)
        wanted = self._choices.resolution
        chosen = wanted if wanted in row.resolutions else row.default_resolution
        self._resolution.setCurrentIndex(max(0, self._resolution.findData(chosen)))
        _set_range(self._steps, row.steps, row.default_steps, self._choices.steps)
        _set_range(self._guidance, row.guidance, row.default_guidance, self._choices.guidance)
        for name, widgets in self._lines.items():
            shown = bool(row.resolutions) if name == "resolution" else name in row.options
            for widget in widgets:
                widget.setVisible(shown)

    def add_to(self, choices: Choices) -> Choices:
        """``choices`` with what stands here."""
        row = self._row
        if row is None:
            return choices
        steps, guidance = self._steps.value(), self._guidance.value()
        return replace(
            choices,
            negative_prompt=self._negative.text().strip(),
            resolution=self._resolution.currentData(),
            steps=None if steps == row.default_steps else steps,
            guidance=None if guidance == row.default_guidance else guidance,
            seed=None if self._seed.value() == RANDOM_SEED else self._seed.value(),
        )


def _set_range(spin: Any, limits: Any, default: Any, chosen: Any) -> None:
    if limits is None:
        return
    spin.setRange(*limits)
    spin.setValue(chosen if chosen is not None else default if default is not None else limits[0])
