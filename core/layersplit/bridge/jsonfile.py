"""Small JSON files of the data folder, as a host reads and writes them: never an exception.

A file that only the user can read, replaced whole; what cannot be read counts as empty, and what
cannot be written is noted in the log. (The core has stricter ways for what money depends on.)
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path
from typing import Any, Dict

from layersplit.bridge.hostlog import note


def read_json(path: Path) -> Dict[str, Any]:
    """The object in ``path``, or an empty one."""
    try:
        with path.open(encoding="utf-8") as stream:
            body = json.load(stream)
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def write_json(path: Path, content: Dict[str, Any]) -> None:
    """Replace ``path``; readers see the old content or the new one, never a part."""
    beside = path.with_name(".%s.%s" % (path.name, uuid.uuid4().hex[:8]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(str(beside), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
        beside.replace(path)
    except OSError as error:
        note("%s cannot be written: %s" % (path, error))
        with contextlib.suppress(OSError):
            beside.unlink()
