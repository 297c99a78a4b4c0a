"""Prices before a run, sums of today and of this month, and the limit that stops a run.

The book of what was spent is ``spending.jsonl`` beside the jobs: one line at submission, another
when a job turns out to cost something else. It outlives the jobs, so purging them does not make the
sums smaller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from layersplit.bridge.paths import jobs_folder
from layersplit.capabilities import Capability
from layersplit.errors import RefusedError
from layersplit.private_files import append_private
from layersplit.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars of one run, or None when nobody tells; ``source`` says who does."""

    usd: float | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Sums:
    """US dollars spent, by our book; jobs whose answer was lost are counted in."""

    day: float
    month: float


def price_of(capability: Capability, layer_count: int, quoted: float | None) -> Price:
    """The service's own quote, else the table of prices with its date."""
    if quoted is not None:
        return Price(usd=quoted, source=f"told by {capability.title} just now")
    usd = capability.price_for(layer_count)
    if usd is None:
        return Price(usd=None, source=f"see {capability.key_page}")
    return Price(usd=usd, source=f"published price of {capability.price_date}")


def announcement(capability: Capability, layer_count: int, price: Price, sums: Sums) -> str:
    """The sentence before a paid run."""
    amount = dollars(price.usd) if price.usd is not None else "price not told"
    return (
        f"{capability.title}: {amount} for {layer_count} layers ({price.source}). "
        f"Today so far {dollars(sums.day)}, this month {dollars(sums.month)}."
    )


def check_limits(capability: Capability, price: Price, sums: Sums, settings: Settings) -> None:
    """Raise RefusedError when this run would exceed a limit that the user set."""
    usd = price.usd or 0.0
    for name, limit, spent in (
        ("day", settings.limit_day_usd, sums.day),
        ("month", settings.limit_month_usd, sums.month),
    ):
        if limit is not None and spent + usd > limit + 1e-9:
            raise RefusedError(
                f"This run at {capability.title} would cost {dollars(price.usd)}, and "
                f"{dollars(spent)} of your limit of {dollars(limit)} a {name} are spent.",
                meaning="Nothing was sent, so nothing is charged.",
                remedy=f"Raise limit_{name}_usd in the settings, or use a provider that is free.",
            )


def dollars(usd: float | None) -> str:
    """An amount for people; fractions of a cent are kept where there are any."""
    if usd is None:
        return "an unknown amount"
    return f"${usd:.2f}" if abs(usd * 100 - round(usd * 100)) < 1e-6 else f"${usd:.4f}"


class Book:
    """What was spent, job by job."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file: Final = (folder or jobs_folder()) / "spending.jsonl"

    def note(self, job: str, provider: str, usd: float | None) -> None:
        """Write down what ``job`` costs; a later line about the same job replaces this one."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        line = {"time": now, "job": job, "provider": provider, "usd": usd}
        append_private(self._file, json.dumps(line).encode() + b"\n")

    def sums(self, now: datetime | None = None) -> Sums:
        """What today and this month cost, in local time."""
        today = (now or datetime.now().astimezone()).date()
        last: dict[str, tuple[datetime, float]] = {}
        for when, job, usd in self._lines():
            last[job] = (last[job][0] if job in last else when, usd)
        days = [(when.astimezone().date(), usd) for when, usd in last.values()]
        return Sums(
            day=round(sum(usd for day, usd in days if day == today), 6),
            month=round(
                sum(u for day, u in days if (day.year, day.month) == (today.year, today.month)), 6
            ),
        )

    def _lines(self) -> Iterator[tuple[datetime, str, float]]:
        try:
            lines = self._file.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                content: Any = json.loads(line)
                yield (
                    datetime.fromisoformat(content["time"]),
                    str(content["job"]),
                    float(content["usd"] or 0.0),
                )
            except (ValueError, KeyError, TypeError):
                continue  # a line that a power cut left half written
