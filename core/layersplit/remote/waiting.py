"""From a remote id to layers on disk: the only polling loop, with deadline, cancel and progress.

    SUBMITTED -> poll, poll, ... -> fetch -> download -> RECEIVED

Whatever interrupts it, the entry stays SUBMITTED and can be continued, unless the service itself
has ended the job.
"""

from __future__ import annotations

import logging
import time
from itertools import count
from typing import Final, NoReturn

from layersplit.domain import U8
from layersplit.errors import Cancelled, SetupError
from layersplit.remote.answers import write_answer
from layersplit.remote.desk import Brought, Desk
from layersplit.remote.download import fetch_layers
from layersplit.remote.exchange import in_background
from layersplit.remote.journal import LAYERS_FILE, Entry, State
from layersplit.remote.service import (
    Delivery,
    Failed,
    Queued,
    RemoteJob,
    RemoteState,
    Running,
    Succeeded,
)
from layersplit.remote.timing import pause
from layersplit.remote.trouble import FIRM, PASSING, Kind, Trouble
from layersplit.remote.words import Standing, failure
from layersplit.run import Run

LOG: Final = logging.getLogger("layersplit.remote")
ODD_ANSWERS: Final = 4
"""So often in a row may a service answer a question with nonsense, or deny a job that it made."""
FRESH_LINKS: Final = 2
POLL_GROWTH: Final = 1.2
SHORTEST_POLL_S: Final = 0.002


def wait(desk: Desk, entry: Entry) -> Brought:
    """Ask until the job has ended, then bring its layers. Raises LayersplitError and Cancelled."""
    remote = entry.remote
    if remote is None:
        raise AssertionError(entry.job)
    desk.transport.job_exists = True
    try:
        _watch(desk, entry, remote)
        return _receive(desk, entry, remote)
    except Cancelled:
        raise Cancelled(_stop(desk, entry, remote)) from None
    except Trouble as trouble:
        _give_up(desk, entry, trouble)


def _watch(desk: Desk, entry: Entry, remote: RemoteJob) -> None:
    """Return when the job has succeeded; raises Trouble when it has not, or not in time."""
    give_up = time.monotonic() + (desk.timing.deadline_s or desk.service.deadline_s)
    pace_s, odd, last = desk.timing.first_poll_s, 0, ""
    while True:
        try:
            state = desk.service.poll(remote)
            odd = 0
        except Trouble as trouble:
            odd += 1
            if not _may_change(trouble) or odd >= ODD_ANSWERS:
                raise
            LOG.info("an odd answer: %s %s", trouble.kind.value, trouble.said)
        else:
            if isinstance(state, Succeeded):
                return
            word, fraction, sentence = _told(desk, state)
            if word != last:
                entry, last = desk.journal.note(entry, word), word
            desk.tell(fraction, sentence)
        if time.monotonic() > give_up:
            raise Trouble(Kind.SLOW)
        desk.run.wait(max(pace_s, SHORTEST_POLL_S))
        pace_s = min(pace_s * POLL_GROWTH, desk.timing.poll_s or desk.service.poll_s)


def _may_change(trouble: Trouble) -> bool:
    """Whether the same question may be answered otherwise in a moment.

    The transport has repeated what passes by itself for as long as it is patient.
    """
    return not (trouble.ended or trouble.kind in PASSING or trouble.kind in FIRM)


def _told(desk: Desk, state: RemoteState) -> tuple[str, float | None, str]:
    """A word for the journal, a fraction and a sentence for the user."""
    title = desk.capability.title
    match state:
        case Queued(ahead=ahead):
            others = f", {ahead} jobs before it" if ahead else ""
            return "queued", 0.1, f"The job waits at {title}{others}"
        case Running(fraction=None):
            return "running", None, f"{title} makes the layers"
        case Running(fraction=float(part)):
            return "running", 0.1 + 0.8 * part, f"{title} makes the layers"
        case Failed(trouble=trouble):
            trouble.ended = True
            raise trouble
        case _:
            raise AssertionError(state)


