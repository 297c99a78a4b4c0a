"""Past splits: insert again, go on with an unfinished one, delete."""

from __future__ import annotations

import time
from typing import Any, Optional, Tuple

from gi.repository import GdkPixbuf, GimpUi, GLib, Gtk

from layersplit.bridge import history, words
from layersplit.bridge.texts import counted, translated
from layersplit.bridge.titles import title_of

INSERT, CONTINUE, DELETE = 1, 2, 3
JOB, PICTURE, TEXT = 0, 1, 2
SIZE = (520, 380)
PICTURE_SIZE = (96, 72)


class HistoryDialog:
    """Shows the history and waits for what is to be done with one entry."""

    def __init__(self) -> None:
        self._window = GimpUi.Dialog(
            title=translated(words.HISTORY), role="layersplit-history", use_header_bar=False
        )
        self._buttons = {
            answer: self._window.add_button(words.gtk_label(label), answer)
            for label, answer in (
                (words.DELETE, DELETE),
                (words.CONTINUE, CONTINUE),
                (words.INSERT_AGAIN, INSERT),
            )
        }
        self._window.add_button(words.gtk_label(words.CLOSE), Gtk.ResponseType.CLOSE)
        self._window.set_default_response(INSERT)
        self._store = Gtk.ListStore(str, GdkPixbuf.Pixbuf, str)
        view = Gtk.TreeView(model=self._store, headers_visible=False)
        view.append_column(Gtk.TreeViewColumn("", Gtk.CellRendererPixbuf(xpad=6), pixbuf=PICTURE))
        view.append_column(Gtk.TreeViewColumn("", Gtk.CellRendererText(), markup=TEXT))
        view.connect("row-activated", lambda *_: self._window.response(INSERT))
        self._selection = view.get_selection()
        self._selection.connect("changed", self._enable)
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.set_size_request(*SIZE)
        scrolled.add(view)
        self._empty = Gtk.Label(label=translated(words.HISTORY_EMPTY), no_show_all=True)
        box = self._window.get_content_area()
        box.set_border_width(12)
        box.set_spacing(8)
        box.pack_start(self._empty, False, False, 0)  # noqa: FBT003 - GTK's
        box.pack_start(scrolled, True, True, 0)  # noqa: FBT003 - GTK's
        self._fill()
        self._window.show_all()

    def ask(self) -> Optional[Tuple[int, history.Entry]]:
        """INSERT or CONTINUE with an entry; None when the user closes it."""
        while True:
            answer = self._window.run()
            entry = self._chosen()
            if answer not in self._buttons or entry is None:
                self._window.destroy()
                return None
            if answer == DELETE:
                history.delete(entry.job)
                self._fill()
            elif self._buttons[answer].get_sensitive():
                self._window.destroy()
                return answer, entry

    def _fill(self) -> None:
        self._store.clear()
        for entry in history.entries():
            self._store.append([entry.job, _picture_of(entry), _text_of(entry)])
        self._empty.set_visible(len(self._store) == 0)
        if len(self._store):
            self._selection.select_path(0)
        self._enable()

    def _chosen(self) -> Optional[history.Entry]:
        model, row = self._selection.get_selected()
        return None if row is None else history.entry_of(model[row][JOB])

    def _enable(self, *_: Any) -> None:
        entry = self._chosen()
        self._buttons[INSERT].set_sensitive(entry is not None and entry.state == history.DONE)
        self._buttons[CONTINUE].set_sensitive(entry is not None and entry.can_continue)
        self._buttons[DELETE].set_sensitive(entry is not None)


def _picture_of(entry: history.Entry) -> Any:
    try:
        file = str(history.thumbnail_of(entry.job))
        return GdkPixbuf.Pixbuf.new_from_file_at_size(file, *PICTURE_SIZE)
    except GLib.Error:
        return None


def _text_of(entry: history.Entry) -> str:
    """Title, what came of it, when."""
    when = time.strftime("%x %H:%M", time.localtime(entry.started))
    if entry.state == history.DONE:
        came = counted(words.LAYER_COUNT, len(entry.layers))
    else:
        came = translated(words.UNFINISHED)
    title = GLib.markup_escape_text(entry.title)
    return "<b>%s</b>\n%s, %s\n%s" % (
        title,
        GLib.markup_escape_text(title_of(entry.provider)),
        came,
        when,
    )
