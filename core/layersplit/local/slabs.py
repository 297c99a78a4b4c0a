"""RAM from which a card reads by itself, without waste: the place of blocks that are streamed.

Pinning tensor by tensor, as diffusers' group offloading does it, costs far more RAM than the
weights have: PyTorch rounds every pinned tensor up to a power of two (a matrix of 3072 x 3072
bfloat16 numbers from 19 to 34 MB), and the unpinned originals stay until all are copied. Here the
tensors of all blocks move, one after the other, into slabs whose size is a power of two; what is
pinned already, group offloading takes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import torch
from torch import Tensor, nn

from layersplit.log import LOG

SLAB_BYTES: Final = 1 << 30
ALIGNED_BYTES: Final = 256

Allocate = Callable[[int], Tensor]
"""From a number of bytes to that many of uint8."""


def pinned_bytes(count: int) -> Tensor:
    """RAM that the card can read; raises RuntimeError when the system gives none."""
    return torch.empty(count, dtype=torch.uint8, pin_memory=True)


class Slabs:
    """Large pieces of memory, filled with tensors."""

    def __init__(self, allocate: Allocate, slab_bytes: int = SLAB_BYTES) -> None:
        self._allocate, self._slab_bytes = allocate, slab_bytes
        self._slabs: list[tuple[Tensor, int]] = []

    @property
    def total_bytes(self) -> int:
        """Size of all slabs."""
        return sum(slab.numel() for slab, _ in self._slabs)

    def place(self, tensor: Tensor) -> Tensor:
        """The same numbers in the same shape, inside a slab."""
        size = tensor.numel() * tensor.element_size()
        room = -(-size // ALIGNED_BYTES) * ALIGNED_BYTES
        number = self._with_room(room)
        slab, used = self._slabs[number]
        self._slabs[number] = (slab, used + room)
        placed = slab[used : used + size].view(tensor.dtype).view(tensor.shape)
        return placed.copy_(tensor)

    def _with_room(self, room: int) -> int:
        """Number of the first slab that has it, a new one where none has."""
        for number, (slab, used) in enumerate(self._slabs):
            if slab.numel() - used >= room:
                return number
        self._slabs.append((self._allocate(max(self._slab_bytes, _power_of_two(room))), 0))
        return len(self._slabs) - 1


def settle(blocks: Iterable[nn.Module], slabs: Slabs) -> bool:
    """Move everything in ``blocks`` into ``slabs``; False when the system gave too little memory.

    Then the rest stays where it is, which is slower but works.
    """
    try:
        for block in blocks:
            for tensor in (*block.parameters(), *block.buffers()):
                tensor.data = slabs.place(tensor.data)
    except RuntimeError as error:
        LOG.warning("Not all blocks lie in pinned memory: %s", error)
        return False
    return True


def _power_of_two(size: int) -> int:
    return 1 << max(0, size - 1).bit_length()
