"""Where everything meets: the worker, the runs, and what the user sees of them."""

from __future__ import annotations

import time
from queue import SimpleQueue
from typing import Any, Callable, Dict, List, Optional, Union

from krita import Krita

from layersplit.bridge import history, texts, words
from layersplit.bridge.choices import (
    OFFLINE_ROW,
    Choices,
    Consent,
    ProviderRow,
    last_choices,
    remember_choices,
    rows_of,
)
from layersplit.bridge.client import WorkerClient
from layersplit.bridge.messages import (
    Cancel,
    Failed,
    Message,
    Progress,
    ProviderList,
    Providers,
    Result,
)
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.texts import translated
from layersplit_krita import history_docker
from layersplit_krita.again import Continuation, Reinsertion
from layersplit_krita.dialog import SplitDialog
from layersplit_krita.errands import KeyDialog, set_up
from layersplit_krita.guard import guarded, is_ending
from layersplit_krita.messages import main_window, show_failure, show_question
from layersplit_krita.model import ModelDialog
from layersplit_krita.offer import Offer
from layersplit_krita.originals import Originals
from layersplit_krita.progress import ProgressWindow
from layersplit_krita.qt import QIcon, QObject, Qt, QTimer, pyqtSignal
from layersplit_krita.run import Run
from layersplit_krita.source import Source, source_of
from layersplit_krita.work import DOCUMENT_CLOSED, Office, Work

MESSAGE_MS = 4000
LOOK_MS = 250


