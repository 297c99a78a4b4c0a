"""The few widgets that our dialogs share."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from gi.repository import Gtk

from layersplit.bridge import words
from layersplit.bridge.texts import translated

WIDTH_CHARS = 52


def sentence(text: str) -> Any:
    """A label that wraps."""
    label = Gtk.Label(label=text, xalign=0.0, wrap=True, no_show_all=False)
    label.set_max_width_chars(WIDTH_CHARS)
    label.set_width_chars(WIDTH_CHARS)
    return label


def combo(entries: Sequence[Tuple[str, str]], chosen: str) -> Any:
    """A drop-down list of (id, text); ``chosen`` is an id."""
    box = Gtk.ComboBoxText()
    for name, text in entries:
        box.append(name, translated(text))
    if not box.set_active_id(chosen):
        box.set_active(0)
    return box


class Form:
    """Rows of a label and its widgets, aligned."""

    def __init__(self) -> None:
        self.grid = Gtk.Grid(column_spacing=8, row_spacing=6)
        self._count = 0

    def add(self, label: str, *widgets: Any) -> Tuple[Any, Any]:
        """A row; the label's key leads to the first widget. Returns the label and the box."""
        text = Gtk.Label(label=words.gtk_label(label) + ":", use_underline=True, xalign=0.0)
        text.set_mnemonic_widget(widgets[0])
        self.grid.attach(text, 0, self._count, 1, 1)
        return text, self.add_below(*widgets)

    def add_below(self, *widgets: Any) -> Any:
        """Widgets in the second column, without a label; the first one takes the room."""
        box = Gtk.Box(spacing=8)
        for number, widget in enumerate(widgets):
            takes_room = number == 0 and not isinstance(widget, Gtk.SpinButton)
            box.pack_start(widget, takes_room, takes_room, 0)
        box.set_hexpand(True)
        self.grid.attach(box, 1, self._count, 1, 1)
        self._count += 1
        return box
