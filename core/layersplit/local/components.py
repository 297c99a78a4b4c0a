"""The parts of a model, loaded as its plan says: stock classes, our own way of filling them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import init_empty_weights
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageTransformer2DModel,
)
from torch import nn
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoTokenizer,
    GenerationConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from layersplit.local.headers import NF4_MARK, broken, stored_tensors, weight_files
from layersplit.local.packed import pack_layers
from layersplit.local.sight import Sight
from layersplit.local.streaming import Tick, stream
from layersplit.local.weights import Weights

_BLOCK: Final = re.compile(r"(?:^|\.)(?:transformer_blocks|layers|blocks)\.\d+\.")
_TEXT_NAMES: Final = ((r"^visual\.", "model.visual."), (r"^model\.(?!visual\.|language_model\.)",
                                                      "model.language_model."))  # fmt: skip
"""Text encoders saved by transformers before 4.52, and again since 5, leave these levels out."""


def load_transformer(
    weights: Weights,
    packed: str,
    *,
    device: torch.device,
    pack_on: torch.device,
    kind: torch.dtype,
    tick: Tick,
) -> QwenImageTransformer2DModel:
    """The transformer on ``device`` in the work type ``kind``, its blocks packed as asked."""
    network = _empty(QwenImageTransformer2DModel, weights.config("transformer"), kind)
    file = weights.transformer_file
    if packed == "gguf" and file is not None:
        from layersplit.local.gguf_file import stream_gguf  # noqa: PLC0415 - gguf is optional

        stream_gguf(network, file, device=device, tick=tick)
        return network
    files = [file] if file is not None else weight_files(weights.parts["transformer"])
    _pack(network, packed, files, str)
    stream(network, files, device=device, pack_on=pack_on, tick=tick)
    return network


def load_text_encoder(
    weights: Weights,
    packed: str,
    *,
    device: torch.device,
    pack_on: torch.device,
    kind: torch.dtype,
    tick: Tick,
) -> Qwen2_5_VLForConditionalGeneration:
    """The text encoder, which also sees: its layers and vision blocks packed as asked."""
    folder = weights.parts["text_encoder"]
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # the class would ask for the library that packed it
    with init_empty_weights():
        network = Qwen2_5_VLForConditionalGeneration(config)
    _set_type(network, kind)
    files = weight_files(folder)
    _pack(network, packed, files, _text_name)
    stream(network, files, device=device, pack_on=pack_on, tick=tick, rename=_text_name)
    if (folder / "generation_config.json").is_file():
        network.generation_config = GenerationConfig.from_pretrained(folder, local_files_only=True)
    return network.eval()


def load_vae(
    weights: Weights, *, device: torch.device, kind: torch.dtype, tick: Tick
) -> AutoencoderKLQwenImage:
    """The autoencoder, never packed."""
    network = _empty(AutoencoderKLQwenImage, weights.config("vae"), kind)
    files = weight_files(weights.parts["vae"])
    stream(network, files, device=device, pack_on=device, tick=tick)
    return network


def load_small_parts(weights: Weights) -> tuple[Any, Sight]:
    """The scheduler, and what reads and sees; raises SetupError when their files are damaged."""
    parts = weights.parts
    try:
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(parts["scheduler"])
        tokenizer = AutoTokenizer.from_pretrained(parts["tokenizer"], local_files_only=True)
        images = AutoImageProcessor.from_pretrained(parts["processor"], local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise broken(parts["tokenizer"].parent, f"tokenizer or processor: {error}") from error
    return scheduler, Sight(images=images, tokenizer=tokenizer)


def _empty(family: Any, config: dict[str, Any], kind: torch.dtype) -> Any:
    """A network of the stock class without memory for its weights."""
    plain = {name: value for name, value in config.items() if name != "quantization_config"}
    with init_empty_weights():
        network = family.from_config(plain)
    _set_type(network, kind)
    return network.eval()


def _set_type(network: nn.Module, kind: torch.dtype) -> None:
    """Weights in the work type; computed tables (position codes) keep their own."""
    for parameter in network.parameters():
        parameter.data = parameter.data.to(kind)
        parameter.requires_grad_(requires_grad=False)


def _pack(network: nn.Module, packed: str, files: list[Path], rename: Callable[[str], str]) -> None:
    """Prepare the packed layers: those that the files hold packed, else all inside the blocks."""
    if packed not in ("int8", "nf4"):
        return
    mark = f".weight{NF4_MARK}"
    names = [
        rename(tensor.name)[: -len(mark)]
        for tensor in stored_tensors(files)
        if tensor.name.endswith(mark)
    ]
    pack_layers(network, names or _block_matrices(network), packed)


def _block_matrices(network: nn.Module) -> list[str]:
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and _BLOCK.search(name)
    ]


def _text_name(name: str) -> str:
    """Map the shorter names to those of the class; full names stay."""
    for pattern, full in _TEXT_NAMES:
        name = re.sub(pattern, full, name)
    return name
