"""Which way of running the model fits this machine: decided before anything is loaded.

========  ==================  ====================================  ==========================
plan      transformer         text encoder                          made for
========  ==================  ====================================  ==========================
resident  bfloat16            stays on the card                     80 GB
staged    bfloat16            comes first, leaves                   48 GB
int8      8-bit weights       8-bit beside it, or comes and leaves  32 GB, 24 GB
nf4       4-bit weights       4-bit beside it, or comes and leaves  24 GB, 16 GB
gguf      as the file has it  8-bit beside it, or comes and leaves  what the file's size allows
offload   streamed from RAM   4-bit, comes and leaves; or on CPU    12 GB, 8 GB
========  ==================  ====================================  ==========================

The first row that fits is taken; within a row the text encoder stays where it can. A text encoder
that stays also names the layers; one on the CPU writes no caption.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from layersplit.local.estimate import (
    DECODE_FLOP_PX,
    MATRIX_SHARE,
    Work,
    caption_seconds,
    decode_bytes,
    part_bytes,
    pass_bytes,
    pass_seconds,
    text_bytes,
)
from layersplit.local.facts import ModelFacts
from layersplit.local.machine import GB, Machine

Packed: TypeAlias = Literal["plain", "int8", "nf4", "gguf"]
TextPlace: TypeAlias = Literal["card", "visiting", "ram"]

RESERVE_BYTES: Final = {"cuda": 0.7 * GB, "rocm": 0.9 * GB, "mps": 1.5 * GB, "cpu": 0.2 * GB}
"""What the driver and the allocator take beside the tensors."""
RAM_RESERVE_BYTES: Final = 2 * GB
BLOCKS_IN_FLIGHT: Final = 3
"""Computed, arriving and leaving, where blocks are streamed."""

TITLES: Final = {
    "resident": "the whole model at once",
    "staged": "the text encoder first, then the rest",
    "int8": "8-bit weights",
    "nf4": "4-bit weights",
    "gguf": "weights as the GGUF file packs them",
    "offload": "weights streamed from memory",
}
"""Every name that ``--plan`` takes, in the order of preference."""

_ROWS: Final[tuple[tuple[str, Packed, Packed, TextPlace, bool], ...]] = (
    ("resident", "plain", "plain", "card", False),
    ("staged", "plain", "plain", "visiting", False),
    ("int8", "int8", "int8", "card", False),
    ("int8", "int8", "plain", "visiting", False),
    ("gguf", "gguf", "int8", "card", False),
    ("gguf", "gguf", "int8", "visiting", False),
    ("nf4", "nf4", "nf4", "card", False),
    ("nf4", "nf4", "int8", "visiting", False),
    ("offload", "plain", "nf4", "visiting", True),
    ("offload", "int8", "nf4", "visiting", True),
    ("offload", "plain", "plain", "ram", True),
    ("offload", "int8", "plain", "ram", True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One way of running. ``peak_bytes`` on the accelerator, ``ram_bytes`` beside it.

    ``streamed``: the transformer's blocks wait in RAM and come one by one. ``tiled``: the
    autoencoder works in tiles, which shifts pixels a little. ``seconds``: one picture, warm;
    ``load_seconds``: before the first one.
    """

    name: str
    transformer: Packed
    text: Packed
    text_place: TextPlace
    streamed: bool
    tiled: bool
    peak_bytes: float
    ram_bytes: float
    text_seconds: float
    names_seconds: float
    denoise_seconds: float
    decode_seconds: float
    load_seconds: float

    @property
    def seconds(self) -> float:
        """One picture with the model already loaded."""
        text = self.text_seconds + self.names_seconds
        return text + self.denoise_seconds + self.decode_seconds

    @property
    def writes_captions(self) -> bool:
        """Whether a picture without a description gets one."""
        return self.text_place != "ram"

    @property
    def names_layers(self) -> bool:
        """Whether the text encoder is still at hand when the layers are done."""
        return self.text_place == "card"


def candidates(facts: ModelFacts, machine: Machine, work: Work) -> list[Plan]:
    """Every way that this model and this kind of machine allow, the preferred first."""
    plans = [_plan(row, facts, machine, work) for row in _allowed(facts, machine)]
    # Streaming 16-bit blocks is worth it only where the bus keeps up with the card.
    fastest = min((plan.seconds for plan in plans if plan.streamed), default=0.0)
    slow = {id(plan) for plan in plans if plan.streamed and plan.seconds > 1.15 * fastest}
    return [plan for plan in plans if id(plan) not in slow] + [
        plan for plan in plans if id(plan) in slow
    ]


