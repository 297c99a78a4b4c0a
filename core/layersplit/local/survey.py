"""From the files of a model to its figures: sizes, formats, and whether it is the right model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from layersplit.errors import SetupError
from layersplit.local.facts import ModelFacts, PartFacts, Stored
from layersplit.local.headers import NF4_MARK, broken, stored_tensors, weight_files
from layersplit.local.headers import Stored as Tensor
from layersplit.local.weights import Weights, wrong_model

PREFIX: Final = "model.diffusion_model."
"""Put before every name by programs that keep several networks in one file."""
LAYERED_ONLY: Final = "time_text_embed.addition_t_embedding.weight"
"""A tensor that Qwen-Image lacks and Qwen-Image-Layered has."""
_FIRST: Final = "transformer_blocks.0.attn.to_q.weight"
_MATRIX: Final = re.compile(r"(?:^|\.)(?:transformer_blocks|layers|blocks)\.\d+\..*weight$")
_SCALES: Final = re.compile(r"(?:scale_weight|weight_scale|comfy_quant|scaled_fp8)")


def facts_of(weights: Weights) -> ModelFacts:
    """Read configurations and headers; raises SetupError for what is missing, torn or alien."""
    transformer = weights.config("transformer")
    text = weights.config("text_encoder")
    text = text.get("text_config") or text
    vae = weights.config("vae")
    try:
        return ModelFacts(
            transformer=_transformer(weights),
            text_encoder=_part(weights.parts["text_encoder"], weights.config("text_encoder")),
            vae=_part(weights.parts["vae"], vae),
            width=transformer["num_attention_heads"] * transformer["attention_head_dim"],
            blocks=transformer["num_layers"],
            text_width=text["hidden_size"],
            text_layers=text["num_hidden_layers"],
            text_inner_width=text["intermediate_size"],
            words=text["vocab_size"],
            vae_base_width=vae["base_dim"],
            latent_channels=vae["z_dim"],
        )
    except (KeyError, TypeError) as error:
        raise broken(
            weights.parts["transformer"].parent, f"a configuration lacks {error}"
        ) from error


def _transformer(weights: Weights) -> PartFacts:
    file = weights.transformer_file
    if file is None:
        folder = weights.parts["transformer"]
        tensors = list(stored_tensors(weight_files(folder)))
        _check_layered(folder, {tensor.name for tensor in tensors})
        return _sum(tensors, _ready_format(folder, weights.config("transformer")), folder)
    if file.suffix == ".gguf":
        return _gguf(file)
    tensors = list(stored_tensors([file]))
    names = {tensor.name.removeprefix(PREFIX) for tensor in tensors}
    _check_layered(file, names)
    if any(_SCALES.search(name) for name in names):
        raise wrong_model(file, "its 8-bit numbers have scales that only ComfyUI knows")
    return _sum(tensors, "plain", file)


def _check_layered(place: Path, names: set[str]) -> None:
    if not any(name.endswith(_FIRST) for name in names):
        raise wrong_model(place, "its tensors are not those of a Qwen-Image transformer")
    if LAYERED_ONLY not in names:
        raise wrong_model(place, "it is a Qwen-Image model, but not the Layered one")


def _part(folder: Path, config: dict[str, Any]) -> PartFacts:
    return _sum(stored_tensors(weight_files(folder)), _ready_format(folder, config), folder)


def _ready_format(folder: Path, config: dict[str, Any]) -> Stored:
    """How a ready quantised checkpoint was made; only 4-bit normal floats are read."""
    quantisation = config.get("quantization_config")
    if quantisation is None:
        return "plain"
    if quantisation.get("quant_method") == "bitsandbytes" and quantisation.get("load_in_4bit"):
        kind = quantisation.get("bnb_4bit_quant_type")
        if kind == "nf4":
            return "nf4"
    raise SetupError(
        f"The model at {folder} is packed in a way that is not supported.",
        meaning=f"It was made by {quantisation.get('quant_method', 'an unknown program')}.",
        remedy="Use the full model, the one in 4 bits (nf4), or a GGUF file.",
    )


def _sum(tensors: Iterable[Tensor], stored: Stored, place: Path) -> PartFacts:
    """Count the numbers; a packed byte is two of them, and what belongs to it counts as nothing."""
    every = {tensor.name: tensor for tensor in tensors}
    packed = {name[: -len(NF4_MARK)] for name in every if name.endswith(NF4_MARK)}
    if (stored == "nf4") != bool(packed):
        raise broken(place, "its configuration and its weights tell different formats")
    parameters = matrices = 0
    for name, tensor in every.items():
        owner = next((name[: name.index(w) + 7] for w in (".weight.",) if w in name), None)
        if owner in packed:
            continue
        count = tensor.count * 2 if name in packed else tensor.count
        parameters += count
        if name in packed or (len(tensor.shape) == 2 and _MATRIX.search(name)):
            matrices += count
    size = sum(file.stat().st_size for file in {tensor.file for tensor in every.values()})
    return PartFacts(
        parameters=parameters, matrix_parameters=matrices, stored_bytes=size, stored=stored
    )


def _gguf(file: Path) -> PartFacts:
    """From the table at the start of a GGUF file (format: the ggml project's docs/gguf.md)."""
    try:
        from gguf import GGUFReader  # noqa: PLC0415 - needed for such files only
    except ImportError as error:
        raise SetupError(
            "GGUF files need the package 'gguf', which is not installed.",
            meaning=f"{file.name} was not read.",
            remedy="Run install.py --local again; it adds what is missing.",
        ) from error
    try:
        tensors = GGUFReader(file).tensors
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise broken(file, "it is torn, or no GGUF file") from error
    _check_layered(file, {tensor.name.removeprefix(PREFIX) for tensor in tensors})
    parameters = sum(int(tensor.n_elements) for tensor in tensors)
    matrices = sum(
        int(tensor.n_elements)
        for tensor in tensors
        if len(tensor.shape) == 2 and _MATRIX.search(tensor.name)
    )
    return PartFacts(
        parameters=parameters,
        matrix_parameters=matrices,
        stored_bytes=sum(int(tensor.n_bytes) for tensor in tensors),
        stored="gguf",
    )
