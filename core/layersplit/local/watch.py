"""Looking in on a network while it computes: progress, and a way out, between its blocks.

A pass of the transformer lasts seconds on a small card. A hook before every block looks whether the
job was cancelled and counts; raising there leaves the network as it was, so the next run is the
same as any other.

Graphics cards compute behind the program's back: it may be a thousand kernels ahead. The hook
therefore waits for the block three before, which keeps the card busy and the program honest: what
is reported has happened, and a cancelled job has at most three blocks left to compute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import nn

BLOCKS_AHEAD: Final = 3


@contextmanager
def watched(modules: Iterable[nn.Module], tick: Callable[[], None]) -> Iterator[None]:
    """Call ``tick`` before each run of each module; it may raise to stop the computation."""
    marks: deque[torch.cuda.Event] = deque()

    def look(_module: nn.Module, _arguments: Any) -> None:
        _stay_close(marks)
        tick()

    handles = [module.register_forward_pre_hook(look) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _stay_close(marks: deque[torch.cuda.Event]) -> None:
    """Wait for the card where it is more than BLOCKS_AHEAD blocks behind."""
    if not torch.cuda.is_initialized():
        return
    mark = torch.cuda.Event()
    mark.record()
    marks.append(mark)
    if len(marks) > BLOCKS_AHEAD:
        marks.popleft().synchronize()


def transformer_steps(transformer: Any) -> list[nn.Module]:
    """What to watch in the transformer: its blocks; a compiled one only as a whole."""
    if getattr(transformer, "layersplit_compiled", False):
        return [transformer]
    return list(transformer.transformer_blocks)


def text_steps(text_encoder: Any) -> list[nn.Module]:
    """What to watch in the text encoder: the blocks that see and those that read."""
    return [*text_encoder.model.visual.blocks, *text_encoder.model.language_model.layers]


def vae_steps(vae: Any) -> list[nn.Module]:
    """What to watch in the autoencoder: the stages on the way down and up."""
    return [*vae.encoder.down_blocks, *vae.decoder.up_blocks]
