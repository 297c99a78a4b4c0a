"""Networks of the published sizes with random weights, put in the product's place for files.

The real classes, filled on the card, packed by the product's own code: time and memory are those of
the published checkpoint, which is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest import mock

import tiny
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from layersplit.local import components
from layersplit.local.facts import QWEN_IMAGE_LAYERED, ModelFacts, PartFacts
from layersplit.local.packed import Int8Linear, Nf4Linear
from layersplit.local.sight import Sight
from layersplit.local.weights import Weights

TEXT: Final = {
    "hidden_size": 3584,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "intermediate_size": 18944,
    "vocab_size": 152_064,
}
VISION: Final = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 3584,
}
VAE: Final = {
    "base_dim": 96,
    "z_dim": 16,
    "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "temperal_downsample": [False, True, True],
    "input_channels": 4,
}
LAYERED: Final = {"use_additional_t_cond": True, "use_layer3d_rope": True}


class NoFiles(Weights):
    """Weights that lie nowhere."""

    def __init__(self) -> None:
        super().__init__(title="random", parts={})

    @property
    def key(self) -> str:
        """Always the same."""
        return "random"


@contextmanager
def random_parts(*, tiny_parts: bool) -> Iterator[None]:
    """Let the product load networks of the right size with random weights."""

    def transformer(
        _weights: Any, packed: str, *, device: Any, pack_on: Any, kind: Any, **_: Any
    ) -> Any:
        def made() -> Any:
            return tiny.transformer() if tiny_parts else QwenImageTransformer2DModel(**LAYERED)

        return filled(made, packed, device, pack_on, kind)

    def text_encoder(
        _weights: Any, packed: str, *, device: Any, pack_on: Any, kind: Any, **_: Any
    ) -> Any:
        def made() -> Any:
            if tiny_parts:
                return tiny.text_encoder(tiny.tokenizer())
            return Qwen2_5_VLForConditionalGeneration(text_config())

        network = filled(made, packed, device, pack_on, kind)
        network.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)
        return network

    def vae(_weights: Any, *, device: Any, kind: Any, **_: Any) -> Any:
        if tiny_parts:
            return tiny.vae().to(device, kind)
        return AutoencoderKLQwenImage(**VAE).eval().to(device, kind)

    def small_parts(_weights: Any) -> tuple[Any, Sight]:
        tokenizer = tiny.tokenizer()
        tokenizer.decode = lambda *_arguments, **_options: "A picture."
        images = tiny.images()
        if not tiny_parts:  # as many picture tokens as the real processor makes of 640 x 640
            images.size = {"shortest_edge": 3136, "longest_edge": 12_845_056}
        return tiny.scheduler(), Sight(images=images, tokenizer=tokenizer)

    with (
        mock.patch.object(components, "load_transformer", transformer),
        mock.patch.object(components, "load_text_encoder", text_encoder),
        mock.patch.object(components, "load_vae", vae),
        mock.patch.object(components, "load_small_parts", small_parts),
    ):
        yield


def filled(made: Callable[[], Any], packed: str, device: Any, pack_on: Any, kind: Any) -> Any:
    """An empty network of the product's layout, filled with small random numbers on the card."""
    with init_empty_weights():
        network = made()
    components._set_type(network, kind)  # noqa: SLF001 - the product's own steps
    components._pack(network, packed, [], str)  # noqa: SLF001 - as above
    for module in network.modules():
        if isinstance(module, Int8Linear | Nf4Linear):
            shape = (module.out_features, module.in_features)
            module.pack(0.02 * torch.randn(shape, device=pack_on, dtype=kind))
            module.move(device)
    for name, parameter in list(network.named_parameters()):
        if parameter.is_meta:
            owner = network.get_submodule(name.rpartition(".")[0])
            # made on the card also where it waits in RAM: a processor would take minutes
            value = 0.02 * torch.randn(parameter.shape, device=pack_on, dtype=kind)
            weight = torch.nn.Parameter(value.to(device), requires_grad=False)
            owner.register_parameter(name.rpartition(".")[2], weight)
    return network.to(device).eval()


def text_config() -> Any:
    """Qwen2.5-VL 7B; the special tokens are those of the tiny tokenizer."""
    small = tiny.text_encoder(tiny.tokenizer()).config
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
    return Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": rope, "max_position_embeddings": 128_000},
        vision_config=VISION,
        image_token_id=small.image_token_id,
        video_token_id=small.video_token_id,
        vision_start_token_id=small.vision_start_token_id,
        vision_end_token_id=small.vision_end_token_id,
    )


def tiny_facts() -> ModelFacts:
    """For ``--check``: sizes do not matter there."""
    part = PartFacts(parameters=10**5, matrix_parameters=7 * 10**4, stored_bytes=4 * 10**5)
    return replace(
        QWEN_IMAGE_LAYERED,
        transformer=part, text_encoder=part, vae=part, width=32, blocks=2,
        text_width=tiny.TEXT_WIDTH, text_layers=2, text_inner_width=32, words=264,
        vae_base_width=8, latent_channels=tiny.Z_DIM,
    )  # fmt: skip
