"""How large a model is, in numbers, before any of it is loaded.

The figures come from the configurations and from the headers of the weight files, so a model with
other sizes (the tiny one of the tests, a pruned one) is planned for as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Stored: TypeAlias = Literal["plain", "nf4", "gguf"]
"""How a part's matrices lie on the disk: floating point, ready in 4 bits, or packed in a GGUF."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartFacts:
    """One network: how many numbers it has, how many of them a packed format can shrink.

    ``matrix_parameters``: weights of linear layers that a plan may pack to 8 or 4 bits; the rest
    (norms, embeddings, biases, the word list) keeps the work type. ``stored_bytes``: on the disk.
    """

    parameters: int
    matrix_parameters: int
    stored_bytes: int
    stored: Stored = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """A whole model. ``width``: of a token in the transformer; ``text_width``: in the encoder."""

    transformer: PartFacts
    text_encoder: PartFacts
    vae: PartFacts
    width: int
    blocks: int
    text_width: int
    text_layers: int
    text_inner_width: int
    words: int
    vae_base_width: int
    latent_channels: int = 16

    @property
    def stored_bytes(self) -> int:
        """Everything on the disk."""
        parts = (self.transformer, self.text_encoder, self.vae)
        return sum(part.stored_bytes for part in parts)


QWEN_IMAGE_LAYERED: Final = ModelFacts(
    transformer=PartFacts(
        parameters=20_430_407_232,
        matrix_parameters=20_384_317_440,
        stored_bytes=40_860_814_464,
    ),
    text_encoder=PartFacts(
        parameters=8_292_166_656,
        matrix_parameters=7_155_253_248,
        stored_bytes=16_584_333_312,
    ),
    vae=PartFacts(parameters=126_897_716, matrix_parameters=0, stored_bytes=253_795_432),
    width=3072,
    blocks=60,
    text_width=3584,
    text_layers=28,
    text_inner_width=18944,
    words=152_064,
    vae_base_width=96,
)
"""The published checkpoint, counted on the classes of diffusers 0.42.1 and transformers 5.23.0."""
