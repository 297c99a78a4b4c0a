"""The models that Layersplit fetches by name: where they come from, their size, their licence.

A fetched repository lies in the data folder under ``models/OWNER--NAME``; its ``complete.json``
names the parts of which every file was checked. A complete copy in the cache of the hub's own tools
(``$HF_HUB_CACHE``, ``$HF_HOME/hub``, ``~/.cache/huggingface/hub``) is used as it is.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from layersplit.bridge.paths import data_folder
from layersplit.errors import SetupError
from layersplit.local.machine import GB

RECORD: Final = "complete.json"
COMMAND: Final = "layersplit model fetch"
ALL_PARTS: Final = ("transformer", "text_encoder", "vae", "scheduler", "tokenizer", "processor")
SMALL_PARTS: Final = ("vae", "scheduler", "tokenizer", "processor")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One repository. ``in_folders``: its parts lie in folders of their names, else at its top."""

    repository: str
    parts: tuple[str, ...]
    in_folders: bool = True

    @property
    def folder(self) -> Path:
        """Where it lies when Layersplit fetched it."""
        return models_folder() / self.repository.replace("/", "--")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A whole model. ``size_bytes``: about what is fetched and kept."""

    name: str
    sources: tuple[Source, ...]
    size_bytes: int
    licence: str
    remark: str


CATALOGUE: Final = {
    entry.name: entry
    for entry in (
        Entry(
            name="full",
            sources=(Source(repository="Qwen/Qwen-Image-Layered", parts=ALL_PARTS),),
            size_bytes=int(57.7 * GB),
            licence="Apache-2.0",
            remark="every plan can be made from it",
        ),
        Entry(
            name="4bit",
            sources=(
                Source(repository="Qwen/Qwen-Image-Layered", parts=SMALL_PARTS),
                Source(
                    repository="OzzyGT/qwen-image-layered-bnb-4bit-transformer",
                    parts=("transformer",),
                    in_folders=False,
                ),
                Source(
                    repository="OzzyGT/qwen-image-layered-bnb-4bit-text-encoder",
                    parts=("text_encoder",),
                    in_folders=False,
                ),
            ),
            size_bytes=18 * GB,
            licence="Apache-2.0",
            remark="ready in 4 bits: a third of the download, for the plan nf4",
        ),
    )
}
"""Repositories and sizes as published in September 2026."""

_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def find(name: str) -> Entry | None:
    """The entry called ``name``, or one for any repository ``OWNER/NAME``; else None."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    for entry in CATALOGUE.values():
        if entry.sources[0].repository == name and entry.sources[0].parts == ALL_PARTS:
            return entry
    if _REPOSITORY.fullmatch(name) is None or ".." in name:
        return None
    return Entry(
        name=name,
        sources=(Source(repository=name, parts=ALL_PARTS),),
        size_bytes=0,
        licence="see its page",
        remark="not checked by us",
    )


def models_folder() -> Path:
    """Where fetched models lie."""
    return data_folder() / "models"


def complete_folder(source: Source) -> Path | None:
    """The folder with every part of ``source``, or None when it was not fetched, or not wholly."""
    own = source.folder
    if set(source.parts) <= set(read_record(own).get("parts", [])) and _has_parts(own, source):
        return own
    return next((folder for folder in _hub_snapshots(source) if _has_parts(folder, source)), None)


def read_record(folder: Path) -> dict[str, Any]:
    """What is known to be complete in ``folder``; empty where nothing is, or nobody can tell."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def not_here(entry: Entry) -> SetupError:
    """The model has to be fetched first; says how much that is and how it is done."""
    size = f" ({entry.size_bytes / GB:.1f} GB, {entry.licence})" if entry.size_bytes else ""
    return SetupError(
        f"The model '{entry.name}' is not on this computer{size}.",
        meaning="Nothing was loaded and nothing was fetched.",
        remedy=f"Fetch it once with: {COMMAND} {entry.name}; '4bit' needs the least. "
        "Or name a folder that has it with --model, or for every run with: layersplit model use",
    )


def _has_parts(folder: Path, source: Source) -> bool:
    if not source.in_folders:
        return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
    needed = {"transformer", "text_encoder", "vae"} & set(source.parts)
    return all((folder / part).is_dir() for part in source.parts) and all(
        any((folder / part).glob("*.safetensors")) for part in needed
    )


def _hub_snapshots(source: Source) -> list[Path]:
    """Snapshots of the repository in the cache of the hub's tools, the newest first."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    snapshots = cache / f"models--{source.repository.replace('/', '--')}" / "snapshots"
    if not snapshots.is_dir():
        return []
    folders = [folder for folder in snapshots.iterdir() if folder.is_dir()]
    return sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)
