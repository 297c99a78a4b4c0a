"""Putting a worker that goes wrong in the place of the real one, and back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from session import INSIDE, Session

TRICKS: Final = {
    "short": "layer-1.raw has ",
    "missing": "layer-1.raw cannot be read",
    "dies": "The worker ended in the middle of the job (signal SIGSEGV)",
    "refuses": "The picture is too beautiful.",
    "old": "The plug-in and the worker are of different versions",
}
"""What is done wrong, and what the user reads then."""


def data_folder(session: Session) -> Path:
    """Layersplit's data folder, seen from outside."""
    return session.work / ".local/share/layersplit"


@contextlib.contextmanager
def broken(session: Session) -> Iterator[None]:
    """Until the end, workers that start are those of inside/broken_worker.py."""
    record = data_folder(session) / "install.json"
    kept = record.read_text(encoding="utf-8")
    copy = session.work / "broken_worker.py"
    session.run("cp", f"{INSIDE}/broken_worker.py", "/work/")
    session.run("chmod", "+x", "/work/broken_worker.py")
    body = {**json.loads(kept), "python": f"/work/{copy.name}"}
    record.write_text(json.dumps(body), encoding="utf-8")
    try:
        yield
    finally:
        record.write_text(kept, encoding="utf-8")


def play(session: Session, trick: str) -> None:
    """The next worker does ``trick``."""
    (session.work / "trick").write_text(trick, encoding="utf-8")


def leftovers(session: Session) -> list[str]:
    """Folders of jobs that nobody has taken away."""
    return [path.name for path in (data_folder(session) / "work").glob("job-*")]