def _receive(desk: Desk, entry: Entry, remote: RemoteJob) -> Brought:
    """Fetch, check, keep."""
    delivery, files, layers = _fetched(desk, remote)
    cost = delivery.cost_usd if delivery.cost_usd is not None else entry.price_usd
    path = desk.journal.folder(entry.job) / LAYERS_FILE
    try:
        write_answer(path, files, cost_usd=cost, job=entry.job)
        if cost != entry.price_usd:
            desk.note_cost(entry, cost)
    except SetupError as error:  # a full disk: whoever waits for the layers gets them all the same
        LOG.warning("the layers of %s are not kept: %s", entry.job, error.fact)
    entry = desk.journal.move(
        desk.journal.read(entry.job) or entry, State.RECEIVED, cost_usd=cost, sentences=()
    )
    desk.cache.put(entry.key, path)
    return Brought(layers=tuple(layers), cost_usd=cost, job=entry.job)


def _fetched(desk: Desk, remote: RemoteJob) -> tuple[Delivery, list[bytes], list[U8]]:
    """The service's answer and its files; links that have expired are asked for again."""
    for attempt in range(FRESH_LINKS + 1):
        delivery = _delivered(desk, remote)
        if not delivery.outputs:
            raise Trouble(Kind.FAILED, "no layers in the answer", completed=True)
        try:
            return delivery, *fetch_layers(delivery.outputs, desk.transport, run=desk.run)
        except Trouble as trouble:
            if trouble.kind is not Kind.EXPIRED or attempt == FRESH_LINKS:
                raise
        desk.run.wait(pause(desk.timing, attempt, None))
    raise AssertionError  # the last attempt has returned or raised


def _delivered(desk: Desk, remote: RemoteJob) -> Delivery:
    """What the service says that it made, once it says so."""
    give_up = time.monotonic() + desk.timing.patience_s
    for attempt in count():
        try:
            return desk.service.fetch(remote)
        except Trouble as trouble:
            if trouble.kind is Kind.NOT_READY:
                if time.monotonic() > give_up:
                    raise
            elif not _may_change(trouble) or attempt + 1 >= ODD_ANSWERS:
                raise
        desk.run.wait(pause(desk.timing, attempt, None))
    raise AssertionError  # count() does not end


def _give_up(desk: Desk, entry: Entry, trouble: Trouble) -> NoReturn:
    """Say what went wrong; the job stays resumable unless the service has ended it."""
    ended = trouble.ended
    trouble.said = desk.transport.clean(trouble.said)
    standing = Standing(job=entry.job, sent=True, remote_id=entry.remote_id, ended=ended)
    error = failure(trouble, desk.capability, standing)
    current = desk.journal.read(entry.job) or entry
    state = State.FAILED if ended else State.SUBMITTED
    desk.journal.move(current, state, sentences=error.sentences)
    if ended and desk.capability.failure_is_free and not trouble.completed:
        desk.note_cost(entry, 0.0)
    raise error from trouble


def _stop(desk: Desk, entry: Entry, remote: RemoteJob) -> str:
    """Tell the service to stop; returns the sentence on what that costs."""
    unstoppable = Run()
    desk.transport.run = unstoppable
    title = desk.capability.title
    try:
        note = in_background(
            lambda: desk.service.cancel(remote), run=unstoppable, limit_s=desk.timing.cancel_s
        )
    except (Trouble, TimeoutError) as error:
        LOG.info("not told to stop: %s", error)
        note = f"{title} could not be told to stop; the job may go on and be charged."
        if not desk.is_paid:
            note = "The server could not be told to stop; the job may go on there."
    current = desk.journal.read(entry.job) or entry
    desk.journal.move(current, State.CANCELLED, sentences=(note,))
    return note
