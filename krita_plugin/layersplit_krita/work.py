"""What every piece of work for the user has: a job, a folder, a line of progress, one end."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Optional, Union

from krita import Krita

from layersplit.bridge import history, words
from layersplit.bridge.folders import JobFolder
from layersplit.bridge.hostlog import note
from layersplit.bridge.messages import Failed, Result, Resume, Split
from layersplit.bridge.texts import failed, translated
from layersplit_krita.placing import Placement, insert
from layersplit_krita.stepping import Stepper

DOCUMENT_CLOSED = "document-closed"


class Office:
    """What a piece of work needs from outside. All are called on the UI thread.

    ``send`` and ``stop`` go to the worker; ``progress`` gets (work, fraction or None, sentence);
    ``ended`` is called once, with a Failed, or None for success.
    """

    def __init__(
        self,
        *,
        send: Callable[[Union[Split, Resume]], None],
        stop: Callable[[str], None],
        progress: Callable[[Any, Optional[float], str], None],
        ended: Callable[[Any, Optional[Failed]], None],
    ) -> None:
        self.send = send
        self.stop = stop
        self.progress = progress
        self.ended = ended


class Work:
    """The common part; nothing here blocks. ``title``: of what is split."""

    def __init__(self, job: str, title: str, provider: str, office: Office) -> None:
        self.job = job
        self.title = title
        self.provider = provider
        self.is_cancelled = False
        self.result: Optional[Result] = None
        self.where: Optional[Placement] = None
        self.group: Any = None
        self.document: Any = None
        self.folder = JobFolder()
        self._office = office
        self._started = time.monotonic()
        self._stepper: Optional[Stepper] = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the user asked for it."""
        return time.monotonic() - self._started

    def cancel(self) -> None:
        """Stop as soon as possible; the office hears of the end when it has come."""
        if self.is_cancelled:
            return
        self.is_cancelled = True
        if self._stepper is not None:  # reading or inserting: nobody else is involved
            self._stepper.stop()
            self._end(failed("cancelled", self.job))
        else:
            self._office.progress(self, None, translated(words.STOPPING))
            self._office.stop(self.job)

    def abandon(self) -> None:
        """Krita ends: leave no file and no open document."""
        if self._stepper is not None:
            self._stepper.stop()
        self.folder.remove()

    def finish(self, result: Result) -> None:
        """The worker is done: insert the layers, or keep them when there is nowhere to."""
        self.result = result
        self._office.progress(self, None, translated(words.INSERTING))
        target = self.target()
        if target is None:
            self._keep(inserted=False)
            sentences = list(words.closed_meanwhile(self.title))
            self._office.ended(self, Failed(self.job, DOCUMENT_CLOSED, sentences))
            return
        self.document, self.where = target
        self._stepper = Stepper(
            insert(self.document, result.layers, self.folder.path, self.where),
            done=self._inserted,
            failed=self._broken,
        )

    def fail(self, failure: Failed) -> None:
        """The worker could not do it."""
        self._end(failure)

    def target(self) -> "Optional[tuple[Any, Placement]]":
        """The document for the layers and their place in it; None when it is gone."""
        raise NotImplementedError

    def _inserted(self, group: Any) -> None:
        self._stepper = None
        self.group = group
        self._keep(inserted=True)
        self._office.ended(self, None)

    def _broken(self, error: Exception) -> None:
        self._stepper = None
        make = getattr(error, "failed", None)
        self._end(make(self.job) if make is not None else self._unforeseen(error))

    def _unforeseen(self, error: Exception) -> Failed:
        note("job %s: %r" % (self.job, error))
        if isinstance(error, MemoryError):
            return failed("memory", self.job)
        if isinstance(error, OSError):
            detail = error.strerror or error
            return failed("disk", self.job, detail=detail, folder=self.folder.path)
        return failed("internal", self.job)

    def _end(self, failure: Failed) -> None:
        if failure.code == "cancelled" and not failure.may_have_cost:
            history.delete(self.job)
        else:
            history.change(self.job, state=history.FAILED)
        self.folder.remove()
        self._office.ended(self, failure)

    def _keep(self, *, inserted: bool) -> None:
        """Pack the result into the history in a thread; the folder goes when that is done."""
        assert self.result is not None  # noqa: S101 - called with a result only
        layers, cost = self.result.layers, self.result.report.get("cost_usd")
        job, folder = self.job, self.folder
        history.change(job, inserted=inserted, seconds=self.elapsed_s, cost_usd=cost)

        def pack() -> None:
            try:
                for _ in history.keep_layers(job, layers, folder.path):
                    pass
            except OSError as error:
                note("the history cannot keep %s: %s" % (job, error))
            finally:
                folder.remove()

        threading.Thread(target=pack, name="layersplit-history").start()


def is_open(document: Any, root_id: Any) -> bool:
    """Whether ``document`` is among Krita's, with the root that it had."""
    for other in Krita.instance().documents():
        if other == document:
            root = other.rootNode()
            if root is not None and root.uniqueId() == root_id:
                return True
    return False
