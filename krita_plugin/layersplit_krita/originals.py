"""Hiding what was split, so that one Undo shows it again.

Krita has no undo for the sight of a layer that a plug-in changes. So the originals are hidden
together with the insertion, and a slow look now and then keeps the two in step: when the group is
gone (Undo, or deleted), the originals are shown; when it is back (Redo), they are hidden again.
"""

from __future__ import annotations

from typing import Any, List, Sequence

from layersplit_krita.guard import guarded
from layersplit_krita.qt import QObject, QTimer
from layersplit_krita.work import is_open

LOOK_MS = 150


class Originals(QObject):
    """Watches every group whose originals were hidden, as long as its document is open."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs: List[_Pair] = []
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def hide_beside(self, document: Any, group: Any, originals: Sequence[Any]) -> None:
        """Hide ``originals`` for as long as ``group`` is in ``document``."""
        if originals:
            self._pairs.append(_Pair(document, group, originals))
            self._timer.start()

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._pairs.clear()

    @guarded
    def _look(self) -> None:
        self._pairs = [pair for pair in self._pairs if is_open(pair.document, pair.root_id)]
        for pair in self._pairs:
            pair.look()
        if not self._pairs:
            self._timer.stop()


class _Pair:
    def __init__(self, document: Any, group: Any, originals: Sequence[Any]) -> None:
        self.document = document
        self.root_id = document.rootNode().uniqueId()
        self._group_id = group.uniqueId()
        self._original_ids = [node.uniqueId() for node in originals]
        self._group_is_there = True
        self._show(visible=False)

    def look(self) -> None:
        is_there = self.document.nodeByUniqueID(self._group_id) is not None
        if is_there != self._group_is_there:
            self._group_is_there = is_there
            self._show(visible=not is_there)

    def _show(self, *, visible: bool) -> None:
        for unique_id in self._original_ids:
            node = self.document.nodeByUniqueID(unique_id)
            if node is not None:
                node.setVisible(visible)
        self.document.refreshProjection()
