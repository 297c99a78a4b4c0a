"""What went wrong, in a dialog: fact, meaning, remedy, and the button that helps."""

from __future__ import annotations

from typing import Optional, Sequence

from gi.repository import GimpUi, Gio, Gtk

from layersplit.bridge import texts, words
from layersplit.bridge.messages import Failed
from layersplit.bridge.paths import log_file

WIDTH_CHARS = 60
HELP, LOG = 1, 2


def show_failure(failure: Failed, *, can_help: bool) -> Optional[str]:
    """Show ``failure`` and wait. Returns the English label of the step that was chosen, or None."""
    step = "History…" if failure.may_have_cost else texts.NEXT_STEPS.get(failure.code)
    label = texts.next_step(failure) if can_help else None
    chosen = _ask(failure.sentences, label, words.CLOSE, log=failure.code != "input")
    return step if chosen else None


def ask(sentences: Sequence[str], label: str, close: str) -> bool:
    """Show three sentences and one thing to do about them; returns whether it is to be done."""
    return _ask(sentences, words.gtk_label(label), close, log=False)


def _ask(sentences: Sequence[str], label: Optional[str], close: str, *, log: bool) -> bool:
    fact, *more = sentences
    dialog = GimpUi.Dialog(title="Layersplit", role="layersplit-message", use_header_bar=False)
    dialog.set_resizable(False)
    if log and log_file().exists():
        dialog.add_button(words.gtk_label(words.LOG), LOG)
    dialog.add_button(words.gtk_label(close), Gtk.ResponseType.CLOSE)
    if label is not None:
        dialog.add_button(label, HELP)
    dialog.set_default_response(Gtk.ResponseType.CLOSE if label is None else HELP)
    row = Gtk.Box(spacing=12, border_width=12)
    row.pack_start(
        Gtk.Image(
            icon_name="dialog-warning", icon_size=Gtk.IconSize.DIALOG, valign=Gtk.Align.START
        ),
        False,  # noqa: FBT003 - GTK's
        False,  # noqa: FBT003 - GTK's
        0,
    )
    column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
    for text in (fact, "\n".join(filter(None, more))):
        line = Gtk.Label(label=text, xalign=0.0, wrap=True, selectable=True, can_focus=False)
        line.set_max_width_chars(WIDTH_CHARS)
        column.pack_start(line, False, False, 0)  # noqa: FBT003 - GTK's
    heading = column.get_children()[0]
    heading.get_style_context().add_class("title")
    row.pack_start(column, True, True, 0)  # noqa: FBT003 - GTK's
    dialog.get_content_area().add(row)
    dialog.show_all()
    while True:
        answer = dialog.run()
        if answer != LOG:
            break
        Gio.AppInfo.launch_default_for_uri(Gio.File.new_for_path(str(log_file())).get_uri(), None)
    dialog.destroy()
    return bool(answer == HELP)
