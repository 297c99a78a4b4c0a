"""What a hosted service is to us: a few verbs, and states as types.

    upload -> submit -> poll, poll, ... -> fetch          cancel at any time after submit

A service translates our nouns into its own and back, nothing else: waiting, retrying, money, disk
and pictures are the business of the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from layersplit.remote.trouble import Trouble


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one job is asked for. ``None`` and "" mean: the service's own default.

    ``token``: our own mark of this job, 32 hexadecimal digits, unique.
    ``address``: the public https address that the service is to read the picture from.
    """

    token: str
    layer_count: int
    prompt: str = ""
    negative_prompt: str = ""
    resolution: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """The picture as it is sent: an encoded file without metadata."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int

    @property
    def filename(self) -> str:
        """A name that says nothing of the user's file; some services insist on an extension."""
        return f"picture.{self.media_type.rpartition('/')[2]}"


@dataclass(frozen=True, kw_only=True)
class RemoteJob:
    """A job at the service; with it, any process can go on waiting.

    ``links``: addresses on the service's own hosts that it named, where they cannot be derived.
    """

    remote_id: str
    links: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Queued:
    """Accepted, not started. ``ahead``: the number of jobs before ours, if told."""

    ahead: int | None = None


@dataclass(frozen=True)
class Running:
    """Being worked on. ``fraction`` in 0..1 where the service tells it."""

    fraction: float | None = None


@dataclass(frozen=True)
class Succeeded:
    """Finished; ``fetch`` brings the layers."""


@dataclass(frozen=True)
class Failed:
    """Ended without layers, for good."""

    trouble: Trouble


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What is known of a submission whose answer was lost.

    ``sent``: when it went out, by the service's clock, in seconds since 1970. ``known``: ids of
    other jobs of ours.
    """

    sent: float
    known: frozenset[str] = frozenset()


RemoteState: TypeAlias = Queued | Running | Succeeded | Failed


@dataclass(frozen=True)
class Link:
    """Layers by address; it may expire and may hold a signature."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class Inline:
    """Layers inside the answer."""

    content: bytes = field(repr=False)


Output: TypeAlias = Link | Inline


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a finished job made, in the service's order. ``cost_usd`` where the service tells it."""

    outputs: tuple[Output, ...]
    cost_usd: float | None = None


class Service(Protocol):
    """One hosted service. Every method may raise :class:`layersplit.remote.trouble.Trouble`."""

    name: ClassVar[str]
    media_type: ClassVar[str]
    """The smallest lossless format that the service takes: image/png or image/webp."""
    side_multiple: ClassVar[int]
    """Sides must be multiples of this; 1 where the service fits the picture itself."""
    lists_jobs: ClassVar[bool]
    """Whether ``find`` can look for a job whose id was lost."""
    poll_s: ClassVar[float]
    """Longest pause between two questions for the state."""
    deadline_s: ClassVar[float]

    def quote(self, order: Order) -> float | None:
        """The price in US dollars as the service tells it now; None where it tells none."""
        ...

    def upload(self, order: Order, parcel: Parcel) -> str:
        """Bring the picture there; returns what ``submit`` names it by. Free, may be repeated."""
        ...

    def submit(self, order: Order, picture: str) -> RemoteJob:
        """Create the job. Called once for every job, never repeated."""
        ...

    def poll(self, job: RemoteJob) -> RemoteState:
        """Ask where it is."""
        ...

    def fetch(self, job: RemoteJob) -> Delivery:
        """What it made. May be called again: links can expire."""
        ...

    def cancel(self, job: RemoteJob) -> str:
        """Ask the service to stop it; returns a sentence on what that costs."""
        ...

    def find(self, order: Order, picture: str, lost: Lost) -> RemoteJob | None:
        """The job of a submission whose answer was lost; None when the service's list lacks it."""
        ...

    def test_key(self) -> str:
        """Make the cheapest harmless call that needs the key; returns a sentence."""
        ...

    def close(self) -> None:
        """Give back what the service holds open beside the transport."""
        ...
