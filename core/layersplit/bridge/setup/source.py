"""What is installed: a checkout of this repository, the core's part of one, or a wheel."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

KRITA_FILES = ("layersplit_krita.desktop", "layersplit_krita.action")
KRITA_PACKAGE = "layersplit_krita"
GIMP_FOLDER = "layersplit-gimp"
GIMP_PACKAGE = "layersplit_gimp"
CORE_FILES = ("pyproject.toml", "README.md", "LICENSE")
"""What the core's package is built from, besides itself."""
VENDORED = "_vendor"
"""The folder in an adapter that holds its bridge."""
PARCEL = "layersplit-source"
"""Beside a vendored bridge: the core's sources, when the plug-in was a zip. No importable name."""
SKIPPED = ("__pycache__", VENDORED)


@dataclass(frozen=True)
class Source:
    """``path``: the folder with pyproject.toml, or a wheel (then there are no adapters in it)."""

    path: Path

    @property
    def is_checkout(self) -> bool:
        """Whether there are sources, and adapters beside them."""
        return self.path.is_dir()

    @property
    def version(self) -> str:
        """The version that will be installed."""
        if not self.is_checkout:
            return self.path.name.split("-")[1]
        text = (self.package / "__init__.py").read_text(encoding="utf-8")
        found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
        return found.group(1) if found else "0"

    @property
    def package(self) -> Path:
        """The core's package in a checkout."""
        return self.path / "core" / "layersplit"

    @property
    def krita(self) -> Optional[Path]:
        """The folder with Krita's adapter, or None when it is not there."""
        folder = self.path / "krita_plugin"
        return folder if (folder / KRITA_PACKAGE / "__init__.py").is_file() else None

    @property
    def gimp(self) -> Optional[Path]:
        """GIMP's plug-in folder, or None when it is not there."""
        folder = self.path / "gimp_plugin" / GIMP_FOLDER
        return folder if (folder / (GIMP_FOLDER + ".py")).is_file() else None

    def digest(self) -> str:
        """Changes when what would be installed into the environment changes."""
        total = hashlib.sha256()
        for path in self._parts():
            inside = path.relative_to(self.path if self.is_checkout else self.path.parent)
            total.update(str(inside).encode("utf-8", "surrogateescape"))
            total.update(b"\0")
            total.update(path.read_bytes())
        return total.hexdigest()

    def _parts(self) -> Iterator[Path]:
        if not self.is_checkout:
            yield self.path
            return
        yield self.path / "pyproject.toml"
        for path in sorted(self.package.rglob("*")):
            if path.is_file() and not set(SKIPPED) & set(path.relative_to(self.path).parts):
                yield path
