"""Lets the tests read the plug-in's windows in GIMP; put into the user's Python as usercustomize.

GIMP's plug-in is a process of its own, in which no batch can look. Where LAYERSPLIT_WINDOWS names a
file, that file says, as JSON, which windows the plug-in shows: title, sentences, and the buttons,
each with whether it can be pressed. Nothing is changed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

EVERY_MS = 200


def watch(file: Path) -> None:
    """Wait for GTK, then look again and again from its own loop."""
    while "gi.repository.Gtk" not in sys.modules:
        time.sleep(0.05)
    from gi.repository import GLib, Gtk  # noqa: PLC0415 - only once the plug-in has chosen versions

    def look() -> bool:
        found = [window for window in Gtk.Window.list_toplevels() if window.get_visible()]
        windows = [
            window for window in found if window.get_title()
        ]  # a list that drops down has none
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_text(json.dumps([described(window, Gtk) for window in windows]), "utf-8")
        part.replace(file)
        return True

    GLib.timeout_add(EVERY_MS, look)


def described(window: Any, gtk: Any) -> dict[str, Any]:
    """One window in words."""
    found: dict[str, Any] = {"title": window.get_title(), "text": [], "buttons": {}}
    waiting = [window]
    while waiting:
        widget = waiting.pop(0)
        if not widget.get_mapped():
            continue
        if isinstance(widget, gtk.Button) and widget.get_label():
            found["buttons"][widget.get_label().replace("_", "")] = widget.is_sensitive()
        elif isinstance(widget, gtk.ComboBoxText):
            found["text"].append(widget.get_active_text() or "")
        elif isinstance(widget, gtk.Label):
            found["text"].append(widget.get_text())
        elif isinstance(widget, gtk.Container):
            waiting += widget.get_children()
    return found


FILE = os.environ.get("LAYERSPLIT_WINDOWS")
if FILE and any("layersplit-gimp" in word for word in sys.orig_argv):
    threading.Thread(target=watch, args=(Path(FILE),), daemon=True).start()
