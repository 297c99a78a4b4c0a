"""The language that Krita speaks: the one of its settings, or the system's."""

from __future__ import annotations

from layersplit_krita.qt import QLocale


def spoken() -> str:
    """``de``, ``pt_BR``; English where Qt knows none."""
    name = QLocale().name()
    return "en" if name == "C" else name
