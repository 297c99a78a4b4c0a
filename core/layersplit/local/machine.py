"""What a machine can hold and how fast it is, as numbers. ``devices`` fills them in.

All sizes are bytes, all rates decimal (1 GB = 10^9 bytes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["cuda", "rocm", "mps", "cpu"]

GB: Final = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Measured speeds.

    ``matrix_tflops``: a large dense matrix product in the work type, in 10^12 operations a second.
    ``memory_gb_s``: reading plus writing in the accelerator's memory. ``bus_gb_s``: from RAM to the
    accelerator. ``disk_gb_s``: reading weights; not measured, a modest solid-state disk.
    """

    matrix_tflops: float
    memory_gb_s: float
    bus_gb_s: float
    disk_gb_s: float = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One accelerator and the computer around it.

    ``free_bytes``: what Layersplit may take of the accelerator's memory now, its own share
    included. For ``cpu`` and ``mps`` the accelerator's memory is the RAM. ``has_wide_numbers``: it
    works with 32 bits where others work with 16.
    """

    kind: Kind
    name: str
    total_bytes: int
    free_bytes: int
    ram_total_bytes: int
    ram_free_bytes: int
    rates: Rates
    has_wide_numbers: bool = False

    @property
    def shares_ram(self) -> bool:
        """Whether weights on the accelerator take the RAM's place."""
        return self.kind in ("cpu", "mps")

    @property
    def work_bytes(self) -> int:
        """Size of one number in the work type: bfloat16, or float32."""
        return 4 if self.kind == "cpu" or self.has_wide_numbers else 2


def gigabytes(size_bytes: float) -> str:
    """A size for a sentence: ``23.4 GB``, below 1 GB ``250 MB``."""
    if size_bytes < GB:
        return f"{max(1, round(size_bytes / 10**6))} MB"
    return f"{size_bytes / GB:.1f} GB"


def duration(seconds: float) -> str:
    """A time for a sentence: ``about 40 seconds``, ``about 3 minutes``, ``about 2.5 hours``."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 100:
        return f"about {round(seconds)} seconds"
    if seconds < 100 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"
