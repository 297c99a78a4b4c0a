"""Jobs on disk: what is intended before it is sent, its remote id before the first question.

One folder a job below ``jobs/`` of the data folder, readable by the user alone:

    job.json       the entry below, replaced whole at every step
    request.json, source.*, mask.*    what finishing needs (continuation.py)
    layers.zip     what the service returned, once it is here
    lock           held by the process that works on the job; the system drops it with the process

Files and not a database: docs/adr/0005-jobs-as-files.md.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final

from layersplit.bridge.paths import jobs_folder
from layersplit.errors import InputError, SetupError
from layersplit.private_files import private_folder, unwritable, write_private
from layersplit.remote.service import RemoteJob

LOG: Final = logging.getLogger("layersplit.remote")
LAYERS_FILE: Final = "layers.zip"
_JOB: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class State(StrEnum):
    """Where a job is, as far as we know."""

    PREPARED = "prepared"
    """Intended; nothing that costs has been sent."""
    SENDING = "sending"
    """The submission is on its way; found after a crash, nobody knows whether it arrived."""
    UNKNOWN = "unknown"
    """Its answer was lost, and the user was told."""
    SUBMITTED = "submitted"
    """It exists there and its id is known."""
    RECEIVED = "received"
    """Its layers are here; nobody has them yet."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED: Final = (State.SENDING, State.UNKNOWN, State.SUBMITTED, State.RECEIVED)
"""States of jobs that may be paid for and that have not reached the user."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One job. Times are seconds since 1970.

    ``key``: what makes two requests the same, see cache.py. ``order``: the fields of
    service.Order. ``picture``: what the service calls the uploaded picture, while that matters.
    ``sent``: when the submission went out, by our clock; the service's was
    ``ahead_s`` ahead. ``steps``: every state it had, and when.
    """

    job: str
    provider: str
    title: str
    key: str
    order: Mapping[str, Any]
    state: State = State.PREPARED
    created: float = 0.0
    sent: float | None = None
    ahead_s: float = 0.0
    picture: str | None = None
    remote_id: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    price_usd: float | None = None
    cost_usd: float | None = None
    sentences: tuple[str, ...] = ()
    """What went wrong last, as the user was told."""
    steps: tuple[tuple[float, str], ...] = ()

    @property
    def remote(self) -> RemoteJob | None:
        """The job at the service, once its id is known."""
        if self.remote_id is None:
            return None
        return RemoteJob(remote_id=self.remote_id, links=self.links)


_FIELDS: Final = {item.name for item in fields(Entry)}


def new_job() -> str:
    """An id that sorts by time and reads well in a list."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"


class Journal:
    """All jobs of this user."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder: Final = folder or jobs_folder()

    def folder(self, job: str) -> Path:
        """The folder of ``job``; raises InputError for what can be no id."""
        if not _JOB.fullmatch(job):
            raise InputError(
                f"'{job[:40]}' is no id of a job.",
                meaning="Nothing was done.",
                remedy="List them with: layersplit jobs",
            )
        return self._folder / job

    def write(self, entry: Entry) -> Entry:
        """Put ``entry`` on disk, as a whole, before returning."""
        content = json.dumps(asdict(entry), indent=1).encode()
        write_private(private_folder(self.folder(entry.job)) / "job.json", content)
        return entry

    def move(self, entry: Entry, state: State, **changes: Any) -> Entry:
        """Write the entry in its new state, with the time."""
        return self.note(replace(entry, state=state, **changes), state.value)

    def note(self, entry: Entry, what: str) -> Entry:
        """Write the entry with one more step. Raises SetupError while nothing has been sent.

        Afterwards a full disk must not lose a job that is paid: it is logged, and the run goes on.
        """
        now = time.time()
        steps = (*entry.steps, (round(now, 3), what))
        entry = replace(entry, created=entry.created or now, steps=steps)
        try:
            return self.write(entry)
        except SetupError as error:
            if entry.state in {State.PREPARED, State.SENDING}:
                raise
            LOG.warning("job %s, %s, %s: %s", entry.job, what, entry.remote_id, error.fact)
            return entry

    def read(self, job: str) -> Entry | None:
        """The entry of ``job``; None when there is none, or none that can be read."""
        try:
            return _entry(json.loads((self.folder(job) / "job.json").read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def entries(self) -> list[Entry]:
        """All jobs, the newest first."""
        try:
            names = [path.name for path in self._folder.iterdir() if path.is_dir()]
        except OSError:
            return []
        found = [self.read(name) for name in names if _JOB.fullmatch(name)]
        return sorted((e for e in found if e), key=lambda entry: entry.created, reverse=True)

    def unfinished(self) -> list[Entry]:
        """Jobs that may be paid for, whose layers nobody has, and that no process works on."""
        return [e for e in self.entries() if e.state in UNFINISHED and not self.is_claimed(e.job)]

    def finish(self, job: str) -> None:
        """The layers of ``job`` have reached the user: it is not offered again."""
        entry = self.read(job)
        if entry is not None and entry.state is State.RECEIVED:
            self.move(entry, State.DONE, picture=None)

    def forget(self, job: str) -> None:
        """Remove everything of ``job`` from this machine."""
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def trim(self, limit_bytes: int) -> None:
        """Remove the oldest finished jobs until the rest takes at most ``limit_bytes``."""
        sizes = {e.job: _size(self.folder(e.job)) for e in self.entries()}
        total = sum(sizes.values())
        for entry in reversed(self.entries()):
            if total <= limit_bytes:
                return
            if entry.state not in UNFINISHED and not self.is_claimed(entry.job):
                total -= sizes.get(entry.job, 0)
                self.forget(entry.job)

    @contextmanager
    def claim(self, job: str) -> Iterator[None]:
        """Work on ``job`` alone; raises InputError when another process does."""
        path = private_folder(self.folder(job)) / "lock"
        try:
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as error:
            raise unwritable(path, error) from error
        with file:
            if not _lock(file):
                raise InputError(
                    f"Another Layersplit is working on the job {job}.",
                    meaning="Its layers will arrive there.",
                    remedy="Wait for it, or stop it first.",
                )
            yield

    def is_claimed(self, job: str) -> bool:
        """Whether a living process works on ``job``."""
        try:
            with (self.folder(job) / "lock").open("r+b") as file:
                return not _lock(file)
        except OSError:
            return False


def _lock(file: IO[bytes]) -> bool:
    """Take the lock of an open file, if it is free; closing the file gives it back."""
    with suppress(OSError):
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _entry(content: Any) -> Entry:
    known = {name: value for name, value in content.items() if name in _FIELDS}
    known["state"] = State(known["state"])
    known["steps"] = tuple((float(when), str(what)) for when, what in known.get("steps", ()))
    known["sentences"] = tuple(map(str, known.get("sentences", ())))
    return Entry(**known)


def _size(folder: Path) -> int:
    with suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    return 0
