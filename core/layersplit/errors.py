"""Every failure a person can meet, as one tree.

    LayersplitError
      x InputError              the picture, an argument or the output place is wrong  exit 2
      x ProviderError           the provider refused or failed                         exit 3
        + RefusedError            it will not do this: moderation, limits, balance
        + SubmissionUnknownError  nobody knows whether a paid job was created
      x UnreachableError        the provider could not be reached                      exit 4
      x SetupError              a key, a model, memory or a part is missing            exit 5
    Cancelled                   stopped on request; not a failure                      exit 130

Each carries three sentences: the fact, what it means, what to do. No class name and no traceback
ever reaches the user; the log has both.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "Cancelled",
    "InputError",
    "LayersplitError",
    "ProviderError",
    "RefusedError",
    "SetupError",
    "SubmissionUnknownError",
    "UnreachableError",
]


class LayersplitError(Exception):
    """A failure that says what happened, what it means and what to do."""

    exit_status: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(
        self,
        fact: str,
        *,
        meaning: str,
        remedy: str,
        retry_helps: bool = False,
        may_have_cost: bool = False,
    ) -> None:
        """Keep the three sentences and two facts that the hosts show.

        ``retry_helps``: the same request may succeed when sent again later.
        ``may_have_cost``: money may have been spent although there is no result.
        """
        super().__init__(fact)
        self.fact = fact
        self.meaning = meaning
        self.remedy = remedy
        self.retry_helps = retry_helps
        self.may_have_cost = may_have_cost

    @property
    def sentences(self) -> tuple[str, str, str]:
        """Fact, meaning, remedy: in the order in which they are shown."""
        return (self.fact, self.meaning, self.remedy)


class InputError(LayersplitError):
    """The picture, an argument or the place for the output cannot be used."""

    exit_status = 2
    code = "input"


class ProviderError(LayersplitError):
    """The provider answered, and the answer was a failure."""

    exit_status = 3
    code = "provider"


class RefusedError(ProviderError):
    """The provider will not do this request: moderation, its limits, no balance, a wrong key."""

    code = "refused"


class SubmissionUnknownError(ProviderError):
    """A request that creates a paid job was sent and its answer was lost."""

    code = "submission-unknown"


class UnreachableError(LayersplitError):
    """No connection to the provider, or it broke and did not come back before the deadline."""

    exit_status = 4
    code = "unreachable"


class SetupError(LayersplitError):
    """Something that the run needs is not there: a key, a model, memory, a package."""

    exit_status = 5
    code = "setup"


class Cancelled(Exception):  # noqa: N818 - stopping on request is no error
    """The user stopped the run. ``note`` says whether a remote job goes on or is charged."""

    exit_status: ClassVar[int] = 130
    code: ClassVar[str] = "cancelled"

    def __init__(self, note: str = "") -> None:
        super().__init__(note or "Cancelled.")
        self.note = note
