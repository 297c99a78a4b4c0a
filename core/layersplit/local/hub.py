"""Fetching a model: listed first, disk checked first, resumed, checksummed, stopped when asked.

The hub's interface, as its documentation describes it::

    GET {base}/api/models/{repository}/revision/main?blobs=true   commit, files, sizes, checksums
    GET {base}/{repository}/resolve/{commit}/{file}               the file; honours Range

Large files have a SHA-256; small ones the SHA-1 of their git blob. A file is ``NAME.part`` until
its checksum was right. The commit is pinned by the listing, so a resumed part never mixes versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import httpx

from layersplit import __version__
from layersplit.errors import ProviderError, SetupError, UnreachableError
from layersplit.local.catalogue import COMMAND, RECORD, Entry, Source, read_record
from layersplit.local.machine import GB, duration, gigabytes
from layersplit.run import Run

BASE: Final = "https://huggingface.co"
READ_BYTES: Final = 8 << 20
SPARE_BYTES: Final = 1 * GB
"""Left free on the disk beside the model."""
TRIES: Final = 6
"""In a row without a single new byte."""
_ENDINGS: Final = (".json", ".safetensors", ".txt", ".jinja")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """One file of a repository. ``checksum``: SHA-256, or the SHA-1 of the git blob."""

    name: str
    size_bytes: int
    checksum: str
    is_large: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What a repository holds for us at one commit."""

    source: Source
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]


class Progress:
    """Bytes to a fraction and a sentence with the time that is left."""

    def __init__(self, run: Run, total_bytes: int) -> None:
        self._run, self._total = run, max(1, total_bytes)
        self._done = self._came = 0
        self._start = time.monotonic()
        self._told = 0.0

    def found(self, count: int) -> None:
        """``count`` bytes were there already."""
        self._done += count
        self._run.check()

    def came(self, count: int) -> None:
        """``count`` bytes arrived; told at most ten times a second. Raises Cancelled."""
        self._done += count
        self._came += count
        now = time.monotonic()
        if now - self._told < 0.1 and self._done < self._total:
            self._run.check()
            return
        self._told = now
        rate = self._came / max(now - self._start, 1e-3)
        left = duration((self._total - self._done) / rate)
        self._run.progress(
            "prepare",
            min(1.0, self._done / self._total),
            f"Fetched {gigabytes(self._done)} of {gigabytes(self._total)}, {left} left",
        )