def fits(plan: Plan, machine: Machine) -> bool:
    """Whether the free memory, card and RAM, is enough for ``plan``."""
    if plan.peak_bytes + RESERVE_BYTES[machine.kind] > machine.free_bytes:
        return False
    return machine.shares_ram or plan.ram_bytes + RAM_RESERVE_BYTES <= machine.ram_free_bytes


def next_smaller(plan: Plan, plans: list[Plan], machine: Machine) -> Plan | None:
    """What to try after ``plan`` ran out of memory: the first that needs clearly less."""
    enough_ram = (
        other
        for other in plans
        if machine.shares_ram or other.ram_bytes + RAM_RESERVE_BYTES <= machine.ram_free_bytes
    )
    return next((other for other in enough_ram if other.peak_bytes < 0.95 * plan.peak_bytes), None)


def _allowed(
    facts: ModelFacts, machine: Machine
) -> Iterator[tuple[str, Packed, Packed, TextPlace, bool]]:
    """Rows that the stored formats and the kind of machine allow, each once."""
    seen = set()
    for name, transformer, text, place, streamed in _ROWS:
        if streamed and machine.shares_ram:
            continue  # there is no other memory to stream from
        if transformer == "gguf" and facts.transformer.stored != "gguf":
            continue
        if facts.transformer.stored not in ("plain", transformer):
            continue
        row = (name, transformer, _text_format(facts, text, place), place, streamed)
        if row not in seen and not (place == "ram" and facts.text_encoder.stored != "plain"):
            seen.add(row)
            yield row


def _text_format(facts: ModelFacts, wanted: Packed, place: TextPlace) -> Packed:
    """Ready 4-bit text encoders stay in 4 bits."""
    return "nf4" if facts.text_encoder.stored == "nf4" and place != "ram" else wanted


def _plan(
    row: tuple[str, Packed, Packed, TextPlace, bool],
    facts: ModelFacts,
    machine: Machine,
    work: Work,
) -> Plan:
    name, transformer, text, place, streamed = row
    size = machine.work_bytes
    weights = part_bytes(facts.transformer, transformer, size)
    in_flight = weights * min(1.0, BLOCKS_IN_FLIGHT / facts.blocks) if streamed else weights
    encoder = part_bytes(facts.text_encoder, text, size)
    stays = encoder if place == "card" else 0.0
    always = part_bytes(facts.vae, "plain", size) + stays
    resting = 0.0 if streamed else weights
    reading = encoder + text_bytes(facts, size) if place != "ram" else 0.0
    if place == "card":
        reading += resting
    passing = always + in_flight + pass_bytes(facts, work, size, transformer)
    decoding = always + resting + decode_bytes(facts, work, size, tiled=False)
    available = machine.free_bytes - RESERVE_BYTES[machine.kind]
    tiled = decoding > max(available, passing, reading)
    if tiled:
        decoding = always + resting + decode_bytes(facts, work, size, tiled=True)
    streaming = weights if streamed else 0.0
    peak = max(reading, passing, decoding)
    return Plan(
        name=name,
        transformer=transformer,
        text=text,
        text_place=place,
        streamed=streamed,
        tiled=tiled,
        peak_bytes=peak,
        ram_bytes=streaming,
        text_seconds=_text_seconds(facts, machine, work, place, encoder),
        names_seconds=_names_seconds(machine, work, place, encoder),
        denoise_seconds=work.steps
        * work.passes
        * pass_seconds(facts, work, machine, packed=transformer, streamed_bytes=streaming),
        decode_seconds=_decode_seconds(facts, machine, work),
        load_seconds=facts.stored_bytes / (machine.rates.disk_gb_s * GB),
    )


def _text_seconds(
    facts: ModelFacts, machine: Machine, work: Work, place: TextPlace, encoder: float
) -> float:
    """Caption and description; the encoder's way to the card where it only visits."""
    moving = encoder / (machine.rates.bus_gb_s * GB) if place == "visiting" else 0.0
    if place == "ram":
        return facts.text_encoder.stored_bytes / (machine.rates.disk_gb_s * GB)
    caption = caption_seconds(encoder, machine) if work.captioned else 0.0
    return moving + caption


def _names_seconds(machine: Machine, work: Work, place: TextPlace, encoder: float) -> float:
    """A few words a layer, where the encoder stays."""
    if place != "card" or not work.named:
        return 0.0
    return work.layers * caption_seconds(encoder, machine) / 10


def _decode_seconds(facts: ModelFacts, machine: Machine, work: Work) -> float:
    """Convolutions reach about a third of the rate of a matrix product."""
    flop = work.width * work.height * (work.layers + 1) * DECODE_FLOP_PX
    flop *= (facts.vae_base_width / 96) ** 2
    return flop / (machine.rates.matrix_tflops * 1e12 * MATRIX_SHARE / 2)
