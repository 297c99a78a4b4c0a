"""One split from the document to its layers: what the host keeps while the worker works."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any, Callable, Optional

from krita import Krita

from layersplit.bridge import history, words
from layersplit.bridge.choices import Choices
from layersplit.bridge.folders import JobFolder
from layersplit.bridge.hostlog import note
from layersplit.bridge.messages import Failed, Options, RawPicture, Result, Split
from layersplit.bridge.texts import failed, translated
from layersplit_krita.placing import Placement, insert, visible_top_nodes
from layersplit_krita.source import Source
from layersplit_krita.stepping import Stepper


class Run:
    """Reading, waiting, inserting. ``ended`` is called once, with a Failed, or None for success.

    ``send`` passes a request to the worker, ``progress`` (fraction or None, sentence) is what the
    user sees. Nothing here blocks: every long part is done in short steps.
    """

    def __init__(
        self,
        source: Source,
        choices: Choices,
        options: Options,
        *,
        send: Callable[[Split], None],
        stop: Callable[[str], None],
        progress: Callable[["Run", Optional[float], str], None],
        ended: Callable[["Run", Optional[Failed]], None],
    ) -> None:
        self.job = uuid.uuid4().hex
        self.source = source
        self.choices = choices
        self.options = options
        self.started = time.monotonic()
        self.picture: Optional[RawPicture] = None
        self.result: Optional[Result] = None
        self.where: Optional[Placement] = None
        self.group: Any = None
        self.folder = JobFolder()
        self.is_cancelled = False
        self._send = send
        self._stop = stop
        self._progress = progress
        self._ended = ended
        self._stepper: Optional[Stepper] = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the user asked for it."""
        return time.monotonic() - self.started

    def start(self) -> None:
        """Read the picture; the worker gets it when it is complete."""
        history.begin(self._entry())
        self._thumbnail()
        self._progress(self, None, translated(words.PREPARING))
        self._stepper = Stepper(
            self.source.read(self.folder.path), done=self._read, failed=self._broken
        )

    def cancel(self) -> None:
        """Stop as soon as possible; :attr:`ended` is called when it is done."""
        if self.is_cancelled:
            return
        self.is_cancelled = True
        if self._stepper is not None:  # reading or inserting: nobody else is involved
            self._stepper.stop()
            self._end(failed("cancelled", self.job))
        else:
            self._progress(self, None, translated(words.STOPPING))
            self._stop(self.job)

    def abandon(self) -> None:
        """Krita ends: leave no file and no open document."""
        if self._stepper is not None:
            self._stepper.stop()
        self.folder.remove()

    # reading

    def _read(self, picture: RawPicture) -> None:
        self._stepper = None
        self.picture = picture
        self._send(Split(self.job, str(self.folder.path), "krita", picture, self.options))

    def _broken(self, error: Exception) -> None:
        self._stepper = None
        make = getattr(error, "failed", None)
        if make is None:
            note("run %s: %r" % (self.job, error))
        self._end(make(self.job) if make is not None else _unforeseen(self, error))

    # the worker's answer

    def finish(self, result: Result) -> None:
        """Insert the layers, or keep them when the document is gone."""
        self.result = result
        self._progress(self, None, translated(words.INSERTING))
        if not self.document_is_open():
            self._keep(inserted=False)
            self._ended(self, Failed(self.job, "document-closed", [*self._closed_sentences()]))
            return
        self.where = self._placement()
        self._stepper = Stepper(
            insert(self.source.document, result.layers, self.folder.path, self.where),
            done=self._inserted,
            failed=self._broken,
        )

    def fail(self, failure: Failed) -> None:
        """The worker could not do it."""
        self._end(failure)

    def document_is_open(self) -> bool:
        """Whether the document is still there, and still the same one."""
        return is_open(self.source.document, self.source.root_id)

    def _placement(self) -> Placement:
        """Where the layers go. To be asked before they are there."""
        source = self.source
        above = None
        if source.node_id is not None:
            above = source.document.nodeByUniqueID(source.node_id)
        hides = source.scope != "selection" and (self.choices.hide_original or not source.opaque)
        originals = [above] if above is not None else visible_top_nodes(source.document)
        return Placement(
            name=translated(words.GROUP) % source.title,
            space=source.space,
            dx=source.bounds.x(),
            dy=source.bounds.y(),
            above=above,
            hidden=originals if hides else [],
            masked=source.selected,
            mask=source.mask,
        )

    def _inserted(self, group: Any) -> None:
        self._stepper = None
        self.group = group
        self._keep(inserted=True)
        self._ended(self, None)

    def _end(self, failure: Failed) -> None:
        history.change(self.job, state=history.FAILED)
        if failure.code == "cancelled" and not failure.may_have_cost:
            history.delete(self.job)
        self.folder.remove()
        self._ended(self, failure)

    # the history

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

    def _thumbnail(self) -> None:
        image = self.source.document.thumbnail(160, 120)
        image.save(str(history.thumbnail_of(self.job)), "PNG")

    def _keep(self, *, inserted: bool) -> None:
        """Pack the result into the history in a thread; the folder goes when that is done."""
        assert self.result is not None  # noqa: S101 - called with a result only
        layers, cost = self.result.layers, self.result.report.get("cost_usd")
        job, folder, seconds = self.job, self.folder, self.elapsed_s
        history.change(job, inserted=inserted, seconds=seconds, cost_usd=cost)

        def pack() -> None:
            try:
                for _ in history.keep_layers(job, layers, folder.path):
                    pass
            except OSError as error:
                note("the history cannot keep %s: %s" % (job, error))
            finally:
                folder.remove()

        threading.Thread(target=pack, name="layersplit-history").start()

    def _closed_sentences(self) -> "tuple[str, str, str]":
        return words.closed_meanwhile(self.source.title)


def is_open(document: Any, root_id: str) -> bool:
    """Whether ``document`` is among Krita's, with the root that it had."""
    for other in Krita.instance().documents():
        if other == document:
            root = other.rootNode()
            if root is not None and root.uniqueId() == root_id:
                return True
    return False


def _unforeseen(run: Run, error: Exception) -> Failed:
    if isinstance(error, MemoryError):
        return failed("memory", run.job)
    if isinstance(error, OSError):
        return failed("disk", run.job, detail=error.strerror or error, folder=run.folder.path)
    return failed("internal", run.job)