class _Hop(QObject):
    """From the worker's reading thread to the UI thread.

    A queued signal wakes the UI thread, a slow timer is there for a signal that gets lost: in Krita
    6 with Python 3.14 that happens to the last one of a thread (see errands.py).
    """

    posted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._calls: "SimpleQueue[Callable[[], None]]" = SimpleQueue()
        self.posted.connect(self._work, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._work)
        self._timer.start()

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called on the UI thread; from any thread, in order."""
        self._calls.put(call)
        self.posted.emit()

    def close(self) -> None:
        """Krita ends: call nobody any more."""
        self._timer.stop()

    @guarded
    def _work(self) -> None:
        while not self._calls.empty() and not is_ending():
            self._calls.get()()


class Desk:
    """One for Krita's whole life, made at the first use."""

    def __init__(self) -> None:
        self._hop = _Hop()
        self._client = WorkerClient(self._message, deliver=self._hop.post)
        self._rows: List[ProviderRow] = []
        self._office = Office(
            send=self._client.send,
            stop=lambda job: self._client.send(Cancel(job)),
            progress=self._show_progress,
            ended=self._ended,
        )
        self._runs: Dict[str, Work] = {}
        self._dialog: Optional[SplitDialog] = None
        self._progress: Optional[ProgressWindow] = None
        self._originals = Originals()

    # the two actions

    @guarded
    def ask_and_split(self) -> None:
        """Show the dialog for the active document."""
        document = Krita.instance().activeDocument()
        window = main_window()
        if document is None or window is None:
            return
        if self._dialog is not None:
            self._dialog.raise_()
            return
        offer = Offer(document)
        dialog = SplitDialog(
            window,
            offer.suited(last_choices()),
            available=offer.scopes,
            extents=offer.extents,
            notes=offer.notes,
            accepted_with=lambda choices, row: self._split(document, choices, row),
            enter_key=self._enter_key,
            choose_model=self._choose_model,
            set_up=self._set_up,
        )
        self._dialog = dialog
        dialog.finished.connect(self._dialog_closed)
        dialog.show_rows(self._rows)
        dialog.open()
        self._client.send(Providers())  # after the dialog: a missing worker is answered at once

    @guarded
    def split_again(self) -> None:
        """Split as the last time; what needs an answer first still asks."""
        document = Krita.instance().activeDocument()
        if document is None:
            return
        choices = Offer(document).suited(last_choices(), keep=True)
        row = next((row for row in self._rows if row.name == choices.provider), None)
        if row is None and choices.provider == OFFLINE_ROW.name:
            row = OFFLINE_ROW
        if row is None or not row.ready or Consent.load().is_needed(row):
            self.ask_and_split()
        else:
            self._split(document, choices, row)

    def close(self) -> None:
        """Krita ends; its windows are already gone."""
        for run in self._runs.values():
            run.abandon()
        self._runs.clear()
        self._originals.close()
        self._hop.close()
        self._progress = self._dialog = None
        self._client.close(wait_s=0.5)

    # runs

    @guarded
    def _split(self, document: Any, choices: Choices, row: ProviderRow) -> None:
        remember_choices(choices)
        if Consent.load().is_needed(row):
            Consent.give(row, time.strftime("%Y-%m-%d"))
        try:
            source = source_of(document, choices.scope)
        except Refusal as refusal:
            show_failure(refusal.failed())
            return
        self._begin(source, choices, row)

    def _begin(self, source: Source, choices: Choices, row: ProviderRow) -> None:
        self._start(Run(source, choices, choices.options(row), self._office))

    def _start(self, run: "Union[Run, Reinsertion, Continuation]") -> None:
        self._runs[run.job] = run
        self._progress_window().add(run, run.cancel)
        run.start()

    # the history

    @guarded
    def insert_again(self, entry: history.Entry) -> None:
        """Put the kept layers of ``entry`` into the active document, or into a new one."""
        if entry.job not in self._runs:
            document = Krita.instance().activeDocument()
            self._start(Reinsertion(entry, document, self._office))

    @guarded
    def go_on(self, entry: history.Entry) -> None:
        """Bring what a service still has."""
        if entry.job not in self._runs:
            document = Krita.instance().activeDocument()
            self._start(Continuation(entry, document, self._office))

    @guarded
    def forget(self, entry: history.Entry) -> None:
        """Delete an entry; what runs is cancelled first."""
        if entry.job in self._runs:
            self._runs[entry.job].cancel()
        history.delete(entry.job)

    def _ended(self, run: Work, failure: Optional[Failed]) -> None:
        self._runs.pop(run.job, None)
        self._progress_window().remove(run)
        self._refresh_history()
        if failure is None:
            if run.where is not None:
                self._originals.hide_beside(run.document, run.group, run.where.hidden)
            self._say_done(run)
        elif failure.code == DOCUMENT_CLOSED:
            fact, meaning, remedy = failure.sentences
            show_question((fact, meaning, remedy), words.OPEN_AS_NEW, lambda: self._open_new(run))
        elif failure.code != "cancelled" or failure.may_have_cost:
            show_failure(failure, self._helper(run, failure))

    def _helper(self, run: Work, failure: Failed) -> Optional[Callable[[], None]]:
        step = texts.NEXT_STEPS.get(failure.code)
        if failure.may_have_cost:
            return self._show_history
        return {
            "Set Up…": self._set_up,
            "Settings…": self.ask_and_split,
            "History…": self._show_history,
            "Try Again": (lambda: self._try_again(run)) if isinstance(run, Run) else None,
        }.get(step or "")

    def _try_again(self, run: Run) -> None:
        rows = [row for row in self._rows if row.name == run.provider]
        self._begin(run.source, run.choices, rows[0] if rows else OFFLINE_ROW)

    # the worker

    @guarded
    def _message(self, message: Message) -> None:
        if isinstance(message, ProviderList):
            self._rows = rows_of(message.providers)
            if self._dialog is not None:
                self._dialog.show_rows(self._rows)
        elif isinstance(message, Progress) and message.job in self._runs:
            self._show_progress(self._runs[message.job], message.fraction, message.sentence)
        elif isinstance(message, Result) and message.job in self._runs:
            self._runs[message.job].finish(message)
        elif isinstance(message, Failed):
            if message.job in self._runs:
                self._runs[message.job].fail(message)
            elif message.job is None and self._dialog is not None:
                self._dialog.show_broken(message.sentences)

    # what the user sees

    def _progress_window(self) -> ProgressWindow:
        if self._progress is None:
            self._progress = ProgressWindow(main_window())
        return self._progress

    def _show_progress(self, run: Work, fraction: Optional[float], sentence: str) -> None:
        if run.is_cancelled and sentence != translated(words.STOPPING):
            return
        self._progress_window().update_run(run, fraction, sentence)

    def _say_done(self, run: Work) -> None:
        view = Krita.instance().activeWindow().activeView()
        if view is not None and run.result is not None:
            text = words.done(len(run.result.layers), run.elapsed_s, run.result.report)
            view.showFloatingMessage(text, QIcon(), MESSAGE_MS, 1)

    def _dialog_closed(self, *_: Any) -> None:
        self._dialog = None

    def _ask_again(self) -> None:
        """Something about the providers may have changed."""
        self._client.send(Providers())

    def _enter_key(self, row: ProviderRow) -> None:
        KeyDialog(row, self._ask_again).open()

    def _choose_model(self, row: ProviderRow) -> None:
        ModelDialog(row, self._ask_again).open()

    def _set_up(self, row: Optional[ProviderRow] = None) -> None:
        set_up(row, self._ask_again).open()

    def _show_history(self) -> None:
        for docker in self._dockers():
            docker.setVisible(True)
            docker.raise_()

    def _refresh_history(self) -> None:
        for docker in self._dockers():
            docker.refresh()

    def _dockers(self) -> List[Any]:
        dockers = Krita.instance().dockers()
        return [docker for docker in dockers if docker.objectName() == history_docker.NAME]

    def _open_new(self, run: Work) -> None:
        entry = history.entry_of(run.job)
        if entry is not None:
            self._start(Reinsertion(entry, None, self._office))