class Hub:
    """A client for one fetch. ``pause``: waits between tries (tests do not)."""

    def __init__(
        self, client: httpx.Client | None = None, pause: Callable[[float], None] | None = None
    ) -> None:
        self.base = (os.environ.get("HF_ENDPOINT") or BASE).rstrip("/")
        token = os.environ.get("HF_TOKEN")
        headers = {"User-Agent": f"layersplit/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"  # dropped by httpx on another host
        self._client = client or httpx.Client(
            timeout=httpx.Timeout(20.0, read=30.0), follow_redirects=True
        )
        self._headers = headers
        self._pause = pause

    def listing(self, source: Source) -> Listing:
        """Ask what ``source`` consists of; raises UnreachableError, ProviderError, SetupError."""
        url = f"{self.base}/api/models/{source.repository}/revision/main"
        try:
            answer = self._client.get(url, params={"blobs": "true"}, headers=self._headers)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        self._check(answer, source.repository)
        try:
            content = answer.json()
            files = tuple(_remote_file(entry) for entry in content["siblings"])
            commit = str(content["sha"])
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderError(
                "The hub answered in a form that this version does not know.",
                meaning="Nothing was fetched.",
                remedy="Try again later, or update Layersplit.",
                retry_helps=True,
            ) from error
        card = content.get("cardData")
        licence = card.get("license") if isinstance(card, dict) else None
        wanted = tuple(file for file in files if _is_wanted(file.name, source))
        return Listing(
            source=source, commit=commit, licence=str(licence or "not stated"), files=wanted
        )

    def download(self, listing: Listing, progress: Progress, run: Run) -> Path:
        """Bring every file of ``listing``; returns the folder."""
        folder = listing.source.folder
        for file in listing.files:
            target = folder / file.name
            if target.is_file() and target.stat().st_size == file.size_bytes:
                progress.found(file.size_bytes)
                continue
            self._fetch(listing, file, progress, run)
        _record(folder, listing)
        return folder

    def _fetch(
        self,
        listing: Listing,
        file: RemoteFile,
        progress: Progress,
        run: Run,
    ) -> None:
        target = listing.source.folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        digest = _digest(file)
        held = _hash_part(part, digest, run)
        if held > file.size_bytes:
            part.unlink()
            digest, held = _digest(file), 0
        progress.found(held)
        failures = 0
        while held < file.size_bytes:
            run.check()
            before = held
            try:
                with part.open("ab") as stream:
                    for chunk in self._chunks(listing, file, held):
                        stream.write(chunk)
                        digest.update(chunk)
                        held += len(chunk)
                        progress.came(len(chunk))
            except httpx.TransportError as error:
                failures = 0 if held > before else failures + 1
                if failures >= TRIES:
                    raise self._unreachable(error) from error
                (self._pause or run.wait)(min(30.0, 2.0**failures))
            except OSError as error:
                raise _disk_failure(part, error) from error
        if held != file.size_bytes or digest.hexdigest() != file.checksum:
            part.unlink(missing_ok=True)
            raise ProviderError(
                f"The file {file.name} arrived damaged; its checksum is wrong.",
                meaning="It was deleted; everything else that was fetched is kept.",
                remedy="Run the same command again.",
                retry_helps=True,
            )
        part.touch()  # an empty file has had no chunk
        part.replace(target)

    def _chunks(self, listing: Listing, file: RemoteFile, held: int) -> Iterator[bytes]:
        """The rest of ``file`` after ``held`` bytes, never more than is missing."""
        url = f"{self.base}/{listing.source.repository}/resolve/{listing.commit}/{file.name}"
        headers = {**self._headers, "Accept-Encoding": "identity"}
        if held:
            headers["Range"] = f"bytes={held}-"
        with self._client.stream("GET", url, headers=headers) as answer:
            self._check(answer, file.name)
            skip = held if held and answer.status_code != httpx.codes.PARTIAL_CONTENT else 0
            left = file.size_bytes - held
            for chunk in answer.iter_bytes():
                fresh = chunk[skip:]
                skip = max(0, skip - len(chunk))
                if fresh:
                    yield fresh[:left]
                    left -= len(fresh)
                if left <= 0:
                    return
        if left:
            raise httpx.RemoteProtocolError("the answer ended early")

    def _check(self, answer: httpx.Response, what: str) -> None:
        if answer.is_success:
            return
        if answer.status_code in (401, 403, 404):
            raise SetupError(
                f"The hub does not give out {what} (status {answer.status_code}).",
                meaning="It does not exist, or you have to agree to its terms there first.",
                remedy="Look at its page; where a token is needed, set HF_TOKEN.",
            )
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise httpx.ReadError(f"status {answer.status_code}")
        raise ProviderError(
            f"The hub answered with status {answer.status_code} for {what}.",
            meaning="The model was not fetched completely; what arrived is kept.",
            remedy="Run the same command again later.",
            retry_helps=True,
        )

    def _unreachable(self, error: Exception) -> UnreachableError:
        return UnreachableError(
            f"The hub at {self.base} could not be reached: {error}.",
            meaning="The model was not fetched completely; what arrived is kept.",
            remedy="Check the connection, then run the same command again: it resumes.",
            retry_helps=True,
        )


def fetch(entry: Entry, run: Run, hub: Hub | None = None) -> list[Path]:
    """Fetch every repository of ``entry``; returns their folders.

    Says how much will come, and checks the disk, before the first file. Raises the errors of Hub,
    SetupError for a full disk, and Cancelled; what arrived stays and is resumed.
    """
    client = hub or Hub()
    run.progress("prepare", None, f"Asking the hub for '{entry.name}'")
    with _as_unreachable(client):
        listings = [client.listing(source) for source in entry.sources]
    total = sum(file.size_bytes for listing in listings for file in listing.files)
    progress = Progress(run, total)
    _check_disk(listings)
    licences = ", ".join(dict.fromkeys(listing.licence for listing in listings))
    run.progress("prepare", 0.0, f"Fetching {gigabytes(total)}; licence: {licences}")
    with _as_unreachable(client):
        return [client.download(listing, progress, run) for listing in listings]


@contextmanager
def _as_unreachable(hub: Hub) -> Iterator[None]:
    """Turn a busy or failing hub into our own failure."""
    try:
        yield
    except httpx.TransportError as error:
        raise hub._unreachable(error) from error  # noqa: SLF001 - the same module


def _record(folder: Path, listing: Listing) -> None:
    """Write down which parts are complete; others of the same commit stay so."""
    before = read_record(folder)
    kept = before if before.get("commit") == listing.commit else {}
    files = {file.name: file.size_bytes for file in listing.files}
    record = {
        "repository": listing.source.repository,
        "commit": listing.commit,
        "licence": listing.licence,
        "parts": sorted({*kept.get("parts", []), *listing.source.parts}),
        "files": {**kept.get("files", {}), **files},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _remote_file(entry: dict[str, Any]) -> RemoteFile:
    large = entry.get("lfs")
    name = str(entry["rfilename"])
    if isinstance(large, dict):
        return RemoteFile(
            name=name,
            size_bytes=int(large["size"]),
            checksum=str(large["sha256"]).lower(),
            is_large=True,
        )
    return RemoteFile(
        name=name,
        size_bytes=int(entry["size"]),
        checksum=str(entry["blobId"]).lower(),
        is_large=False,
    )


def _is_wanted(name: str, source: Source) -> bool:
    """Only the parts' own files, only harmless endings, nothing outside the folder."""
    path = PurePosixPath(name)
    if path.suffix not in _ENDINGS or ".." in path.parts or path.is_absolute():
        return False
    if not source.in_folders:
        return len(path.parts) == 1
    if len(path.parts) == 1:
        return name == "model_index.json"
    return len(path.parts) == 2 and path.parts[0] in source.parts


def _digest(file: RemoteFile) -> Any:
    if file.is_large:
        return hashlib.sha256()
    digest = hashlib.sha1(usedforsecurity=False)  # git's name of a blob
    digest.update(b"blob %d\0" % file.size_bytes)
    return digest


def _hash_part(part: Path, digest: Any, run: Run) -> int:
    """Feed what an earlier try left into ``digest``; returns its size."""
    if not part.is_file():
        return 0
    size = 0
    with part.open("rb") as stream:
        while chunk := stream.read(READ_BYTES):
            digest.update(chunk)
            size += len(chunk)
            run.check()
    return size


def _check_disk(listings: Sequence[Listing]) -> None:
    """Refuse when the disk cannot hold what is still missing, with some to spare."""
    missing = 0
    for listing in listings:
        for file in listing.files:
            target = listing.source.folder / file.name
            part = target.with_name(target.name + ".part")
            held = next((p.stat().st_size for p in (target, part) if p.is_file()), 0)
            missing += max(0, file.size_bytes - held)
    folder = listings[0].source.folder
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if missing and free < missing + SPARE_BYTES:
        raise SetupError(
            f"{gigabytes(missing + SPARE_BYTES)} are needed on the disk of {existing}, and "
            f"{gigabytes(free)} are free.",
            meaning="Nothing was fetched.",
            remedy="Free some space, set LAYERSPLIT_HOME to another disk, or fetch the smaller "
            f"model: {COMMAND} 4bit",
        )


def _disk_failure(path: Path, error: OSError) -> SetupError:
    return SetupError(
        f"{path} cannot be written: {error.strerror or error}.",
        meaning="The model was not fetched completely; what arrived is kept.",
        remedy="Free some space or give yourself the right to write there, then run it again.",
    )
