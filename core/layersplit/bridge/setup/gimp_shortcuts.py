"""Our shortcut in GIMP's shortcutsrc, as text in and text out.

GIMP writes the file when it ends, with its defaults as comments, and keeps what stands there; so it
is only edited while GIMP is closed. A key that the user gave to another action stays there, and a
choice that the user made for ours is kept. A key that is merely another action's *default* would be
taken from it silently, so that counts as taken too.
"""

from __future__ import annotations

import re
from typing import Tuple

NEW_FILE = "(file-version 1)\n"
END = "\n# end of shortcutsrc"
_ENTRY = re.compile(r'^(# )?\(action "([^"]+)"((?: "[^"]*")*)\)[ \t]*\r?$', re.MULTILINE)

SET, KEPT, TAKEN = "set", "kept", "taken"


def with_shortcut(text: str, action: str, key: str) -> Tuple[str, str, str]:
    """``text`` with the shortcut, what was done (SET, KEPT, TAKEN), and what is there instead.

    ``key``: as GTK writes it, such as ``<Primary><Shift>k``. An empty ``text`` is a new file.
    """
    for comment, name, keys in _ENTRY.findall(text):
        if name == action and not comment:
            return text, KEPT, keys.strip()
        if name != action and _has(keys, key):
            return text, TAKEN, name
    text = text or NEW_FILE
    line = _line(action, key)
    end = text.find(END)
    if end >= 0:
        return text[: end + 1] + line + text[end + 1 :], SET, ""
    gap = "" if text.endswith("\n") else "\n"
    return text + gap + line, SET, ""


def without_shortcut(text: str, action: str) -> str:
    """``text`` without any line of our action, GIMP's commented ones included."""
    ours = r'^(# )?\(action "%s"(?: "[^"]*")*\)[ \t]*\r?\n?' % re.escape(action)
    return re.sub(ours, "", text, flags=re.MULTILINE)


def _line(action: str, key: str) -> str:
    return '(action "%s" "%s")\n' % (action, key)


def _has(keys: str, key: str) -> bool:
    """Whether ``key`` is one of ``keys``; GTK writes Ctrl as <Primary> or <Control>."""
    return _plain(key) in {_plain(other) for other in re.findall(r'"([^"]*)"', keys)}


def _plain(key: str) -> str:
    return key.lower().replace("<control>", "<primary>").replace("<ctrl>", "<primary>")
