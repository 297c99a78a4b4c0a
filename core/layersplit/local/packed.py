"""Linear layers whose weights lie in memory in 8 or 4 bits and are unpacked for each product.

``Int8Linear``: one scale a row, weight = q * scale, q in -127..127. A weight is off
by at most 1/254 of the largest weight of its row.

``Nf4Linear``: 4-bit normal floats (Dettmers et al., QLoRA, arXiv 2305.14314, appendix E): blocks of
64 weights, divided by their largest magnitude, each the nearest of 16 levels that hold equal shares
of a normal distribution. Two weights a byte, the first in the high half: the layout in which
bitsandbytes stores ready checkpoints, so those can be taken as they are, on any device.

Nothing here depends on a device, so the same plan gives the same layers everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from statistics import NormalDist
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

NF4_BLOCK: Final = 64
_ROWS_AT_ONCE: Final = 4096
"""Packing makes 8-byte indexes of its input; this keeps them small."""


def nf4_levels() -> tuple[float, ...]:
    """The 16 levels, ascending from -1 to 1, 0 included: 8 for positive, 7 for negative halves."""
    offset = 0.9677083  # average of the outermost quantiles of 15 and 16 levels, as in the paper
    quantile = NormalDist().inv_cdf
    positive = [quantile(offset + (0.5 - offset) * i / 8) for i in range(8)]
    negative = [-quantile(offset + (0.5 - offset) * i / 7) for i in range(7)]
    levels = sorted([*positive, 0.0, *negative])
    return tuple(level / levels[-1] for level in levels)


class _Packed(nn.Module):
    """What both kinds have in common."""

    bias: nn.Parameter | None

    def move(self, device: torch.device) -> None:
        """Bring what was packed to ``device``; a bias that has not been read yet stays empty."""
        for name, value in list(self.named_parameters()):
            if not value.is_meta:
                moved = nn.Parameter(value.to(device), requires_grad=False)
                self.register_parameter(name, moved)
        for name, table in list(self.named_buffers()):
            self.register_buffer(name, table.to(device), persistent=False)


class Int8Linear(_Packed):
    """A linear layer with 8-bit weights. ``weight``: (out, in) int8; ``scale``: (out, 1)."""

    def __init__(self, like: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight = nn.Parameter(
            torch.empty(like.weight.shape, dtype=torch.int8, device="meta"), requires_grad=False
        )
        self.scale = nn.Parameter(
            torch.empty((like.out_features, 1), dtype=like.weight.dtype, device="meta"),
            requires_grad=False,
        )
        self.bias = like.bias

    def pack(self, weight: Tensor) -> None:
        """Take (out, in) floating-point weights; they may lie on any device."""
        values = weight.float()
        scale = values.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        scale = scale.to(self.scale.dtype)
        packed = (values / scale.float()).round_().clamp_(-127, 127).to(torch.int8)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.scale = nn.Parameter(scale, requires_grad=False)

    def forward(self, value: Tensor) -> Tensor:
        """``value``: (..., in) in the work type; returns (..., out)."""
        return functional.linear(value, self.weight * self.scale, self.bias)


class Nf4Linear(_Packed):
    """A linear layer with 4-bit weights.

    ``weight``: (out * in / 2,) uint8; ``scale``: (out * in / 64, 1) in the work type; ``pairs``:
    (256, 2), the two levels that a byte stands for.
    """

    pairs: Tensor

    def __init__(self, like: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        count, kind = like.weight.numel(), like.weight.dtype
        if count % NF4_BLOCK:
            raise ValueError(f"Expected a multiple of {NF4_BLOCK} weights, got {count}")
        self.weight = nn.Parameter(
            torch.empty(count // 2, dtype=torch.uint8, device="meta"), requires_grad=False
        )
        self.scale = nn.Parameter(
            torch.empty((count // NF4_BLOCK, 1), dtype=kind, device="meta"), requires_grad=False
        )
        self.bias = like.bias
        self._set_levels(torch.tensor(nf4_levels()), kind)

    def _set_levels(self, levels: Tensor, kind: torch.dtype) -> None:
        high, low = levels.repeat_interleave(16), levels.repeat(16)
        pairs = torch.stack([high, low], dim=1).to(kind)
        self.register_buffer("pairs", pairs.contiguous(), persistent=False)

    def pack(self, weight: Tensor) -> None:
        """Take (out, in) floating-point weights; they may lie on any device."""
        blocks = weight.reshape(-1, NF4_BLOCK)
        levels = torch.tensor(nf4_levels(), device=weight.device)
        edges = (levels[1:] + levels[:-1]) / 2
        packed, scales = [], []
        for rows in blocks.split(_ROWS_AT_ONCE):
            values = rows.float()
            scale = values.abs().amax(dim=1, keepdim=True).clamp_min(1e-12)
            scale = scale.to(self.scale.dtype)
            index = torch.bucketize(values / scale.float(), edges, out_int32=True).to(torch.uint8)
            packed.append((index[:, 0::2] * 16 + index[:, 1::2]).reshape(-1))
            scales.append(scale)
        self.weight = nn.Parameter(torch.cat(packed), requires_grad=False)
        self.scale = nn.Parameter(torch.cat(scales), requires_grad=False)

    def take(self, name: str, stored: Mapping[str, Tensor]) -> None:
        """Take a weight as bitsandbytes stores it: ``stored[name]`` and what is called after it.

        Scales that were packed to 8 bits themselves (double quantisation) are unpacked. Raises
        ValueError when the layout is another one.
        """
        mark = bytes(stored[f"{name}.quant_state.bitsandbytes__nf4"].cpu().numpy())
        state = json.loads(mark)
        if state["quant_type"] != "nf4" or state["blocksize"] != NF4_BLOCK:
            raise ValueError(f"Expected nf4 in blocks of {NF4_BLOCK}, got {state}")
        if stored[name].dtype != torch.uint8:  # bitsandbytes can pack the bytes into larger numbers
            raise ValueError(f"Expected bytes, got {stored[name].dtype}")
        if list(state["shape"]) != [self.out_features, self.in_features]:
            raise ValueError(f"Expected another shape than {state['shape']}")
        scale = stored[f"{name}.absmax"]
        if scale.dtype == torch.uint8:
            codes = stored[f"{name}.nested_quant_map"].float()
            outer = stored[f"{name}.nested_absmax"].float()
            spread = outer.repeat_interleave(int(state["nested_blocksize"]))[: scale.numel()]
            scale = codes[scale.int()] * spread + float(state["nested_offset"])
        kind = self.scale.dtype
        self.weight = nn.Parameter(stored[name].reshape(-1), requires_grad=False)
        self.scale = nn.Parameter(scale.reshape(-1, 1).to(kind), requires_grad=False)
        self._set_levels(stored[f"{name}.quant_map"].float().cpu(), kind)

    def forward(self, value: Tensor) -> Tensor:
        """``value``: (..., in) in the work type; returns (..., out)."""
        levels = functional.embedding(self.weight.int(), self.pairs)
        weight = levels.view(-1, NF4_BLOCK).mul_(self.scale)
        return functional.linear(value, weight.view(self.out_features, self.in_features), self.bias)


def pack_layers(network: nn.Module, names: list[str], packed: str) -> None:
    """Replace the linear layers called ``names`` by empty packed ones ("int8" or "nf4").

    Layers whose weights do not fill whole blocks are left as they are.
    """
    for name in names:
        place, _, last = name.rpartition(".")
        owner = network.get_submodule(place)
        layer = owner.get_submodule(last)
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"Expected a linear layer, got {type(layer).__name__}")
        if packed == "int8":
            setattr(owner, last, Int8Linear(layer))
        elif layer.weight.numel() % NF4_BLOCK == 0:
            setattr(owner, last, Nf4Linear(layer))
