"""Past runs of this user on this machine, shared by both hosts: to insert again, or to continue.

    history/ID/entry.json      what was split, when, how, and what came of it
    history/ID/thumbnail.png   written by the host
    history/ID/layer-0.z ...   the layers' raw pixels, deflated; bottom first

``ID`` is the job's. An entry begins with the run, so a job whose host died is found here and, when
a service has it, continued. Old entries go when there are more than MOST_ENTRIES, or more bytes
than LIMIT_BYTES; a result that was never inserted goes last.
"""

from __future__ import annotations

import contextlib
import shutil
import time
import zlib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from layersplit.bridge.jsonfile import read_json, write_json
from layersplit.bridge.messages import LayerFile
from layersplit.bridge.money import FREE_PROVIDERS
from layersplit.bridge.paths import data_folder

LIMIT_BYTES = 1 << 30
MOST_ENTRIES = 60
CHUNK_BYTES = 1 << 20
LONGEST_RUN_S = 24 * 3600.0
LEVEL = 1
"""Layers are large and mostly plain: the fastest deflation already makes them small."""

RUNNING, DONE, FAILED = "running", "done", "failed"


@dataclass(frozen=True)
class Entry:
    """One run. ``space``: the host's name of the pixels' colour space, so it can insert again."""

    job: str
    title: str
    host: str
    provider: str
    width: int
    height: int
    order: str
    depth: str
    space: List[str] = field(default_factory=list)
    offset: List[int] = field(default_factory=lambda: [0, 0])
    started: float = 0.0
    state: str = RUNNING
    seconds: Optional[float] = None
    cost_usd: Optional[float] = None
    inserted: bool = False
    layers: List[Dict[str, Any]] = field(default_factory=list)

    @property
    def can_continue(self) -> bool:
        """Whether a service may still have the answer, so that asking again costs nothing."""
        return self.state != DONE and self.provider not in FREE_PROVIDERS

    @property
    def may_be_running(self) -> bool:
        """Whether a host is perhaps at work on it; one that was killed never said so."""
        return self.state == RUNNING and time.time() - self.started < LONGEST_RUN_S

    def layer_files(self) -> List[LayerFile]:
        """The layers as the worker reported them."""
        return [LayerFile(**layer) for layer in self.layers]


def folder_of(job: str) -> Path:
    """Where the entry of ``job`` lies; it may not exist."""
    return _history() / Path(job).name


def thumbnail_of(job: str) -> Path:
    """The small picture of ``job``; it may not exist."""
    return folder_of(job) / "thumbnail.png"


def entries() -> List[Entry]:
    """All runs, the newest first."""
    found = [_read(path) for path in _history().glob("*/entry.json")]
    return sorted(filter(None, found), key=lambda entry: entry.started, reverse=True)


def entry_of(job: str) -> Optional[Entry]:
    """What is written of ``job``; None when nothing is."""
    return _read(folder_of(job) / "entry.json")


def begin(entry: Entry) -> None:
    """Write down that a run starts now."""
    save(replace(entry, started=time.time()))


def save(entry: Entry) -> None:
    """Replace what is written of a run."""
    write_json(folder_of(entry.job) / "entry.json", asdict(entry))


def change(job: str, **changes: Any) -> None:
    """Change single fields of a run that is written down."""
    entry = entry_of(job)
    if entry is not None:
        save(replace(entry, **changes))


def keep_thumbnail(job: str, picture: Path) -> None:
    """Keep the small picture of a run; without it the history shows none."""
    with contextlib.suppress(OSError):
        shutil.copyfile(str(picture), str(thumbnail_of(job)))


def keep_layers(job: str, layers: List[LayerFile], folder: Path) -> Iterator[None]:
    """Keep the result in ``folder``; a generator of short steps, for a thread or an event loop.

    Raises OSError when the disk is full; the entry then says that the run did not finish.
    """
    target = folder_of(job)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for layer in layers:
        name = Path(layer.file).name
        deflate = zlib.compressobj(LEVEL)
        source, kept = folder / name, target / (Path(name).stem + ".z")
        with source.open("rb") as pixels, kept.open("wb") as output:
            while True:
                chunk = pixels.read(CHUNK_BYTES)
                output.write(deflate.compress(chunk) if chunk else deflate.flush())
                if not chunk:
                    break
                yield
    change(job, state=DONE, layers=[asdict(layer) for layer in layers])
    prune(keep=job)


def unpack_layers(entry: Entry, folder: Path) -> Iterator[None]:
    """Write the raw files of ``entry`` into ``folder``, in short steps; raises OSError."""
    for layer in entry.layer_files():
        name = Path(layer.file).name
        inflate = zlib.decompressobj()
        kept = folder_of(entry.job) / (Path(name).stem + ".z")
        with kept.open("rb") as packed, (folder / name).open("wb") as output:
            while True:
                chunk = packed.read(CHUNK_BYTES // 8)
                if not chunk:
                    output.write(inflate.flush())
                    break
                output.write(inflate.decompress(chunk))
                yield


def delete(job: str) -> None:
    """Forget a run and its layers."""
    shutil.rmtree(str(folder_of(job)), ignore_errors=True)


def prune(keep: str = "") -> None:
    """Make room: the oldest inserted results go first, those never inserted last."""
    ranked = sorted(
        (entry for entry in entries() if entry.job != keep and not entry.may_be_running),
        key=lambda entry: (not entry.inserted and entry.state == DONE, entry.started),
    )
    sizes = {entry.job: _size(entry.job) for entry in ranked}
    used = sum(sizes.values()) + _size(keep)
    while ranked and (used > LIMIT_BYTES or len(ranked) >= MOST_ENTRIES):
        oldest = ranked.pop(0)
        used -= sizes[oldest.job]
        delete(oldest.job)


def speed_file() -> Path:
    """How long single runs took before there was any history."""
    return data_folder() / "speed.json"


def keep_speed(provider: str, pixels: int, seconds: float) -> None:
    """Remember one run that is no entry of the history: the sample of the set-up."""
    write_json(speed_file(), {provider: {"pixels": pixels, "seconds": seconds}})


def _estimate_from_sample(provider: str, pixels: int) -> Optional[float]:
    known: Any = read_json(speed_file()).get(provider)
    try:
        return float(known["seconds"]) * pixels / max(1, int(known["pixels"]))
    except (TypeError, KeyError, ValueError):
        return None


def estimate_s(provider: str, width: int, height: int) -> Optional[float]:
    """How long a run will take, from the last ones on this machine; None without any.

    Work on this computer grows with the picture, so it is scaled by the pixels; a service answers
    in a time of its own.
    """
    past = [entry for entry in entries() if entry.provider == provider and entry.seconds]
    if not past:
        return _estimate_from_sample(provider, width * height)
    rates = []
    for entry in past[:5]:
        share = width * height / max(1, entry.width * entry.height)
        scale = share if provider in FREE_PROVIDERS else 1.0
        rates.append(float(entry.seconds or 0.0) * scale)
    return sorted(rates)[len(rates) // 2]


def _history() -> Path:
    return data_folder() / "history"


def _read(path: Path) -> Optional[Entry]:
    body = read_json(path)
    known = {item.name: body[item.name] for item in fields(Entry) if item.name in body}
    try:
        return Entry(**known)
    except TypeError:
        return None


def _size(job: str) -> int:
    total = 0
    with contextlib.suppress(OSError):
        total = sum(path.stat().st_size for path in folder_of(job).glob("*") if path.is_file())
    return total
