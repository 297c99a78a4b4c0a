"""The folded part of the dialog: only what the chosen provider has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from gi.repository import Gtk

from layersplit.bridge import words
from layersplit.bridge.choices import Choices, ProviderRow
from layersplit.bridge.texts import translated
from layersplit_gimp.widgets import Form

RANDOM_SEED = -1


class Advanced:
    """Resolution, steps, guidance, seed, what to avoid."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._row: Optional[ProviderRow] = None
        self._resolution = Gtk.ComboBoxText()
        self._steps = Gtk.SpinButton.new_with_range(1, 100, 1)
        self._guidance = Gtk.SpinButton.new_with_range(1.0, 20.0, 0.5)
        self._guidance.set_digits(1)
        self._seed = Gtk.SpinButton.new_with_range(RANDOM_SEED, 2**31 - 1, 1)
        self._seed.set_value(RANDOM_SEED if choices.seed is None else choices.seed)
        self._seed.connect("output", _show_random)
        self._negative = Gtk.Entry(text=choices.negative_prompt, activates_default=True)
        form = Form()
        self._lines = {
            name: form.add(text, field)
            for name, text, field in (
                ("resolution", words.RESOLUTION, self._resolution),
                ("steps", words.STEPS, self._steps),
                ("guidance", words.GUIDANCE, self._guidance),
                ("seed", words.SEED, self._seed),
                ("negative_prompt", words.NEGATIVE, self._negative),
            )
        }
        self.grid = form.grid
        self.grid.set_margin_start(12)

    def show_row(self, row: ProviderRow) -> None:
        """Show the fields of ``row`` with its ranges and defaults."""
        if row == self._row:
            return
        self._row = row
        self._resolution.remove_all()
        for side in row.resolutions:
            self._resolution.append(str(side), translated(words.RESOLUTION_CHOICE) % (side, side))
        wanted = self._choices.resolution
        chosen = wanted if wanted in row.resolutions else row.default_resolution
        self._resolution.set_active_id(str(chosen))
        _set_range(self._steps, row.steps, row.default_steps, self._choices.steps)
        _set_range(self._guidance, row.guidance, row.default_guidance, self._choices.guidance)
        for name, widgets in self._lines.items():
            shown = bool(row.resolutions) if name == "resolution" else name in row.options
            for widget in widgets:
                widget.set_visible(shown)

    def add_to(self, choices: Choices) -> Choices:
        """``choices`` with what stands here."""
        row = self._row
        if row is None:
            return choices
        side = self._resolution.get_active_id()
        steps, guidance = self._steps.get_value_as_int(), self._guidance.get_value()
        seed = self._seed.get_value_as_int()
        return replace(
            choices,
            negative_prompt=self._negative.get_text().strip(),
            resolution=int(side) if side else None,
            steps=None if steps == row.default_steps else steps,
            guidance=None if guidance == row.default_guidance else guidance,
            seed=None if seed == RANDOM_SEED else seed,
        )


def _set_range(spin: Any, limits: Any, default: Any, chosen: Any) -> None:
    if limits is None:
        return
    spin.set_range(*limits)
    spin.set_value(chosen if chosen is not None else default if default is not None else limits[0])


def _show_random(spin: Any) -> bool:
    """The lowest value reads as a word."""
    if spin.get_value_as_int() == RANDOM_SEED:
        spin.set_text(translated(words.RANDOM))
        return True
    return False
