"""How long to wait for what. Seconds, everywhere."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from layersplit.settings import Settings

RETRY_AFTER_CAP_S: Final = 60.0
"""A service may ask for patience, not for an hour of it."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """``poll_s`` and ``deadline_s`` None: the service's own."""

    connect_s: float = 10.0
    answer_s: float = 20.0
    """One answer; a submission, which must not be repeated, is given three times as long."""
    early_s: float = 12.0
    """Without any answer before a job exists: then nothing is lost by giving up."""
    patience_s: float = 90.0
    """Without any answer while a job exists."""
    poll_s: float | None = None
    first_poll_s: float = 0.2
    deadline_s: float | None = None
    backoff_s: float = 0.4
    backoff_cap_s: float = 15.0
    settle_s: float = 20.0
    """After this, a list of recent jobs that lacks ours proves that there is none."""
    grace_s: float = 0.5
    """For the answer to a submission that is on its way when the user cancels."""
    cancel_s: float = 0.8
    """For telling the service to stop; with ``grace_s`` within the 1.5 seconds
    after which the worker is ended by force."""

    @classmethod
    def of(cls, settings: Settings) -> Timing:
        """As the user set it."""
        poll_s = settings.poll_s
        return cls(
            answer_s=settings.answer_s,
            patience_s=settings.patience_s,
            poll_s=poll_s,
            first_poll_s=cls.first_poll_s if poll_s is None else min(cls.first_poll_s, poll_s),
            deadline_s=settings.deadline_s,
        )


def pause(timing: Timing, attempt: int, asked_s: float | None) -> float:
    """How long to wait before asking again; ``attempt`` counts from 0.

    Exponential with full jitter in the upper half, so that many clients do not return together;
    at least what the service asked for, up to a cap.
    """
    span = min(timing.backoff_cap_s, timing.backoff_s * 2.0 ** min(attempt, 30))
    own = span * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
    return own if asked_s is None else max(own, min(asked_s, RETRY_AFTER_CAP_S))


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or a date; None for anything else.

    RFC 9110, section 10.2.3.
    """
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
