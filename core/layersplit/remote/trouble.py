"""Everything that goes wrong between here and a service, by kind.

The transport and the services raise :class:`Trouble`, which names a kind and keeps the service's
own words. Only ``words.failure`` turns it into a LayersplitError, because only its caller knows
whether a job exists by then: what it means for the user's money depends on that.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

MAX_SAID: Final = 300


class Kind(Enum):
    """What a person can tell apart and act on. The comments say who is to act."""

    OFFLINE = "offline"  # the user's network
    NO_ANSWER = "no answer"  # nothing listens there
    DROPPED = "dropped"  # the connection broke
    SLOW = "slow"  # no answer in time
    TLS = "tls"
    PROXY = "proxy"
    CAPTIVE = "captive"  # a page of the network, or of somebody between
    GARBLED = "garbled"  # not the documented shape
    BAD_KEY = "bad key"
    NO_BALANCE = "no balance"
    NOT_ALLOWED = "not allowed"
    MODERATION = "moderation"
    PICTURE = "picture"
    REQUEST = "request"
    TOO_LARGE = "too large"
    RATE = "rate"
    NOT_FOUND = "not found"
    GONE = "gone"
    EXPIRED = "expired"  # the address of a layer, not the layer
    BUSY = "busy"  # 5xx: the service's own trouble, passing
    FAILED = "failed"  # the job itself
    TIMED_OUT = "timed out"  # the job, at the service
    STOPPED = "stopped"  # the job, by somebody else
    UNSAFE = "unsafe"  # an address that must not be followed
    MISSING_PART = "missing part"  # a node or a model file of a ComfyUI server
    NOT_READY = "not ready"  # finished, but the result says otherwise


PASSING: Final = frozenset(
    {Kind.NO_ANSWER, Kind.DROPPED, Kind.SLOW, Kind.RATE, Kind.BUSY, Kind.OFFLINE, Kind.NOT_READY}
)
"""Kinds that asking again can cure."""

DOUBTFUL: Final = frozenset({Kind.GARBLED, Kind.CAPTIVE})
"""Kinds that asking again cures now and then: a few times is enough."""

FIRM: Final = frozenset(
    {
        Kind.TLS,
        Kind.PROXY,
        Kind.BAD_KEY,
        Kind.NO_BALANCE,
        Kind.NOT_ALLOWED,
        Kind.UNSAFE,
        Kind.MISSING_PART,
    }
)
"""Kinds that the next question does not change: only the user can."""


class Trouble(Exception):  # noqa: N818 - it becomes an error only in failure()
    """Something went wrong.

    ``said``: the service's own words. ``wait_s``: how long it asks for. ``ended``: the service says
    of the job itself that it has ended without layers; what merely goes wrong while asking for them
    never says that. ``completed``: it did, and the job is charged all the same.
    """

    def __init__(
        self,
        kind: Kind,
        said: str = "",
        *,
        wait_s: float | None = None,
        status: int | None = None,
        ended: bool = False,
        completed: bool = False,
    ) -> None:
        super().__init__(kind.value)  # without ``said``: it is cleaned after it was raised
        self.kind = kind
        self.said = said
        self.wait_s = wait_s
        self.status = status
        self.ended = ended or completed
        self.completed = completed

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.said}" if self.said else self.kind.value


class AnswerLost(Trouble):
    """A request went out and nobody knows whether it took effect."""


def tidy(text: object, secret: str | None = None) -> str:
    """Foreign words made fit to show: no mark-up, no control characters, no key, not long."""
    plain = re.sub(r"<[^<>]*>", " ", str(text))
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    if secret and len(secret) >= 6:  # a shorter one is no key, and would tear every word apart
        plain = plain.replace(secret, "(key)")
    return plain if len(plain) <= MAX_SAID else plain[: MAX_SAID - 1] + "…"


_BALANCE: Final = re.compile(r"insufficient|balance|credit|top.?up", re.IGNORECASE)
_LOCKED: Final = re.compile(r"locked|billing|payment", re.IGNORECASE)
_MODERATION: Final = re.compile(
    r"nsfw|moderat|safety|sensitive|prohibited|content.?polic|flagged|content.?check",
    re.IGNORECASE,
)
_PICTURE: Final = re.compile(r"image|picture|media|decode|file", re.IGNORECASE)
_KEY: Final = re.compile(r"api.?key|token|unauthori[sz]ed|credential", re.IGNORECASE)


def judge(status: int, said: str, wait_s: float | None = None) -> Trouble:
    """The kind of an HTTP refusal, as most services mean it; services refine it before."""
    kind = Kind.REQUEST
    if status in (401, 402, 403):
        if status == 402 or _BALANCE.search(said) or _LOCKED.search(said):
            kind = Kind.NO_BALANCE
        else:
            kind = Kind.BAD_KEY if status == 401 or _KEY.search(said) else Kind.NOT_ALLOWED
    elif status in (404, 410):
        kind = Kind.NOT_FOUND if status == 404 else Kind.GONE
    elif status == 429:
        kind = Kind.RATE
    elif status == 413:
        kind = Kind.TOO_LARGE
    elif status == 407:
        kind = Kind.PROXY
    elif status == 511 or 300 <= status < 400:
        kind = Kind.CAPTIVE
    elif status >= 500 or status in (408, 425):
        kind = Kind.BUSY
    else:
        kind = judge_words(said, otherwise=Kind.REQUEST)
    return Trouble(kind, said, wait_s=wait_s, status=status)


def judge_words(said: str, *, otherwise: Kind) -> Kind:
    """The kind that a refusal or a failed job's own words point at."""
    if _MODERATION.search(said):
        return Kind.MODERATION
    if _BALANCE.search(said):
        return Kind.NO_BALANCE
    if otherwise is Kind.REQUEST and _PICTURE.search(said):
        return Kind.PICTURE
    return otherwise
