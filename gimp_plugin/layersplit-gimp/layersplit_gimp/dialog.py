"""The dialog before a split: what, by whom, how; and what that costs and sends.

Krita's twin (layersplit_krita/dialog.py) has the same choices in the same words. It shows at once,
with the offline splitter, and learns from the worker's list which providers are ready.
"""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from gi.repository import Gimp, GimpUi, Gtk

from layersplit.bridge import words
from layersplit.bridge.choices import (
    OFFLINE_ROW,
    SCOPES,
    Choices,
    Consent,
    ProviderRow,
    rows_of,
)
from layersplit.bridge.history import estimate_s
from layersplit.bridge.messages import Failed
from layersplit.bridge.texts import translated
from layersplit_gimp import errands
from layersplit_gimp.advanced import Advanced
from layersplit_gimp.model import ask_model
from layersplit_gimp.waiting import Worker
from layersplit_gimp.widgets import Form, combo, sentence

MOST = 10


class SplitDialog:
    """Ask for one split of ``image``. ``worker`` tells which providers there are."""

    def __init__(
        self, image: Any, drawables: Sequence[Any], choices: Choices, worker: Worker
    ) -> None:
        self._extents = _extents(image, drawables)
        self._rows: List[ProviderRow] = [OFFLINE_ROW]
        self._wanted = choices.provider
        self._broken: Optional[Failed] = None
        self._filling = True
        self._worker = worker
        self._build(choices)
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            self._notes.set_text(translated(words.BECOMES_RGB))
        self._filling = False
        self._show_row()
        worker.rows_arrived = self._show_rows
        worker.broke = self._show_broken
        worker.ask_providers()

    def ask(self) -> Optional[Tuple[Choices, ProviderRow]]:
        """Show it and wait; None when the user does not want to."""
        while True:
            answer = self._window.run()
            if answer != Gtk.ResponseType.OK or self._split.get_sensitive():
                break
        filled = (self.choices(), self._row)
        self._worker.rows_arrived = lambda _rows: None
        self._window.destroy()
        if answer != Gtk.ResponseType.OK:
            return None
        if Consent.load().is_needed(filled[1]):
            Consent.give(filled[1], time.strftime("%Y-%m-%d"))
        return filled

    def choices(self) -> Choices:
        """What is filled in now."""
        return self._advanced.add_to(
            Choices(
                provider=self._row.name,
                layers=None if self._automatic.get_active() else self._layers.get_value_as_int(),
                prompt=self._description.get_text().strip(),
                scope=self._scope.get_active_id(),
                colours=self._colours.get_active_id(),
                hide_original=self._hide.get_active(),
            )
        )

    @property
    def _row(self) -> ProviderRow:
        return self._rows[max(0, self._provider.get_active())]

    # making it

    def _build(self, choices: Choices) -> None:
        self._window = GimpUi.Dialog(
            title=translated(words.TITLE), role="layersplit", use_header_bar=False
        )
        self._window.add_button(words.gtk_label(words.CANCEL), Gtk.ResponseType.CANCEL)
        self._split = self._window.add_button(words.gtk_label(words.SPLIT), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        form = Form()
        self._provider = Gtk.ComboBoxText()
        self._provider.append_text(translated(OFFLINE_ROW.title))
        self._provider.set_active(0)
        self._provider.connect("changed", self._provider_changed)
        form.add(words.PROVIDER, self._provider)
        self._ready = sentence(translated(words.LOOKING))
        self._help = Gtk.Button(use_underline=True, valign=Gtk.Align.START, no_show_all=True)
        self._help.connect("clicked", self._help_out)
        form.add_below(self._ready, self._help)
        self._scope = combo(
            [(name, words.SCOPES[name]) for name in SCOPES if name in self._extents],
            self._first_scope(choices),
        )
        self._scope.connect("changed", self._show_row)
        form.add(words.SCOPE, self._scope)
        self._layers = Gtk.SpinButton.new_with_range(1, MOST, 1)
        self._layers.set_value(choices.layers or 4)
        self._layers.set_activates_default(True)
        self._layers.connect("value-changed", self._show_row)
        self._automatic = Gtk.CheckButton.new_with_mnemonic(words.gtk_label(words.AUTOMATIC))
        self._automatic.set_active(choices.layers is None)
        self._automatic.connect("toggled", self._show_row)
        form.add(words.LAYERS, self._layers, self._automatic)
        self._description = Gtk.Entry(text=choices.prompt, activates_default=True)
        self._described = [
            *form.add(words.DESCRIPTION, self._description),
            form.add_below(sentence(translated(words.DESCRIPTION_HELP))),
        ]
        self._colours = combo(list(words.COLOURS_CHOICES.items()), choices.colours)
        form.add(words.COLOURS, self._colours)
        self._hide = Gtk.CheckButton.new_with_mnemonic(words.gtk_label(words.HIDE_ORIGINAL))
        self._hide.set_active(choices.hide_original)
        form.add_below(self._hide)
        self._advanced = Advanced(choices)
        self._fold = Gtk.Expander(label=words.gtk_label(words.ADVANCED), use_underline=True)
        self._fold.add(self._advanced.grid)
        self._notes, self._costs, self._sends = sentence(""), sentence(""), sentence("")
        self._agree = Gtk.CheckButton(use_underline=True, no_show_all=True)
        self._agree.connect("toggled", self._show_row)
        column = self._window.get_content_area()
        column.set_border_width(12)
        column.set_spacing(8)
        for widget in (
            form.grid, self._fold, self._notes, self._costs, self._sends, self._agree
        ):  # fmt: skip
            column.pack_start(widget, False, False, 0)  # noqa: FBT003 - GTK's
        self._window.show_all()
        self._split.grab_focus()

    def _first_scope(self, choices: Choices) -> str:
        """A selection is probably there to be split."""
        if choices.scope in ("auto", "selection") and "selection" in self._extents:
            return "selection"
        return choices.scope if choices.scope in self._extents else "picture"

    # keeping it true

    def _show_rows(self, providers: List[Dict[str, Any]]) -> None:
        rows = rows_of(providers)
        if not rows:
            return
        wanted = self._wanted if len(self._rows) == 1 else self._row.name
        self._broken = None
        self._filling = True
        self._rows = rows
        self._provider.remove_all()
        for row in rows:
            self._provider.append_text(translated(row.title))
        names = [row.name for row in rows]
        self._provider.set_active(names.index(wanted) if wanted in names else 0)
        self._filling = False
        self._show_row()

    def _show_broken(self, failure: Failed) -> None:
        self._broken = failure
        self._show_row()

    def _provider_changed(self, *_: Any) -> None:
        if not self._filling:
            self._agree.set_active(False)  # what was agreed to was another service
            self._show_row()

    def _show_row(self, *_: Any) -> None:
        """Make everything fit the provider that is chosen."""
        if self._filling:
            return
        row = self._row
        known = len(self._rows) > 1
        broken = None if self._broken is None else " ".join(self._broken.sentences[:2])
        self._ready.set_text(broken or words.readiness(row))
        self._help.set_label(words.gtk_label(words.SET_UP if broken else words.button(row)))
        helps = known and (not row.ready or row.has_models)
        self._help.set_visible(broken is not None or helps)
        self._layers.set_range(*row.layers)
        self._layers.set_sensitive(not self._automatic.get_active())
        for widget in self._described:
            widget.set_visible("prompt" in row.options)
        self._fold.set_visible(row.has_advanced)
        self._advanced.show_row(row)
        self._hide.set_sensitive(self._scope.get_active_id() != "selection")
        self._show_costs(row)
        asks = Consent.load().is_needed(row)
        self._agree.set_visible(asks)
        self._agree.set_label(words.agreement(row))
        self._window.resize(1, 1)  # as small as what is shown allows
        usable = broken is None and row.ready
        self._split.set_sensitive(usable and (not asks or self._agree.get_active()))

    def _show_costs(self, row: ProviderRow) -> None:
        layers = None if self._automatic.get_active() else self._layers.get_value_as_int()
        width, height = self._extents[self._scope.get_active_id()]
        parts = [words.price(row, layers), words.duration(estimate_s(row.name, width, height))]
        self._costs.set_text(" ".join(filter(None, parts)))
        self._sends.set_text(words.sending(row))
        for label in (self._notes, self._costs, self._sends):
            label.set_visible(bool(label.get_text()))

    def _help_out(self, *_: Any) -> None:
        if self._broken is not None:
            if errands.set_up():
                self._broken = None
        elif self._row.key_variable is not None:
            errands.ask_key(self._row)
        elif self._row.has_models:
            ask_model(self._row)
        else:
            errands.set_up(self._row)
        self._worker.ask_providers()


def _extents(image: Any, drawables: Sequence[Any]) -> Dict[str, Tuple[int, int]]:
    """What can be split now, and how large it is."""
    found = {"picture": (image.get_width(), image.get_height())}
    selection = Gimp.Selection.bounds(image)
    if selection.non_empty:
        found["selection"] = (selection.x2 - selection.x1, selection.y2 - selection.y1)
    if drawables:
        found["layer"] = (drawables[0].get_width(), drawables[0].get_height())
    return found
