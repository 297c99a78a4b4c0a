"""The optional part: which packages ``local`` needs, which are missing, which torch fits the card.

Standard library only: install.py asks here before anything is installed, and "is it ready?" must
cost nothing.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

Card: TypeAlias = Literal["cuda", "rocm", "mps", "cpu"]

TORCH: Final = ("torch==2.13.0",)
REQUIREMENTS: Final = (
    "accelerate==1.15.0",
    "diffusers==0.42.1",
    "gguf==0.19.0",
    "huggingface-hub==2.4.0",
    "psutil>=6",
    "safetensors==0.8.0",
    "tokenizers==0.23.3",
    "transformers==5.23.0",
)
"""What was tried together; the extra ``local`` in pyproject.toml is the same list."""

MODULES: Final = (
    "torch", "diffusers", "transformers", "accelerate", "safetensors", "psutil",
)  # fmt: skip
_INDEX: Final = "https://download.pytorch.org/whl/"
_FLAVOURS: Final = {"cuda": "cu130", "rocm": "rocm7.1", "cpu": "cpu"}
_MAKERS: Final = {"cuda": "NVIDIA", "rocm": "AMD", "mps": "Apple", "cpu": "no graphics card"}
_DOWNLOAD_GB: Final = {"cuda": 3.5, "rocm": 4.5, "mps": 0.6, "cpu": 0.7}


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What is to be installed. ``index``: where torch comes from; None is pip's own."""

    card: Card
    index: str | None
    torch: tuple[str, ...] = TORCH
    requirements: tuple[str, ...] = REQUIREMENTS

    @property
    def sentence(self) -> str:
        """What will be fetched, said before it is."""
        return (
            f"PyTorch for {_MAKERS[self.card]} and diffusers: about "
            f"{_DOWNLOAD_GB[self.card]} GB to fetch, more than twice that on the disk. "
            "The model's weights come later, when you ask for them."
        )

    @property
    def disk_bytes(self) -> int:
        """Free space that the installation needs: what is fetched, and what becomes of it."""
        return int(3.3e9 * _DOWNLOAD_GB[self.card])


def missing() -> list[str]:
    """Modules that are not there; nothing is imported."""
    return [name for name in MODULES if importlib.util.find_spec(name) is None]


def unsuited() -> str | None:
    """What is wrong with the packages that are there, in one sentence; nothing is imported."""
    card = card_here()
    if is_wrong_build(card):
        return (
            f"PyTorch here is a build without the {_MAKERS[card]} card that this computer has. "
            "Run: python3 install.py --local"
        )
    for requirement in (*TORCH, *REQUIREMENTS):
        name, exact, wanted = requirement.partition("==")
        try:
            found = importlib.metadata.version(name.partition(">")[0])
        except importlib.metadata.PackageNotFoundError:
            return f"{name} is missing. Run: python3 install.py --local"
        if exact and found.partition("+")[0] != wanted:
            return (
                f"{name} {found} is here, and {wanted} is what was tried. "
                "If something fails, run: python3 install.py --local"
            )
    return None


def is_wrong_build(card: Card) -> bool:
    """Whether a PyTorch is here that cannot use ``card``; its version file says what it can."""
    found = importlib.util.find_spec("torch")
    if card not in ("cuda", "rocm") or found is None or found.origin is None:
        return False
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    library = "cuda" if card == "cuda" else "hip"
    return re.search(rf"^{library}\b[^=\n]*= *None", text, re.MULTILINE) is not None


def card_here() -> Card:
    """Which kind of card this computer seems to have, from traces of its driver."""
    if sys.platform == "darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    system = Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32"
    nvidia = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), system / "nvcuda.dll")
    if any(path.exists() for path in nvidia) or shutil.which("nvidia-smi"):
        return "cuda"
    return "rocm" if Path("/dev/kfd").exists() else "cpu"


def installation(card: Card | None = None) -> Installation:
    """What fits ``card``, by default the one that is here.

    ``$LAYERSPLIT_TORCH_INDEX`` replaces the place where torch comes from (a mirror, or the build
    for another driver). On Linux pip's own index has the build for NVIDIA, on macOS Apple's.
    """
    found = card or card_here()
    own = os.environ.get("LAYERSPLIT_TORCH_INDEX")
    default = found == "mps" or (found == "cuda" and sys.platform == "linux")
    return Installation(card=found, index=own or (None if default else _INDEX + _FLAVOURS[found]))
