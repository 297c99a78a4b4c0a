"""From the intent to a remote id on disk: the part in which a job could be paid twice.

price, limit -> PREPARED -> upload -> SENDING -> submit_once -> SUBMITTED
                                         the answer is lost -> UNKNOWN -> find -> SUBMITTED
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Final

from layersplit.errors import Cancelled, LayersplitError
from layersplit.remote.desk import Desk, Wish
from layersplit.remote.exchange import in_background
from layersplit.remote.journal import Entry, State
from layersplit.remote.money import Price, announcement, check_limits, price_of
from layersplit.remote.service import Lost, Order, RemoteJob
from layersplit.remote.timing import pause
from layersplit.remote.trouble import AnswerLost, Kind, Trouble
from layersplit.remote.words import Standing, failure

LOG: Final = logging.getLogger("layersplit.remote")
FIND_ATTEMPTS: Final = 3
LOOK_S: Final = 2.0
LONGEST_KEPT_NAME: Final = 4096


def begin(desk: Desk, entry: Entry, wish: Wish) -> Entry:
    """Do all of it; returns the entry with its remote id. Raises LayersplitError and Cancelled.

    What fails before the submission leaves no trace, for nothing can be owed.
    """
    order = replace(wish.order, token=str(entry.order["token"]))
    title = desk.capability.title
    try:
        price = _price(desk, order)
        entry = desk.journal.move(entry, State.PREPARED, price_usd=price.usd, sentences=())
        if wish.remember is not None:
            wish.remember(desk.journal.folder(entry.job))
        desk.tell(0.02, f"Sending the picture to {title}")
        picture = order.address or desk.service.upload(order, wish.parcel())
        desk.tell(0.08, f"Asking {title} for the layers")
    except Trouble as trouble:
        desk.journal.forget(entry.job)
        raise failure(trouble, desk.capability, Standing(job=entry.job)) from trouble
    except (LayersplitError, Cancelled):
        desk.journal.forget(entry.job)
        raise
    return _submit(desk, entry, order, picture)


def _price(desk: Desk, order: Order) -> Price:
    """Tell the price and hold it against the limits; raises RefusedError."""
    if not desk.is_paid:
        return Price(usd=None, source="free")
    try:
        quoted = desk.service.quote(order)
    except Trouble as trouble:
        LOG.info("no quote: %s %s", trouble.kind.value, trouble.said)
        quoted = None
    price = price_of(desk.capability, order.layer_count, quoted)
    sums = desk.book.sums()
    check_limits(desk.capability, price, sums, desk.settings)
    desk.run.announce(announcement(desk.capability, order.layer_count, price, sums))
    return price


def _submit(desk: Desk, entry: Entry, order: Order, picture: str) -> Entry:
    """The one request that costs money."""
    entry = desk.journal.move(
        entry,
        State.SENDING,
        sent=time.time(),
        ahead_s=desk.transport.clock_ahead_s,
        picture=picture if len(picture) <= LONGEST_KEPT_NAME else None,
    )
    desk.note_cost(entry, entry.price_usd)
    desk.transport.job_exists = True
    try:
        remote = in_background(
            lambda: desk.service.submit(order, picture),
            run=desk.run,
            limit_s=desk.transport.submit_limit_s,
            grace_s=desk.timing.grace_s,
            late=lambda remote: _note_late(desk, entry, remote),
        )
    except Cancelled:
        desk.journal.move(entry, State.UNKNOWN)
        raise Cancelled(_maybe_running(desk, entry)) from None
    except TimeoutError:
        return _search(desk, entry, AnswerLost(Kind.SLOW))
    except AnswerLost as trouble:
        return _search(desk, entry, trouble)
    except Trouble as trouble:
        if trouble.kind is Kind.GARBLED:  # accepted, and the id cannot be read
            return _search(desk, entry, trouble)
        desk.note_cost(entry, 0.0)
        desk.journal.forget(entry.job)
        raise failure(trouble, desk.capability, Standing(job=entry.job)) from trouble
    return _note_remote(desk, entry, remote)


def _note_remote(desk: Desk, entry: Entry, remote: RemoteJob) -> Entry:
    links = dict(remote.links)
    return desk.journal.move(entry, State.SUBMITTED, remote_id=remote.remote_id, links=links)


def _note_late(desk: Desk, entry: Entry, remote: RemoteJob) -> None:
    """The answer came after the user had stopped waiting for it."""
    current = desk.journal.read(entry.job)
    if current is not None and current.remote_id is None:
        _note_remote(desk, current, remote)


def _search(desk: Desk, entry: Entry, trouble: Trouble) -> Entry:
    """The answer was lost: look for the job in the service's list; raises what was lost."""
    desk.tell(None, f"Looking for the job at {desk.capability.title}")
    entry = desk.journal.move(entry, State.UNKNOWN)
    try:
        found = find(desk, entry)
    except Cancelled:
        raise Cancelled(_maybe_running(desk, entry)) from None
    if found is None:
        raise lost(desk, entry, trouble) from trouble
    return found


def find(desk: Desk, entry: Entry) -> Entry | None:
    """The entry with its remote id, when the service's list of recent jobs has it.

    None when the list lacks it, or when there is no list. Raises LayersplitError when the service
    cannot be asked, and Cancelled.
    """
    if not desk.service.lists_jobs:
        return None
    known = frozenset(e.remote_id for e in desk.journal.entries() if e.remote_id is not None)
    sought = Lost(sent=(entry.sent or entry.created) + entry.ahead_s, known=known)
    for attempt in range(FIND_ATTEMPTS):
        if attempt:
            desk.run.wait(pause(desk.timing, attempt + 1, None))
        try:
            remote = desk.service.find(Order(**entry.order), entry.picture or "", sought)
        except Trouble as trouble:
            LOG.info("no list: %s %s", trouble.kind.value, trouble.said)
            raise lost(desk, entry, trouble) from trouble
        if remote is not None:
            return _note_remote(desk, entry, remote)
    return None


def look_again(desk: Desk, entry: Entry) -> Entry | None:
    """After an interruption: the entry with its remote id, or None when there certainly is no job.

    A list that lacks the job proves that only some time after the submission, so this waits for
    that moment. Raises what was lost where there is no list.
    """
    if not desk.service.lists_jobs:
        raise lost(desk, entry, Trouble(Kind.DROPPED))
    while True:
        found = find(desk, entry)
        left_s = (entry.sent or 0.0) + desk.timing.settle_s - time.time()
        if found is not None or left_s <= 0:
            return found
        desk.tell(None, f"Looking for the job at {desk.capability.title}")
        desk.run.wait(min(left_s, LOOK_S))


def lost(desk: Desk, entry: Entry, trouble: Trouble) -> LayersplitError:
    """What the user is told, written down as told."""
    error = failure(trouble, desk.capability, Standing(job=entry.job, sent=True))
    desk.journal.move(entry, State.UNKNOWN, sentences=error.sentences)
    return error


def _maybe_running(desk: Desk, entry: Entry) -> str:
    if not desk.is_paid:
        return "The job may be running on the server."
    return (
        f"The request for the job was on its way: it may run at {desk.capability.title} and be "
        f"billed. To look for it: layersplit jobs resume {entry.job}"
    )
