"""Weights from files into an empty network, one tensor at a time, packed on the way.

The network is built without memory ("meta" tensors); each stored tensor goes straight to where it
will stay, in the type that the network's own parameter says. So a 41 GB transformer never lies in
RAM as a whole, packing needs no second copy, progress is exact, and a cancelled load stops within
one tensor (at most 1.1 GB, the word list of the text encoder).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from layersplit.local.headers import NF4_MARK, broken, stored_tensors
from layersplit.local.packed import Int8Linear, Nf4Linear
from layersplit.local.survey import PREFIX

Tick = Callable[[int], None]
"""Called with the number of bytes that were read; may raise to stop the load."""

TYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""Names of the safetensors format."""

_PACKED: Final = (Int8Linear, Nf4Linear)


class StoredFiles(Mapping[str, Tensor]):
    """All tensors of some safetensors files by name; each access reads one from the disk.

    The library's own reader maps a whole file into memory, which Linux refuses for a file that is
    larger than the RAM, although only one tensor of it is wanted at a time.
    """

    def __init__(self, files: list[Path], rename: Callable[[str], str]) -> None:
        self._stack = ExitStack()
        opened = {file: self._stack.enter_context(file.open("rb")) for file in files}
        self._places = {
            rename(stored.name.removeprefix(PREFIX)): (opened[stored.file], stored)
            for stored in stored_tensors(files)
        }

    def __getitem__(self, name: str) -> Tensor:
        file, stored = self._places[name]
        if stored.dtype not in TYPES:
            raise broken(stored.file, f"its numbers are of the unknown type {stored.dtype}")
        content = torch.empty(stored.size_bytes, dtype=torch.uint8)
        file.seek(stored.start)
        if file.readinto(memoryview(content.numpy())) != stored.size_bytes:
            raise broken(stored.file, f"the tensor {stored.name} is not there as a whole")
        return content.view(TYPES[stored.dtype]).reshape(stored.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Let go of the files."""
        self._stack.close()


def stream(
    network: nn.Module,
    files: list[Path],
    *,
    device: torch.device,
    pack_on: torch.device,
    tick: Tick,
    rename: Callable[[str], str] = str,
) -> nn.Module:
    """Fill ``network`` (all of whose parameters are empty) from ``files``; returns it.

    ``device``: where the weights stay. ``pack_on``: where the arithmetic of packing is done.
    ``rename``: from names in the files to names in the network. Raises SetupError when a tensor is
    missing or has another shape, and whatever ``tick`` raises.
    """
    stored = StoredFiles(files, rename)
    try:
        for name in stored:
            owner, last = _place(network, name)
            if owner is None:
                continue
            tick(_fill(owner, last, name, stored, device=device, pack_on=pack_on, files=files))
    finally:
        stored.close()
    empty = [name for name, value in network.named_parameters() if value.is_meta]
    if empty:
        raise broken(files[0].parent, f"{len(empty)} of its tensors are missing ({empty[0]})")
    return network.to(device)  # what is no weight: tables that were computed on the way


def _place(network: nn.Module, name: str) -> tuple[nn.Module | None, str]:
    """The module that owns the parameter ``name``, or None when there is none."""
    place, _, last = name.rpartition(".")
    try:
        owner = network.get_submodule(place)
    except AttributeError:
        return None, last
    return (owner if last in owner._parameters else None), last  # noqa: SLF001 - buffers are left out


def _fill(
    owner: nn.Module,
    last: str,
    name: str,
    stored: StoredFiles,
    *,
    device: torch.device,
    pack_on: torch.device,
    files: list[Path],
) -> int:
    """Put one tensor in its place; returns its size on the disk."""
    tensor = stored[name]
    size = tensor.numel() * tensor.element_size()
    if last == "weight" and isinstance(owner, _PACKED):
        if f"{name}{NF4_MARK}" in stored:
            _take_ready(owner, name, stored, files)
        elif tensor.shape != (owner.out_features, owner.in_features):
            raise broken(files[0].parent, f"the tensor {name} has another shape")
        else:
            owner.pack(tensor.to(pack_on))
        owner.move(device)
        return size
    parameter = owner.get_parameter(last)
    if tensor.shape != parameter.shape:
        raise broken(
            files[0].parent,
            f"the tensor {name} has the shape {tuple(tensor.shape)}, not {tuple(parameter.shape)}",
        )
    value = tensor.to(device=device, dtype=parameter.dtype)
    owner._parameters[last] = nn.Parameter(value, requires_grad=False)  # noqa: SLF001 - as above
    return size


def _take_ready(owner: nn.Module, name: str, stored: StoredFiles, files: list[Path]) -> None:
    if not isinstance(owner, Nf4Linear):
        raise broken(files[0].parent, f"{name} is packed in 4 bits, which was not expected")
    try:
        owner.take(name, stored)
    except (KeyError, ValueError) as error:
        raise broken(files[0].parent, f"its 4-bit weights are not understood ({error})") from error
