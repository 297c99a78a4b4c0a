"""The worker channel: one JSON object a line, UTF-8, over standard input and output.

The worker writes first: ``hello``. Then the host asks and the worker answers; several jobs queue.
Pixels never travel in messages. A job has a folder that only the user can read:

    FOLDER/source.raw        in: rows top down, 4 channels interleaved, no padding
    FOLDER/source.icc        in, optional: the profile of these values
    FOLDER/selection.raw     in, optional: one byte a pixel, 0 outside .. 255 inside
    FOLDER/layer-0.raw ...   out: one file a layer, bottom first, in the source's order and depth

A message is an object with ``"type"`` and the fields of its class below. Unknown fields are ignored
(a newer peer may send more); a missing or mistyped field raises :class:`MalformedError`.
"""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import Any, Dict, List, Optional, Type, Union, get_args, get_origin, get_type_hints

PROTOCOL = 1
MAX_LINE_BYTES = 1 << 20
DEPTH_BYTES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
ORDERS = ("rgba", "bgra")


class MalformedError(ValueError):
    """A line that is no message of this protocol; the text says why."""


@dataclass(frozen=True)
class RawPicture:
    """How ``source.raw`` is to be read. ``selection``: [x, y, w, h] of selection.raw, or None.

    ``is_grey``: the document has one colour channel, which the file holds three times.
    """

    width: int
    height: int
    order: str = "rgba"
    depth: str = "u8"
    title: str = "Picture"
    has_profile: bool = False
    selection: Optional[List[int]] = None
    is_grey: bool = False

    @property
    def source_bytes(self) -> int:
        """Exact length that ``source.raw`` must have."""
        return self.width * self.height * 4 * DEPTH_BYTES[self.depth]


@dataclass(frozen=True)
class Options:
    """What the user chose; None means the provider's default. Names as on the command line."""

    provider: str = "classic"
    layers: Optional[int] = None
    prompt: str = ""
    negative_prompt: str = ""
    boxes: List[List[int]] = field(default_factory=list)
    points: List[List[int]] = field(default_factory=list)
    resolution: Optional[int] = None
    seed: Optional[int] = None
    steps: Optional[int] = None
    guidance: Optional[float] = None
    colours: str = "source"
    fresh: bool = False
    model: Optional[str] = None
    plan: Optional[str] = None
    language: str = "en"


# host -> worker


@dataclass(frozen=True)
class Split:
    """Split the picture in ``folder``. ``host`` (krita, gimp) decides the arithmetic."""

    job: str
    folder: str
    host: str
    picture: RawPicture
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Cancel:
    """Stop a job, running or queued; answered by ``failed`` with code ``cancelled``."""

    job: str


@dataclass(frozen=True)
class Resume:
    """Bring the layers of an unfinished or finished remote job, without paying again.

    ``order``, ``depth``: how the host wants them; None: its usual order, the picture's depth.
    """

    job: str
    folder: str
    host: str
    order: Optional[str] = None
    depth: Optional[str] = None


@dataclass(frozen=True)
class Providers:
    """Ask what each provider can do and whether it is ready; answered by ``provider-list``."""


@dataclass(frozen=True)
class Doctor:
    """Ask for every check; answered by ``doctor-report``."""


@dataclass(frozen=True)
class Bye:
    """Finish: running jobs are cancelled, the worker ends."""


# worker -> host


@dataclass(frozen=True)
class Hello:
    """The greeting: the first line of the worker."""

    protocol: int
    version: str
    providers: List[str]


@dataclass(frozen=True)
class Progress:
    """Where a job is. ``stage``: queued, prepare, provider, restore, export; ``fraction`` 0..1."""

    job: str
    stage: str
    fraction: Optional[float]
    sentence: str


@dataclass(frozen=True)
class LayerFile:
    """One raw file: ``name`` is the layer's, ``bounds`` [x, y, w, h] in document pixels."""

    file: str
    name: str
    bounds: List[int]


@dataclass(frozen=True)
class Result:
    """A finished job. ``layers`` bottom first; ``report`` is the object of ``--json``."""

    job: str
    layers: List[LayerFile]
    report: Dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """A job, or a line, that came to nothing. ``sentences``: fact, meaning, remedy."""

    job: Optional[str]
    code: str
    sentences: List[str]
    retry_helps: bool = False
    may_have_cost: bool = False


@dataclass(frozen=True)
class ProviderList:
    """The capability table as the dialogs need it (see capabilities.py)."""

    providers: List[Dict[str, Any]]


@dataclass(frozen=True)
class DoctorReport:
    """Every check: ``[name, None or the sentence]``."""

    checks: List[List[Optional[str]]]


Message = Union[
    Split, Cancel, Resume, Providers, Doctor, Bye,
    Hello, Progress, Result, Failed, ProviderList, DoctorReport,
]  # fmt: skip

TYPES: Dict[str, Type[Any]] = {
    "split": Split,
    "cancel": Cancel,
    "resume": Resume,
    "providers": Providers,
    "doctor": Doctor,
    "bye": Bye,
    "hello": Hello,
    "progress": Progress,
    "result": Result,
    "failed": Failed,
    "provider-list": ProviderList,
    "doctor-report": DoctorReport,
}
NAMES: Dict[Type[Any], str] = {kind: name for name, kind in TYPES.items()}


def encode_line(message: Message) -> bytes:
    """One line, ended by a newline, plain ASCII (so no host's encoding can spoil it)."""
    body = {"type": NAMES[type(message)]}
    body.update(asdict(message))
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode_line(line: Union[bytes, bytearray]) -> Message:
    """Read one line; raises :class:`MalformedError`, never anything else."""
    if len(line) > MAX_LINE_BYTES:
        raise MalformedError("The line is longer than %d bytes." % MAX_LINE_BYTES)
    try:
        body = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError("The line is no JSON.") from error
    if not isinstance(body, dict):
        raise MalformedError("The line is no JSON object.")
    kind = TYPES.get(body["type"]) if isinstance(body.get("type"), str) else None
    if kind is None:
        raise MalformedError("The line has no known type.")
    message: Message = _build(kind, body, kind.__name__.lower())
    return message


def _refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON, although Python reads them."""
    raise ValueError(name)


def _build(kind: Type[Any], body: Dict[str, Any], where: str) -> Any:
    """An instance of the dataclass ``kind`` from a JSON object."""
    hints = get_type_hints(kind)
    values = {}
    for item in fields(kind):
        if item.name in body:
            values[item.name] = _value(hints[item.name], body[item.name], where + "." + item.name)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise MalformedError("%s lacks the field '%s'." % (where, item.name))
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    """``value`` when it fits ``hint``; integers may stand for floats, nothing else is converted."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union:  # Optional
        return None if value is None else _value(arguments[0], value, where)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return _build(hint, value, where)
    if origin is list and isinstance(value, list):
        return [_value(arguments[0], entry, where) for entry in value]
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value, where)
    if _fits(origin or hint, value):
        return value
    raise MalformedError("%s has the wrong type: %s" % (where, type(value).__name__))


def _fits(kind: Any, value: Any) -> bool:
    """Whether ``value`` is of ``kind`` as JSON sees it, where a bool is no number."""
    if kind is Any:
        return True
    return kind in (bool, int, str, dict) and type(value) is kind


def _finite(value: float, where: str) -> float:
    """``value`` as a float; JSON can write numbers that no float holds, such as 1e999."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise MalformedError("%s is out of range." % where)
    return number
