"""Which weights this computer's GPU works with: a folder, a file, or a name that is fetched."""

from __future__ import annotations

from typing import Any

from gi.repository import GimpUi, Gtk

from layersplit.bridge import errands, words
from layersplit.bridge.choices import ProviderRow
from layersplit.bridge.texts import translated
from layersplit_gimp.errands import long_errand
from layersplit_gimp.widgets import Form, sentence


def ask_model(row: ProviderRow) -> bool:
    """Ask for the model of ``row`` and have it used; returns whether it is."""
    window = GimpUi.Dialog(
        title=translated(words.MODEL_TITLE), role="layersplit-model", use_header_bar=False
    )
    window.add_button(words.gtk_label(words.CANCEL), Gtk.ResponseType.CANCEL)
    window.add_button(words.gtk_label(words.USE), Gtk.ResponseType.OK)
    window.set_default_response(Gtk.ResponseType.OK)
    model = Gtk.Entry(text=errands.chosen_model(), activates_default=True)
    buttons = []
    for text, action in (
        (words.MODEL_FOLDER, Gtk.FileChooserAction.SELECT_FOLDER),
        (words.MODEL_FILE, Gtk.FileChooserAction.OPEN),
    ):
        button = Gtk.Button.new_with_mnemonic(words.gtk_label(text))
        button.connect("clicked", _choose, window, action, model)
        buttons.append(button)
    form = Form()
    form.add(words.MODEL_LABEL, model, *buttons)
    form.add_below(sentence(words.model_help(row)))
    form.grid.set_border_width(12)
    window.get_content_area().add(form.grid)
    window.show_all()
    names = [name for name, _size, _licence in row.models]
    taken = False
    while not taken and window.run() == Gtk.ResponseType.OK:
        named = model.get_text().strip()
        taken = long_errand(
            words.FETCHING_MODEL,
            translated(words.FETCH_RESUMES),
            lambda report, stop, named=named: errands.take_model(named, names, report, stop),
        )
    window.destroy()
    return taken


def _choose(_button: Any, window: Any, action: Any, model: Any) -> None:
    chooser = Gtk.FileChooserNative.new(
        translated(words.MODEL_TITLE), window, action, words.gtk_label(words.USE), None
    )
    if chooser.run() == Gtk.ResponseType.ACCEPT:
        model.set_text(chooser.get_filename() or "")
    chooser.destroy()
