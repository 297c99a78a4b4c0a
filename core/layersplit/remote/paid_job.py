"""The layers of a wish, by the cheapest way there is.

    the job's own entry? -> the cache? -> an unfinished job for the same request? -> a new job

Whatever stops it, the entry in the journal says how to go on without paying again: a job whose
entry exists is continued from its state, under its id, by whoever comes next.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import Final

from layersplit.capabilities import Capability
from layersplit.errors import InputError, LayersplitError, ProviderError
from layersplit.remote.answers import read_answer
from layersplit.remote.cache import MIB
from layersplit.remote.desk import Brought, Desk, Wish
from layersplit.remote.journal import LAYERS_FILE, Entry, State, new_job
from layersplit.remote.money import dollars
from layersplit.remote.submission import begin, find, look_again
from layersplit.remote.waiting import wait

LOG: Final = logging.getLogger("layersplit.remote")
KIN_S: Final = 7 * 24 * 3600.0
"""No service keeps layers for longer."""


def bring(desk: Desk, wish: Wish) -> Brought:
    """The layers of ``wish``. Raises any LayersplitError, and Cancelled."""
    entry = desk.journal.read(wish.job) if wish.job else None
    if entry is not None:
        return _continued(desk, entry, wish)
    if not wish.fresh and (kept := desk.cache.get(wish.key)) is not None:
        then = f" It cost {dollars(kept.cost_usd)} then." if kept.cost_usd else ""
        note = f"The same request was answered before: nothing was sent or paid.{then}"
        cost = 0.0 if desk.is_paid else None
        return Brought(layers=kept.layers, cost_usd=cost, job=kept.job, notes=(note,))
    kin = _kin(desk, wish)
    brought = _adopted(desk, kin) if kin is not None else None
    return brought or _new(desk, wish)


def _new(desk: Desk, wish: Wish) -> Brought:
    job = wish.job or new_job()
    entry = Entry(
        job=job,
        provider=desk.capability.name,
        title=wish.title,
        key=wish.key,
        order=asdict(wish.order),
    )
    with desk.journal.claim(job):
        brought = wait(desk, begin(desk, entry, wish))
    desk.journal.trim(desk.settings.jobs_mib * MIB)
    return brought


def _continued(desk: Desk, entry: Entry, wish: Wish) -> Brought:
    """Go on with the job of ``entry``, at the user's word."""
    if entry.key != wish.key:
        raise InputError(
            f"The job {entry.job} belongs to another picture or request.",
            meaning="Its layers would not fit; nothing was sent.",
            remedy=f"Resume it as it was: layersplit jobs resume {entry.job}",
        )
    with desk.journal.claim(entry.job):
        entry = desk.journal.read(entry.job) or entry
        kept = _kept(desk, entry)
        if kept is not None:
            return kept
        if entry.state is State.FAILED:
            raise _failed_before(entry, desk.capability)
        if entry.remote is not None:
            return wait(desk, entry)
        if entry.state is not State.PREPARED:
            found = look_again(desk, entry)
            if found is not None:
                return wait(desk, found)
        # Nothing was ever created for it: the first submission that arrives.
        return wait(desk, begin(desk, entry, wish))


def _kin(desk: Desk, wish: Wish) -> Entry | None:
    """An unfinished job for the same request: paid already, or perhaps."""
    states = {State.SENDING, State.SUBMITTED, State.UNKNOWN}
    if not wish.fresh:
        states.add(State.RECEIVED)
        if desk.capability.can_cancel == "never":  # it ran to its end and is charged
            states.add(State.CANCELLED)
    youngest = time.time() - KIN_S
    for entry in desk.journal.entries():
        if (
            entry.key == wish.key
            and entry.state in states
            and entry.created > youngest
            and not desk.journal.is_claimed(entry.job)
        ):
            return entry
    return None


def _adopted(desk: Desk, kin: Entry) -> Brought | None:
    """The layers of an unfinished job; None when it has none and a new one is in order."""
    told = kin.state is State.UNKNOWN
    if told and not desk.service.lists_jobs:
        return None  # the user knows that it may be billed, and asks all the same
    desk.tell(None, f"Going on with the unfinished job {kin.job}")
    with desk.journal.claim(kin.job):
        kept = _kept(desk, kin)
        if kept is not None:
            return kept
        look = find if told else look_again
        entry = kin if kin.remote is not None else look(desk, kin)
        if entry is None:
            return None
        try:
            return wait(desk, entry)
        except LayersplitError:
            after = desk.journal.read(kin.job)
            if after is None or after.state is not State.FAILED:
                raise
            LOG.info("the unfinished job %s has no layers: a new one", kin.job)
            return None


def _kept(desk: Desk, entry: Entry) -> Brought | None:
    """The layers of a job that are here already."""
    answer = read_answer(desk.journal.folder(entry.job) / LAYERS_FILE)
    if answer is None:
        return None
    if entry.state is not State.DONE:
        desk.journal.move(entry, State.RECEIVED)
    return Brought(layers=answer.layers, cost_usd=entry.cost_usd, job=entry.job)


def _failed_before(entry: Entry, capability: Capability) -> ProviderError:
    fact, meaning, remedy = (*entry.sentences, "", "", "")[:3]
    return ProviderError(
        fact or f"The job {entry.job} failed at {capability.title}.",
        meaning=meaning or capability.failure_note,
        remedy=remedy or "Split the picture again; this is a new job there.",
    )
