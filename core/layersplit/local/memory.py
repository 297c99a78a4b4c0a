"""Memory of the accelerator: how much a run took, giving it back, and telling when it ran out."""

from __future__ import annotations

import gc

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, on a card, on Apple's GPU or in RAM."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in text
        or "can't allocate memory" in text
        or "CUBLAS_STATUS_ALLOC_FAILED" in text  # the matrix library's own workspace
    )


def give_back() -> None:
    """Return what is free in the allocator's pools to the system, for other programs."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
        torch.accelerator.empty_host_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def start_measuring() -> None:
    """Forget the highest mark."""
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()


def peak_bytes() -> int | None:
    """The most that tensors took since start_measuring(); None where nobody counts."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_initialized() else None
