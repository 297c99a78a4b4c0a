"""A model in memory, its parts where the plan wants them.

Resident parts stay on the card. A visiting text encoder comes before the transformer and leaves
again, into RAM where there is room, else it is read again when it is needed. A streamed transformer
waits in RAM and its blocks come one after the other while the one before computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import psutil
import torch
from diffusers.hooks import apply_group_offloading

from layersplit.local import components, memory, speed
from layersplit.local.devices import device_of, work_type
from layersplit.local.facts import ModelFacts
from layersplit.local.machine import GB, Kind, gigabytes
from layersplit.local.options import Options
from layersplit.local.plans import Plan
from layersplit.local.slabs import Slabs, pinned_bytes, settle
from layersplit.local.weights import Weights

SPARE_RAM_BYTES: Final = 4 * GB
"""Left to other programs when a part waits in RAM instead of being dropped."""


class Tell(Protocol):
    """Called while a part is loaded; may raise to stop."""

    def __call__(self, fraction: float, sentence: str) -> None:
        """``fraction`` of the part, 0..1."""
        ...


class Model:
    """Parts of one model under one plan; not for two threads at once."""

    def __init__(
        self, weights: Weights, facts: ModelFacts, plan: Plan, kind: Kind, options: Options
    ) -> None:
        self.weights: Final = weights
        self.facts: Final = facts
        self.plan: Final = plan
        self.key: Final = weights.key
        self.device: Final = device_of(kind)
        self.kind: Final = work_type(kind)
        self._options = options
        self._ram = torch.device("cpu")
        self._transformer: Any = None
        self._text_encoder: Any = None
        self._vae: Any = None
        self.scheduler, self.sight = components.load_small_parts(weights)

    def fits_plan(self, plan: Plan) -> bool:
        """Whether ``plan`` wants the parts as they are (tiles are switched a run)."""
        return _layout(plan) == _layout(self.plan)

    def is_set_up_for(self, options: Options) -> bool:
        """Whether these settings ask for the attention, compilation and caches that it has."""
        return speed.wishes(options) == speed.wishes(self._options)

    @property
    def ram_bytes(self) -> int:
        """RAM that our weights take now."""
        return sum(
            parameter.numel() * parameter.element_size()
            for part in (self._transformer, self._text_encoder, self._vae)
            if part is not None
            for parameter in part.parameters()
            if parameter.device.type == "cpu"
        )

    @property
    def is_warm(self) -> bool:
        """Whether the transformer is in memory already."""
        return self._transformer is not None

    def vae(self, *, tiled: bool) -> Any:
        """The autoencoder on the card, one frame at a time, in tiles if asked."""
        if self._vae is None:
            self._vae = components.load_vae(
                self.weights, device=self.device, kind=self.kind, tick=lambda _size: None
            )
        if tiled:
            self._vae.enable_tiling()
        else:
            self._vae.disable_tiling()
        return self._vae

    def text_encoder(self, tell: Tell) -> Any:
        """The text encoder, ready to be used; makes room for it where it only visits."""
        place = self._ram if self.plan.text_place == "ram" else self.device
        if self.plan.text_place == "visiting":
            self._transformer = self._sent_away(self._transformer, streamed=self.plan.streamed)
        if self._text_encoder is None:
            self._text_encoder = components.load_text_encoder(
                self.weights,
                self.plan.text,
                device=place,
                pack_on=self.device,
                kind=torch.bfloat16 if place != self.device else self.kind,
                tick=_counting(tell, self.facts.text_encoder.stored_bytes, "text encoder"),
            )
        else:
            self._text_encoder.to(place)
        return self._text_encoder

    def transformer(self, tell: Tell, *, tokens: int) -> Any:
        """The transformer, ready to be used; a visiting text encoder has to leave."""
        if self.plan.text_place != "card":
            self._text_encoder = self._sent_away(self._text_encoder, streamed=False)
        if self._transformer is None:
            network = components.load_transformer(
                self.weights,
                self.plan.transformer,
                device=self._ram if self.plan.streamed else self.device,
                pack_on=self.device,
                kind=self.kind,
                tick=_counting(tell, self.facts.transformer.stored_bytes, "transformer"),
            )
            if self.plan.streamed:
                self._stream_blocks(network)
            streamed = self.plan.streamed
            speed.set_up(network, self._options, tokens=tokens, streamed=streamed)
            self._transformer = network
        elif not self.plan.streamed:
            self._transformer.to(self.device)
        speed.forget_steps(self._transformer)
        return self._transformer

    @property
    def naming_encoder(self) -> Any:
        """The text encoder where it is still on the card, else None."""
        return self._text_encoder if self.plan.names_layers else None

    def release(self) -> None:
        """Let go of everything."""
        self._transformer = self._text_encoder = self._vae = None
        memory.give_back()

    def _stream_blocks(self, network: Any) -> None:
        on_card = self.device.type == "cuda"
        pinned = on_card and settle(network.transformer_blocks, Slabs(pinned_bytes))
        apply_group_offloading(
            network,
            onload_device=self.device,
            offload_device=self._ram,
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=on_card,
            low_cpu_mem_usage=on_card and not pinned,  # pinned for each pass, where not for good
        )

    def _sent_away(self, part: Any, *, streamed: bool) -> Any:
        """``part`` moved into RAM where that is another memory with room, else None."""
        if part is None or streamed:
            return part
        size = sum(value.numel() * value.element_size() for value in part.parameters())
        room = psutil.virtual_memory().available > size + SPARE_RAM_BYTES
        if room and self.device.type == "cuda":
            part.to(self._ram)
        else:
            part = None
        memory.give_back()
        return part


def _layout(plan: Plan) -> tuple[str, str, str, bool]:
    return (plan.transformer, plan.text, plan.text_place, plan.streamed)


def _counting(tell: Tell, total_bytes: int, title: str) -> Callable[[int], None]:
    """From bytes that were read to a fraction and a sentence."""
    done = 0

    def tick(size: int) -> None:
        nonlocal done
        done += size
        tell(
            min(1.0, done / max(1, total_bytes)),
            f"Loading the {title}: {gigabytes(done)} of {gigabytes(total_bytes)}",
        )

    return tick
