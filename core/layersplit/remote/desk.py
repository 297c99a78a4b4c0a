"""Everything that one job is worked on with, and the words of that work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from layersplit.capabilities import Capability
from layersplit.domain import U8
from layersplit.remote.cache import Cache
from layersplit.remote.journal import Entry, Journal
from layersplit.remote.money import Book
from layersplit.remote.service import Order, Parcel, Service
from layersplit.remote.timing import Timing
from layersplit.remote.transport import Transport
from layersplit.run import Run
from layersplit.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for.

    ``key``: see cache.py. ``job``: our id, when the caller has one already. ``parcel`` makes the
    file to send, when it comes to that. ``remember`` writes what a later process needs to finish
    the job into its folder, before anything is paid.
    """

    key: str
    order: Order
    title: str
    job: str | None
    fresh: bool
    parcel: Callable[[], Parcel]
    remember: Callable[[Path], None] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Brought:
    """Layers, (h, w, 4) u8 each, in the service's order. ``cost_usd`` None: nobody told."""

    layers: tuple[U8, ...]
    cost_usd: float | None
    job: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One service, one run, and the things on disk."""

    service: Service
    transport: Transport
    capability: Capability
    journal: Journal
    cache: Cache
    book: Book
    settings: Settings
    timing: Timing
    run: Run

    @property
    def is_paid(self) -> bool:
        """Whether a job costs money."""
        return self.capability.key_variable is not None

    def tell(self, fraction: float | None, sentence: str) -> None:
        """Progress for the user; raises Cancelled."""
        self.run.progress("provider", fraction, sentence)

    def note_cost(self, entry: Entry, usd: float | None) -> None:
        """Write down what the job costs."""
        if self.is_paid:
            self.book.note(entry.job, entry.provider, usd)
