"""The machine as it is now: which accelerator, how much of it is free, how fast it is.

The speeds are measured once in a process, in a fraction of a second, because names of cards say
little (a laptop's card of the same name runs at half the rate).
"""

from __future__ import annotations

import functools
import platform
import re
import time
from collections.abc import Callable
from typing import Final

import psutil
import torch

from layersplit.errors import SetupError
from layersplit.local.machine import GB, Kind, Machine, Rates, gigabytes
from layersplit.local.memory import is_out_of_memory

_MATRIX_SIDE: Final = {"cuda": 8192, "rocm": 8192, "mps": 4096, "cpu": 1024}
_MOVED_BYTES: Final = 256 * 2**20
BFLOAT16_SINCE: Final = (8, 0)


def kind_of_machine() -> Kind:
    """What torch can compute on here."""
    if torch.cuda.is_available():
        return "rocm" if torch.version.hip else "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_of(kind: Kind) -> torch.device:
    """Torch's name for it (ROCm calls itself cuda)."""
    return torch.device("cuda" if kind == "rocm" else kind)


def work_type(kind: Kind) -> torch.dtype:
    """Bfloat16, as the model was made; float32 where that is slow or unknown.

    A processor is faster with float32. NVIDIA's cards know bfloat16 from compute capability 8.0 on
    (RTX 30); before, products would be emulated and fused attention refused. Float16 is no way out:
    its range is too small for this text encoder.
    """
    if kind == "cpu" or (kind == "cuda" and torch.cuda.get_device_capability() < BFLOAT16_SINCE):
        return torch.float32
    return torch.bfloat16


def examine(memory_limit_gb: float | None = None, own_bytes: int = 0) -> Machine:
    """Look at the machine.

    ``memory_limit_gb``: the user's limit. ``own_bytes``: what our loaded model takes of RAM where
    the accelerator shares it; it counts as free, because we can give it back.

    Raises SetupError for a card that this PyTorch cannot compute on.
    """
    kind = kind_of_machine()
    ram = psutil.virtual_memory()
    ram_free = min(ram.total, ram.available + own_bytes)
    if kind in ("cuda", "rocm"):
        free, total = torch.cuda.mem_get_info()
        free += torch.cuda.memory_reserved()
        name = torch.cuda.get_device_name()
        if kind == "cuda":
            _check_generation(name)
    elif kind == "mps":
        total = int(torch.mps.recommended_max_memory())
        free, name = min(total, ram_free), platform.processor() or "Apple GPU"
    else:
        total, free, name = ram.total, ram_free, platform.processor() or "processor"
    if memory_limit_gb is not None:
        free = min(free, int(memory_limit_gb * GB))
    try:
        rates = measured_rates(kind)
    except RuntimeError as error:
        raise _cannot_compute(name, free, error) from error
    return Machine(
        kind=kind,
        name=name,
        total_bytes=total,
        free_bytes=free,
        ram_total_bytes=ram.total,
        ram_free_bytes=ram_free,
        rates=rates,
        has_wide_numbers=work_type(kind) == torch.float32,
    )


def _check_generation(name: str) -> None:
    """Refuse a card for which this build of PyTorch has no code.

    ``sm_75`` runs on 7.5 and later 7.x; ``compute_75`` is compiled at need for anything later.
    """
    own = torch.cuda.get_device_capability()
    known = [
        (form, (int(digits[:-1]), int(digits[-1])))
        for form, digits in re.findall(r"(sm|compute)_(\d+)", " ".join(torch.cuda.get_arch_list()))
    ]
    if not known or any(
        made <= own and (form == "compute" or made[0] == own[0]) for form, made in known
    ):
        return
    oldest = min(made for _form, made in known)
    raise SetupError(
        f"The {name} has compute capability {own[0]}.{own[1]}, and this PyTorch knows "
        f"{oldest[0]}.{oldest[1]} and later ones.",
        meaning="It cannot compute on this card, so nothing was loaded.",
        remedy="Choose another provider. Or set LAYERSPLIT_TORCH_INDEX to a place with PyTorch for "
        "such cards, and run install.py --local again.",
    )


def _cannot_compute(name: str, free_bytes: int, error: RuntimeError) -> SetupError:
    """The first product on the card already failed."""
    if is_out_of_memory(error):
        return SetupError(
            f"Only {gigabytes(free_bytes)} of the memory of the {name} are free.",
            meaning="That is too little to begin with, so nothing was loaded.",
            remedy="Close other programs that use the card, or choose another provider.",
        )
    return SetupError(
        f"PyTorch cannot compute on the {name}: {str(error).splitlines()[0][:200]}",
        meaning="Nothing was loaded. Its driver may be too old for this PyTorch.",
        remedy="Update the driver, or run install.py --local again; or choose another provider.",
    )


def guard(machine: Machine) -> None:
    """Forbid the allocator more than what was free: better a failure than hours of paging."""
    if machine.kind in ("cuda", "rocm"):
        share = min(1.0, machine.free_bytes / machine.total_bytes)
        torch.cuda.set_per_process_memory_fraction(share)


@functools.cache
def measured_rates(kind: Kind) -> Rates:
    """Speeds of this machine, measured at the first call."""
    device, side = device_of(kind), _MATRIX_SIDE[kind]
    left = torch.randn(side, side, device=device, dtype=work_type(kind))
    right = torch.randn(side, side, device=device, dtype=work_type(kind))
    product = _seconds(lambda: left @ right, device)
    copied = torch.empty_like(left)
    copying = _seconds(lambda: copied.copy_(left), device)
    size = left.numel() * left.element_size()
    bus = 2 * size / copying / GB
    if kind in ("cuda", "rocm"):
        waiting = torch.empty(_MOVED_BYTES, dtype=torch.uint8, pin_memory=True)
        bus = _MOVED_BYTES / _seconds(lambda: waiting.to(device, non_blocking=True), device) / GB
    return Rates(
        matrix_tflops=2 * side**3 / product / 1e12,
        memory_gb_s=2 * size / copying / GB,
        bus_gb_s=bus,
    )


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """The shortest of a few runs after one to warm up."""
    times = []
    for _ in range(4):
        _finish(device)
        start = time.perf_counter()
        work()
        _finish(device)
        times.append(time.perf_counter() - start)
    return max(1e-9, min(times[1:]))


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()
