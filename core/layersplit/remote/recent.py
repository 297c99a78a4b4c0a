"""The entry in a service's list of recent jobs that is the one whose answer was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from layersplit.remote.service import Lost, RemoteJob

EARLIER_S: Final = 15.0
"""Clocks differ, although the service's is estimated from its answers."""
LATER_S: Final = 300.0
"""A request can lie in a queue in front of the service for a while."""


@dataclass(frozen=True, kw_only=True)
class Recent:
    """One entry. None: the list does not say. ``created``: seconds since 1970."""

    remote_id: str
    model: str | None
    picture: str | None
    created: float | None


def rows_in(answer: Any, depth: int = 3) -> list[Any] | None:
    """The list in an answer, under whatever names it lies; None where there is none.

    No document says the names. ``depth``: how many objects deep to look.
    """
    match answer:
        case [*items] if all(isinstance(item, Mapping) for item in items):
            return items
        case Mapping() if depth:
            found = [rows_in(value, depth - 1) for value in answer.values()]
            lists = [rows for rows in found if rows is not None]
            return max(lists, key=len, default=None)
        case _:
            return None


def recent_in(items: Sequence[Any]) -> list[Recent]:
    """The entries of a JSON list of predictions; what has no id is passed over."""
    found = []
    for item in items:
        match item:
            case {"id": str(remote_id)}:
                asked = item.get("input") or item.get("inputs")
                picture = asked.get("image") if isinstance(asked, Mapping) else None
                found.append(
                    Recent(
                        remote_id=remote_id,
                        model=str(item.get("model") or "") or None,
                        picture=picture if isinstance(picture, str) else None,
                        created=seconds(item.get("created_at")),
                    )
                )
            case _:
                continue
    return found


def pick(recent: Sequence[Recent], model: str, picture: str, lost: Lost) -> RemoteJob | None:
    """The entry that must be ours; None when none is, or when two could be.

    An entry with our picture is ours: every upload has an address of its own. Where the list does
    not say the pictures, the only unknown job of the model at that time is.
    """
    unknown = [
        entry
        for entry in recent
        if entry.remote_id not in lost.known and (not entry.model or entry.model == model)
    ]
    named = picture.startswith("http")
    ours = [entry for entry in unknown if named and entry.picture == picture]
    if not ours:
        ours = [
            entry
            for entry in unknown
            if not (named and entry.picture)
            and -EARLIER_S <= (entry.created or lost.sent) - lost.sent <= LATER_S
        ]
    return RemoteJob(remote_id=ours[0].remote_id) if len(ours) == 1 else None


def seconds(moment: object) -> float | None:
    """An ISO 8601 moment in seconds since 1970; None for anything else."""
    if not isinstance(moment, str):
        return None
    whole, _, fraction = moment.partition(".")
    if fraction:  # some write nanoseconds, which Python 3.11 does not read
        digits = len(fraction) - len(fraction.lstrip("0123456789"))
        moment = f"{whole}{fraction[digits:]}"
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
