"""What a service returned, on disk: its files as they came, so nothing is lost.

A zip archive without compression (the files inside are compressed pictures): ``0``, ``1``, ...
in the service's order, and ``answer.json`` with the notes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layersplit.domain import U8
from layersplit.private_files import write_private
from layersplit.remote.images import decode_layer
from layersplit.remote.trouble import Trouble


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredAnswer:
    """``layers``: (h, w, 4) u8 each, in the service's order. ``cost_usd``: what they cost then."""

    layers: tuple[U8, ...]
    cost_usd: float | None
    job: str | None


def write_answer(path: Path, files: Sequence[bytes], *, cost_usd: float | None, job: str) -> None:
    """Keep the files of one answer at ``path``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("answer.json", json.dumps({"cost_usd": cost_usd, "job": job}))
        for number, content in enumerate(files):
            archive.writestr(str(number), content)
    write_private(path, buffer.getvalue())


def read_answer(path: Path) -> StoredAnswer | None:
    """The answer at ``path``; None when there is none, or a damaged one."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("answer.json"))
            count = len(archive.namelist()) - 1
            layers = tuple(decode_layer(archive.read(str(number))) for number in range(count))
        return StoredAnswer(layers=layers, cost_usd=about["cost_usd"], job=about["job"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, Trouble):
        return None
