"""A hosted service as a provider: the task becomes an order, the outcome an answer.

Everything in between (money, disk, waiting, errors) is ``layersplit.remote``'s. Nothing is imported
for the network before a run starts.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from layersplit.capabilities import CAPABILITIES, Capability
from layersplit.domain import ModelLayer
from layersplit.errors import InputError
from layersplit.providers.base import Answer, Task
from layersplit.remote.addresses import Addresses, service_addresses
from layersplit.remote.cache import MIB, Cache, request_key
from layersplit.remote.consent import notice, record
from layersplit.remote.desk import Desk, Wish
from layersplit.remote.journal import Journal
from layersplit.remote.keys import Key, find_key, how_to_set, need_key
from layersplit.remote.money import Book
from layersplit.remote.service import Order, Service
from layersplit.remote.timing import Timing
from layersplit.remote.transport import Explain, Transport
from layersplit.remote.trouble import Trouble
from layersplit.run import Run
from layersplit.settings import Settings, load_settings

AREA_PX: Final = 640 * 640
"""What the hosted models work with, whatever they are sent."""
LARGEST_SEED: Final = 2**31 - 1
VARIABLE: Final = ("steps", "guidance", "seed", "negative_prompt", "prompt", "resolution")


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """The provider for one service.

    ``hosts``: role to the published base address; the role "" is the main one. ``scheme``: what
    stands before the key in the header Authorization. ``explain``: the service's reading of an
    answer. ``service``: makes it, given a transport. ``timing`` None: from the settings.
    ``look``: a quick look whether a server on this machine is there; None, or a sentence.
    """

    name: str
    hosts: Mapping[str, str]
    explain: Explain
    service: Callable[[Transport], Service]
    scheme: str = "Bearer"
    timing: Timing | None = None
    look: Callable[[Addresses], str | None] = lambda _addresses: None

    @property
    def capability(self) -> Capability:
        """Its row in the table."""
        return CAPABILITIES[self.name]

    def unready(self) -> str | None:
        """Whether there is a key and a usable address; asks no server elsewhere."""
        try:
            addresses = self._addresses(load_settings())
        except InputError as error:
            return f"{error.fact} {error.remedy}"
        if self.capability.key_variable is not None and find_key(self.name) is None:
            return f"There is no key for {self.capability.title}. {how_to_set(self.capability)}"
        return self.look(addresses)

    def split(self, task: Task, run: Run) -> Answer:
        """Send, wait, bring. See layersplit.remote.paid_job."""
        from layersplit.remote.encoding import encode, fitted  # noqa: PLC0415 - Pillow
        from layersplit.remote.paid_job import bring  # noqa: PLC0415 - as above

        settings = load_settings()
        addresses = self._addresses(settings)
        key = None if self.capability.key_variable is None else need_key(self.name)
        self._tell_once(run)
        order = self._order(task)
        side = task.request.resolution or self.capability.default_resolution
        pixels = task.reduced(AREA_PX if side is None else side * side)
        transport = self._transport(addresses, key, settings, run)
        service = self.service(transport)
        if service.side_multiple > 1:
            area_px = AREA_PX if side is None else side * side
            pixels = fitted(pixels, area_px, service.side_multiple)
        try:
            brought = bring(
                Desk(
                    service=service,
                    transport=transport,
                    capability=self.capability,
                    journal=Journal(),
                    cache=Cache(settings.cache_mib * MIB),
                    book=Book(),
                    settings=settings,
                    timing=transport.timing,
                    run=run,
                ),
                Wish(
                    key=request_key(pixels, self._parameters(task, order, addresses)),
                    order=order,
                    title=task.title,
                    job=task.job,
                    fresh=task.request.fresh,
                    parcel=lambda: encode(pixels, service.media_type),
                    remember=task.remember,
                ),
            )
        finally:
            service.close()
            transport.close()
        return Answer(
            layers=tuple(ModelLayer(pixels=layer) for layer in brought.layers),
            cost_usd=brought.cost_usd,
            job=brought.job,
            notes=brought.notes,
        )

    def test_key(self, run: Run) -> str:
        """Make the cheapest harmless call with the key; returns a sentence. Raises as split."""
        from layersplit.remote.words import Standing, failure  # noqa: PLC0415 - rarely needed

        settings = load_settings()
        addresses = self._addresses(settings)
        key = None if self.capability.key_variable is None else need_key(self.name)
        transport = self._transport(addresses, key, settings, run)
        service = self.service(transport)
        try:
            return service.test_key()
        except Trouble as trouble:
            raise failure(trouble, self.capability, Standing()) from trouble
        finally:
            service.close()
            transport.close()

    def _addresses(self, settings: Settings) -> Addresses:
        return service_addresses(
            self.name,
            self.hosts,
            settings.addresses,
            plain_http=self.capability.key_variable is None,
        )

    def _transport(
        self, addresses: Addresses, key: Key | None, settings: Settings, run: Run
    ) -> Transport:
        return Transport(
            addresses,
            run=run,
            timing=self.timing or Timing.of(settings),
            explain=self.explain,
            key_header=None if key is None else ("Authorization", f"{self.scheme} {key.value}"),
            secret=None if key is None else key.value,
        )

    def _tell_once(self, run: Run) -> None:
        """The first run says what is sent, and to whom, before anything is."""
        sentence = notice(self.name)
        if sentence is not None:
            run.announce(sentence)
            record(self.name)

    def _order(self, task: Task) -> Order:
        """What the request asks of this service; what it does not have is left out."""
        request, capability = task.request, self.capability
        count = request.layer_count or capability.default_layers or capability.layers[1]
        chosen = {name: getattr(request, name) for name in VARIABLE if name in capability.options}
        if "seed" in chosen and chosen["seed"] is None:
            chosen["seed"] = secrets.randbelow(LARGEST_SEED)
        if "resolution" in chosen and chosen["resolution"] is None:
            chosen["resolution"] = capability.default_resolution
        address = request.address if "address" in capability.options else None
        return Order(token=uuid.uuid4().hex, layer_count=count, address=address, **chosen)

    def _parameters(self, task: Task, order: Order, addresses: Addresses) -> dict[str, Any]:
        """What makes two requests the same, beside the pixels. A seed that we drew is no wish."""
        asked = asdict(order) | {"token": None, "seed": task.request.seed}
        return {
            "provider": self.name,
            "model": self.capability.model,
            "hosts": sorted(set(addresses.hosts.values())),
            "order": asked,
        }
