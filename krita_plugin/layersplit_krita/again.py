"""From the history into a document: a result that is kept, or a job that a service still has."""

from __future__ import annotations

from typing import Any, Generator, Optional

from krita import Krita

from layersplit.bridge import history, words
from layersplit.bridge.messages import Resume
from layersplit.bridge.texts import translated
from layersplit_krita.colourspaces import DEPTHS, SRGB, Space
from layersplit_krita.placing import Placement, insert
from layersplit_krita.stepping import Stepper
from layersplit_krita.work import Office, Work, is_open

RESOLUTION = 72.0


class _FromHistory(Work):
    """Into ``document``, or into a new one when that is None."""

    def __init__(self, entry: history.Entry, document: Any, office: Office) -> None:
        super().__init__(entry.job, entry.title, entry.provider, office)
        self.entry = entry
        self.document = document if document is not None else _new_document_for(entry)
        self._root_id = self.document.rootNode().uniqueId()

    def target(self) -> "Optional[tuple[Any, Placement]]":
        """The document that was active when the user asked, if it is still there."""
        if not is_open(self.document, self._root_id):
            return None
        return self.document, _placement_of(self.entry)


class Reinsertion(_FromHistory):
    """Insert the kept layers once more."""

    def start(self) -> None:
        """Unpack and insert; the worker is not needed."""
        self._office.progress(self, None, translated(words.INSERTING))
        self._stepper = Stepper(self._steps(), done=self._inserted, failed=self._broken)

    def _steps(self) -> Generator[None, None, Any]:
        self.where = _placement_of(self.entry)
        while self.entry.state == history.RUNNING:  # its layers are still being packed
            yield
            self.entry = history.entry_of(self.job) or self.entry
        yield from history.unpack_layers(self.entry, self.folder.path)
        layers = self.entry.layer_files()
        return (yield from insert(self.document, layers, self.folder.path, self.where))

    def _inserted(self, group: Any) -> None:
        self._stepper = None
        self.group = group
        history.change(self.job, inserted=True)
        self.folder.remove()
        self._office.ended(self, None)

    def _end(self, failure: Any) -> None:
        """What is kept stays kept."""
        self.folder.remove()
        self._office.ended(self, failure)


class Continuation(_FromHistory):
    """Bring the layers of a job that did not finish, without paying again."""

    def start(self) -> None:
        """Ask the worker, which asks the service."""
        entry = self.entry
        history.change(self.job, state=history.RUNNING)
        self._office.send(
            Resume(self.job, str(self.folder.path), "krita", order=entry.order, depth=entry.depth)
        )


def _space_of(entry: history.Entry) -> Space:
    """The colour space of the kept pixels; GIMP's own names mean sRGB here."""
    if len(entry.space) == 3 and entry.host == "krita":
        return Space(*entry.space)
    depth = next(name for name, word in DEPTHS.items() if word == entry.depth)
    return Space("RGBA", depth, SRGB)


def _placement_of(entry: history.Entry) -> Placement:
    return Placement(
        name=translated(words.GROUP) % entry.title,
        space=_space_of(entry),
        order=entry.order,
        dx=entry.offset[0],
        dy=entry.offset[1],
    )


def _new_document_for(entry: history.Entry) -> Any:
    """An empty document as large as what was split, shown in a window."""
    width, height = entry.offset[0] + entry.width, entry.offset[1] + entry.height
    document = Krita.instance().createDocument(
        max(width, 1), max(height, 1), entry.title, *_space_of(entry), RESOLUTION
    )
    for node in document.rootNode().childNodes():
        node.remove()
    Krita.instance().activeWindow().addView(document)
    return document
