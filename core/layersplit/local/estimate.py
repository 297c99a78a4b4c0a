"""How long a run takes and how much memory it needs, from sizes and rates alone.

Arithmetic of one pass of the transformer (d = width, N = all tokens, B = blocks)::

    2 N B (4 d^2 + 8 d^2)   projections and the two-layer network
    4 B d N^2               attention

Tokens: an area of 16 x 16 pixels is one token of a frame; the frames are the layers, a regenerated
composite that is thrown away, and the picture itself. The constants beside the formulas were
counted on the real classes at full width with tensors that have a shape but no content
(tests/local/test_full_size.py repeats that count).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from layersplit.local.facts import ModelFacts, PartFacts
from layersplit.local.machine import Machine

TOKEN_SIDE_PX: Final = 16
SIDE_PX: Final = 32
"""Sides of what the model sees are multiples of this."""
CAPTION_TOKENS: Final = 120
"""Length of a usual caption; the most that is written is capped in caption.py."""
PROMPT_TOKENS: Final = 300
VISION_TOKENS: Final = 530
"""Of the picture at 640 x 640, as the text encoder sees it."""

MATRIX_SHARE: Final = 0.75
"""Share of the rate of a plain matrix product that a whole pass reaches (H200: 34.2 s end to end
against 25.7 s of pure products, sglang pull request 38549)."""
VALUES_PER_TOKEN: Final = 15.2
"""Peak of a pass, in numbers of the work type for each token and unit of width."""
DECODE_BYTES_PX: Final = 3900
"""Peak of decoding one frame at base width 96 in two-byte numbers, for each pixel."""
DECODE_FLOP_PX: Final = 10.9e6
"""Of decoding one pixel of one frame at base width 96."""
TILE_SIDE_PX: Final = 256
NF4_BYTES: Final = 0.5 + 2 / 64
"""One weight in 4 bits, with its share of the scale of its block of 64."""
UNPACK_BYTES: Final = {"plain": 0.0, "int8": 3.0, "nf4": 10.5, "gguf": 14.0}
"""Memory traffic of unpacking one weight for one pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is to be computed. ``passes`` a step: 2 with guidance, 1 without."""

    width: int
    height: int
    layers: int
    steps: int
    passes: int = 2
    captioned: bool = True
    named: bool = False

    @property
    def tokens(self) -> int:
        """Picture tokens of a pass."""
        frame = (self.width // TOKEN_SIDE_PX) * (self.height // TOKEN_SIDE_PX)
        return frame * (self.layers + 2)


def fitting_size(width: int, height: int, resolution: int) -> tuple[int, int]:
    """Width and height that the model sees: nearly the aspect, in the area of ``resolution``.

    A strip that would be thinner than SIDE_PX is shortened instead, so the area stays bounded.
    """
    wide = resolution * (width / height) ** 0.5
    longest = resolution**2 / SIDE_PX
    return _whole(wide, longest), _whole(resolution**2 / wide, longest)


def _whole(side: float, longest: float) -> int:
    return max(SIDE_PX, round(min(side, longest) / SIDE_PX) * SIDE_PX)


def pass_flop(facts: ModelFacts, tokens: int) -> float:
    """Floating-point operations of one pass over ``tokens`` tokens, text included."""
    linear = 2.0 * tokens * facts.blocks * 12 * facts.width**2
    attention = 4.0 * facts.blocks * facts.width * tokens**2
    return linear + attention


def step_flop(facts: ModelFacts, work: Work) -> float:
    """Operations of one denoising step: one pass with the prompt, one with almost no text."""
    described = pass_flop(facts, work.tokens + PROMPT_TOKENS)
    plain = pass_flop(facts, work.tokens + 6)
    return described + (work.passes - 1) * plain


def pass_seconds(
    facts: ModelFacts, work: Work, machine: Machine, *, packed: str, streamed_bytes: float
) -> float:
    """One pass of the transformer, averaged over both kinds.

    ``packed``: the format of its matrices (a key of UNPACK_BYTES). ``streamed_bytes``: what comes
    over the bus in each pass while the pass before it computes.
    """
    rates = machine.rates
    computing = step_flop(facts, work) / work.passes / (rates.matrix_tflops * 1e12 * MATRIX_SHARE)
    traffic = facts.transformer.matrix_parameters * UNPACK_BYTES[packed]
    computing += traffic / (rates.memory_gb_s * 1e9)
    return max(computing, streamed_bytes / (rates.bus_gb_s * 1e9))


def caption_seconds(text_bytes: float, machine: Machine) -> float:
    """Writing is bound by memory: every word reads all weights once; a third more for the rest."""
    return CAPTION_TOKENS * (0.02 + 1.33 * text_bytes / (machine.rates.memory_gb_s * 1e9))


def part_bytes(part: PartFacts, packed: str, work_bytes: int) -> float:
    """What a network takes in memory in a format ("plain", "int8", "nf4" or "gguf")."""
    rest = part.parameters - part.matrix_parameters
    match packed:
        case "int8":
            return part.matrix_parameters * 1.001 + rest * work_bytes
        case "nf4":
            return part.matrix_parameters * NF4_BYTES + rest * work_bytes
        case "gguf":
            return float(part.stored_bytes)
        case _:
            return float(part.parameters * work_bytes)


def pass_bytes(facts: ModelFacts, work: Work, work_bytes: int, packed: str) -> float:
    """Peak of a pass beside the weights: activations, and the largest matrix unpacked."""
    tokens = work.tokens + PROMPT_TOKENS
    largest = 6 * facts.width**2
    unpacked = 0.0 if packed == "plain" else largest * (work_bytes + 4)
    return VALUES_PER_TOKEN * tokens * facts.width * work_bytes + unpacked


def decode_bytes(facts: ModelFacts, work: Work, work_bytes: int, *, tiled: bool) -> float:
    """Peak of the autoencoder, which sees one frame at a time, or a tile of one."""
    area = min(TILE_SIDE_PX**2, work.width * work.height) if tiled else work.width * work.height
    return area * DECODE_BYTES_PX * facts.vae_base_width / 96 * work_bytes / 2


def text_bytes(facts: ModelFacts, work_bytes: int) -> float:
    """Peak of the text encoder beside its weights: all hidden states, its network, its scores."""
    tokens = PROMPT_TOKENS + VISION_TOKENS
    hidden = tokens * (facts.text_layers + 4) * facts.text_width
    inner = 3 * tokens * facts.text_inner_width
    return work_bytes * (hidden + inner) + 4.0 * PROMPT_TOKENS * facts.words
