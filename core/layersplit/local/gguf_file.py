"""A transformer from a GGUF file, its matrices unpacked for each product.

Matrices of the blocks stay as the file packs them; everything else is unpacked once (a packed
time embedding would otherwise reach code that expects plain numbers). Unpacking is diffusers' own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers.quantizers.gguf.utils import (
    SUPPORTED_GGUF_QUANT_TYPES,
    GGUFParameter,
    dequantize_gguf_tensor,
)
from gguf import GGMLQuantizationType, GGUFReader
from torch import Tensor, nn
from torch.nn import functional

from layersplit.errors import SetupError
from layersplit.local.headers import broken
from layersplit.local.streaming import Tick
from layersplit.local.survey import PREFIX

_PLAIN = (GGMLQuantizationType.F32, GGMLQuantizationType.F16)


class GgufLinear(nn.Module):
    """A linear layer with weights in a GGUF packing. ``weight``: (out, bytes of a row) uint8."""

    def __init__(self, like: nn.Linear, weight: Tensor, kind: GGMLQuantizationType) -> None:
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = like.bias
        self._kind = kind

    def forward(self, value: Tensor) -> Tensor:
        """``value``: (..., in) in the work type; returns (..., out)."""
        weight = _unpacked(self.weight.detach(), self._kind).to(value.dtype)
        return functional.linear(value, weight, self.bias)


def stream_gguf(network: nn.Module, file: Path, *, device: torch.device, tick: Tick) -> nn.Module:
    """Fill ``network`` (all of whose parameters are empty) from ``file``; returns it.

    Raises SetupError when a tensor is missing, has another shape or an unknown packing, and
    whatever ``tick`` raises.
    """
    for tensor in GGUFReader(file).tensors:
        name = str(tensor.name).removeprefix(PREFIX)
        _fill(network, name, tensor, device, file)
        tick(int(tensor.n_bytes))
    empty = [name for name, value in network.named_parameters() if value.is_meta]
    if empty:
        raise broken(file, f"{len(empty)} of its tensors are missing ({empty[0]})")
    return network.to(device)


def _fill(network: nn.Module, name: str, tensor: Any, device: torch.device, file: Path) -> None:
    place, _, last = name.rpartition(".")
    try:
        owner = network.get_submodule(place)
        parameter = owner.get_parameter(last)
    except AttributeError:
        return
    kind = tensor.tensor_type
    shape = tuple(int(side) for side in reversed(tensor.shape))
    if shape != tuple(parameter.shape):
        raise broken(file, f"the tensor {name} has the shape {shape}, not {tuple(parameter.shape)}")
    value = torch.from_numpy(tensor.data.copy()).to(device)
    if kind in _PLAIN:
        value = value.view(shape).to(parameter.dtype)
    elif kind not in SUPPORTED_GGUF_QUANT_TYPES:
        raise SetupError(
            f"{file.name} packs its weights as {kind.name}, which diffusers cannot unpack.",
            meaning="Nothing was loaded.",
            remedy="Take a file with another packing, Q4_K_M or Q8_0 for example.",
        )
    elif isinstance(owner, nn.Linear) and last == "weight" and "transformer_blocks" in place:
        above, _, own_name = place.rpartition(".")
        setattr(network.get_submodule(above), own_name, GgufLinear(owner, value, kind))
        return
    else:
        value = _unpacked(value, kind).view(shape).to(parameter.dtype)
    owner.register_parameter(last, nn.Parameter(value, requires_grad=False))


def _unpacked(weight: Tensor, kind: GGMLQuantizationType) -> Tensor:
    plain: Tensor = dequantize_gguf_tensor(GGUFParameter(weight, quant_type=kind))
    return plain
