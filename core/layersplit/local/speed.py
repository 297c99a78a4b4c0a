"""Making a pass of the transformer faster: attention, compilation, step caches.

Attention is chosen by measuring, not by name: every backend that is installed and keeps the numbers
(no 8-bit arithmetic) computes one layer of the size at hand, and the fastest is taken. The user's
own choice (setting ``local.attention``) may also be one that rounds, as ``sage`` does.

Compilation and step caches are the user's choice. A step cache leaves out blocks whose input hardly
changed since the step before (First Block Cache of diffusers); what that does to the edges of alpha
has not been measured on the real weights, so it is off unless asked for.
"""

from __future__ import annotations

import time
from typing import Any, Final

import torch
from diffusers import FirstBlockCacheConfig
from diffusers.models.attention_dispatch import (
    AttentionBackendName,
    _AttentionBackendRegistry,
    attention_backend,
    dispatch_attention_fn,
)

from layersplit.errors import SetupError
from layersplit.local.devices import kind_of_machine, work_type
from layersplit.local.options import Options
from layersplit.log import LOG

EXACT_BACKENDS: Final = ("native", "_native_cudnn", "flash", "_flash_3")
"""Candidates: PyTorch's own choice, cuDNN, FlashAttention 2 and 3."""
WORTH: Final = 0.97
"""Another backend must take less than this share of the native time."""


def set_up(transformer: Any, options: Options, *, tokens: int, streamed: bool) -> None:
    """Prepare a freshly loaded transformer. ``tokens``: of a pass, for the measurement.

    Streamed blocks are not compiled: their weights come and go.

    Raises SetupError when the user's own choice cannot work here.
    """
    backend = options.attention or fastest_backend(transformer, tokens)
    transformer.layersplit_attention = backend
    # Diffusers remembers the last choice for the whole process, other networks' included.
    if backend != _AttentionBackendRegistry.get_active_backend()[0].value:
        try:
            transformer.set_attention_backend(backend)
        except (ValueError, RuntimeError, ImportError) as error:
            raise SetupError(
                f"The attention backend '{backend}' cannot be used here: {error}",
                meaning="It was chosen in the settings; nothing was computed.",
                remedy="Remove 'attention' from the object 'local' in settings.json.",
            ) from error
    if options.step_cache:
        transformer.enable_cache(FirstBlockCacheConfig(threshold=options.step_cache))
    if options.compile and not streamed:
        transformer.compile_repeated_blocks()
        transformer.layersplit_compiled = True


def wishes(options: Options) -> tuple[str | None, bool, float]:
    """The settings that set_up() acts on."""
    return (options.attention, options.compile, options.step_cache)


def forget_steps(transformer: Any) -> None:
    """Empty what a step cache keeps; a cancelled run would otherwise change the next one."""
    if getattr(transformer, "is_cache_enabled", False):
        transformer._reset_stateful_cache()  # noqa: SLF001 - the stock pipelines call it, too


def fastest_backend(transformer: Any, tokens: int) -> str:
    """Name of the backend that takes least time for one layer here; "native" off the card."""
    device = next(transformer.parameters()).device
    if not torch.cuda.is_available():
        return "native"
    config = transformer.config
    shape = (1, tokens, config.num_attention_heads, config.attention_head_dim)
    device = torch.device("cuda") if device.type == "cpu" else device  # streamed from RAM
    kind = work_type(kind_of_machine())
    query, key, value = (torch.randn(shape, device=device, dtype=kind) for _ in range(3))
    times: dict[str, float] = {}
    for name in EXACT_BACKENDS:
        try:
            times[name] = _attention_seconds(name, query, key, value)
        except (ValueError, RuntimeError, ImportError, TypeError, KeyError) as error:
            LOG.info("Attention backend %s is not to be had: %s", name, str(error)[:120])
    LOG.info("Attention backends, seconds a layer: %s", times)
    best = min(times, key=lambda name: times[name], default="native")
    if best != "native" and times[best] > WORTH * times.get("native", float("inf")):
        return "native"
    return best


def _attention_seconds(name: str, query: Any, key: Any, value: Any) -> float:
    times = []
    with attention_backend(AttentionBackendName(name)):
        for _ in range(4):
            torch.cuda.synchronize()
            start = time.perf_counter()
            dispatch_attention_fn(query, key, value)
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
    return min(times[1:])
