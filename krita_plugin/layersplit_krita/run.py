"""One split from the document to its layers: what the host keeps while the worker works."""

from __future__ import annotations

import uuid
from typing import Any, Optional

from layersplit.bridge import history, words
from layersplit.bridge.choices import Choices
from layersplit.bridge.messages import Options, RawPicture, Split
from layersplit.bridge.texts import translated
from layersplit_krita.placing import Placement, visible_top_nodes
from layersplit_krita.source import THUMBNAIL, Source
from layersplit_krita.stepping import Stepper
from layersplit_krita.work import Office, Work, is_open


class Run(Work):
    """Reading, waiting, inserting."""

    def __init__(self, source: Source, choices: Choices, options: Options, office: Office) -> None:
        super().__init__(uuid.uuid4().hex, source.title, options.provider, office)
        self.source = source
        self.choices = choices
        self.options = options

    def start(self) -> None:
        """Read the picture; the worker gets it when it is complete."""
        history.begin(self._entry())
        self._office.progress(self, None, translated(words.PREPARING))
        self._stepper = Stepper(
            self.source.read(self.folder.path), done=self._read, failed=self._broken
        )

    def target(self) -> "Optional[tuple[Any, Placement]]":
        """The document that was split, if it is still there."""
        source = self.source
        if not is_open(source.document, source.root_id):
            return None
        above = None
        if source.node_id is not None:
            above = source.document.nodeByUniqueID(source.node_id)
        hides = source.scope != "selection" and (self.choices.hide_original or not source.opaque)
        originals = [above] if above is not None else visible_top_nodes(source.document)
        where = Placement(
            name=translated(words.GROUP) % source.title,
            space=source.space,
            order=source.space.order,
            dx=source.bounds.x(),
            dy=source.bounds.y(),
            above=above,
            hidden=originals if hides else [],
            masked=source.selected,
            mask=source.mask,
        )
        return source.document, where

    def _read(self, picture: RawPicture) -> None:
        self._stepper = None
        history.keep_thumbnail(self.job, self.folder.path / THUMBNAIL)
        self._office.send(Split(self.job, str(self.folder.path), "krita", picture, self.options))

    def _entry(self) -> history.Entry:
        source = self.source
        return history.Entry(
            job=self.job,
            title=source.title,
            host="krita",
            provider=self.options.provider,
            width=source.bounds.width(),
            height=source.bounds.height(),
            order=source.space.order,
            depth=source.space.word,
            space=list(source.space),
            offset=[source.bounds.x(), source.bounds.y()],
        )
