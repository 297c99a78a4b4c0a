"""What can be split in a document now, and what is special about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layersplit.bridge import words
from layersplit.bridge.choices import Choices
from layersplit.bridge.texts import translated


class Offer:
    """``extents``: scope to (width, height); ``notes``: sentences for the dialog."""

    def __init__(self, document: Any) -> None:
        whole = (document.width(), document.height())
        self.extents = {"picture": whole}
        selection = document.selection()
        if selection is not None and selection.width() > 0:
            self.extents["selection"] = (selection.width(), selection.height())
        node = document.activeNode()
        if node is not None:
            bounds = node.bounds()
            self.extents["layer"] = (bounds.width(), bounds.height())
        self.scopes = list(self.extents)
        model = document.colorModel()
        self.notes = []
        if model not in ("RGBA", "GRAYA"):
            self.notes.append(translated(words.CONVERTED) % model.rstrip("A"))

    def suited(self, choices: Choices, *, keep: bool = False) -> Choices:
        """``choices`` with a scope that exists. ``keep``: the last one, if that is possible.

        Without ``keep`` a selection is probably there to be split, and else the whole picture.
        """
        scope = choices.scope if choices.scope in self.scopes else "picture"
        if not keep:
            scope = "selection" if "selection" in self.scopes else "picture"
        return replace(choices, scope=scope)
