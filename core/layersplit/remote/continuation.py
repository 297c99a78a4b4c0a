"""What is needed to finish a paid job without the host, or the process, that asked for it.

A service returns small layers; bringing them to the document's pixels needs the picture itself. So
the request is kept beside the journal's entry, and the picture with it:

- one that was read from a file: the file's place and a digest of its pixels;
- one that a host sent, or that came from an address: a private lossless copy (``source.z``),
  removed with the job; the journal's limit (settings: jobs_mib) bounds them all together.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from layersplit.domain import (
    U8,
    Arithmetic,
    Bounds,
    Hints,
    Picture,
    Pixels,
    Point,
    SplitRequest,
)
from layersplit.errors import InputError
from layersplit.private_files import write_private

STRIP_ROWS: Final = 256
ZLIB_LEVEL: Final = 1
"""A 12-megapixel photo in 0.4 s; level 6 saves a tenth and takes four times as long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Continuation:
    """Everything that ``split_picture`` needs once more. ``extra``: what the caller kept."""

    picture: Picture
    request: SplitRequest
    region: Bounds | None
    origin: Path | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def remember(
    folder: Path,
    *,
    picture: Picture,
    request: SplitRequest,
    region: Bounds | None,
    origin: Path | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write what :func:`recall` needs into the job's ``folder``, before anything is paid.

    ``origin``: the file that ``picture`` was read from; None keeps a copy of the pixels.
    ``extra``: JSON values for the caller, such as how its host wants the pixels back.
    """
    pixels = picture.pixels
    about: dict[str, Any] = {
        "request": _request_json(request),
        "region": None if region is None else region.as_list(),
        "title": picture.title,
        "notes": list(picture.notes),
        "shape": list(pixels.shape),
        "dtype": pixels.dtype.name,
        "extra": dict(extra or {}),
        "origin": None if origin is None else str(origin.absolute()),
        "digest": _digest(pixels) if origin is not None else None,
    }
    if origin is None:
        write_private(folder / "source.z", _packed(pixels))
        if picture.icc is not None:
            write_private(folder / "source.icc", picture.icc)
    if request.hints.mask is not None:
        write_private(folder / "mask.z", _packed(request.hints.mask))
        about["mask"] = list(request.hints.mask.shape)
    write_private(folder / "request.json", json.dumps(about).encode())


def recall(folder: Path, read: Callable[[Path], Picture]) -> Continuation:
    """Read it back. ``read`` opens a picture file. Raises InputError when something is gone."""
    try:
        about = json.loads((folder / "request.json").read_bytes())
        mask = about.get("mask")
        return Continuation(
            picture=_picture(folder, about, read),
            request=_request(
                about["request"],
                None if mask is None else _unpacked(folder / "mask.z", tuple(mask), "uint8"),
            ),
            region=None if about["region"] is None else _bounds(about["region"]),
            origin=None if about["origin"] is None else Path(about["origin"]),
            extra=about["extra"],
        )
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise InputError(
            "What is needed to finish this job is not complete on this machine.",
            meaning="Its layers may still be at the service, but there is no picture to fit them.",
            remedy="Split the picture again; where the same request is still in the cache, "
            "this is free.",
        ) from error


def _picture(folder: Path, about: Mapping[str, Any], read: Callable[[Path], Picture]) -> Picture:
    if about["origin"] is None:
        icc = folder / "source.icc"
        return Picture(
            pixels=_unpacked(folder / "source.z", tuple(about["shape"]), about["dtype"]),
            icc=icc.read_bytes() if icc.exists() else None,
            title=about["title"],
            notes=tuple(about["notes"]),
        )
    origin = Path(about["origin"])
    picture = read(origin) if origin.exists() else None
    if picture is None or _digest(picture.pixels) != about["digest"]:
        raise InputError(
            f"{origin} {'is gone' if picture is None else 'has changed'} since the job was sent.",
            meaning="The layers would not fit; nothing was changed, and the job is kept.",
            remedy="Put the picture back to this place, then resume the job again.",
        )
    return picture


def _packed(pixels: Pixels) -> bytes:
    """Rows in strips, each the difference to the pixel on the left, deflated: lossless and fast."""
    flat = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)
    whole = flat.view(np.uint8).reshape(flat.shape[0], -1)
    step = flat.shape[2] * pixels.dtype.itemsize

    def strip(top: int) -> bytes:
        rows = whole[top : top + STRIP_ROWS]
        difference = rows.copy()
        difference[:, step:] -= rows[:, :-step]
        return zlib.compress(difference.data, ZLIB_LEVEL)

    with ThreadPoolExecutor(4) as pool:  # zlib and numpy let other threads run
        parts = list(pool.map(strip, range(0, whole.shape[0], STRIP_ROWS)))
    lengths = np.array([len(part) for part in parts], "<u4").tobytes()
    return len(parts).to_bytes(4, "little") + lengths + b"".join(parts)


def _unpacked(path: Path, shape: tuple[int, ...], dtype: str) -> Any:
    content = path.read_bytes()
    count = int.from_bytes(content[:4], "little")
    lengths = np.frombuffer(content, "<u4", count, 4)
    starts = 4 + 4 * count + np.concatenate([[0], np.cumsum(lengths)])
    channels = shape[2] if len(shape) == 3 else 1
    step = channels * np.dtype(dtype).itemsize
    whole = np.empty((shape[0], shape[1] * step), np.uint8)
    for number in range(count):
        rows = whole[number * STRIP_ROWS : (number + 1) * STRIP_ROWS]
        data = zlib.decompress(content[int(starts[number]) : int(starts[number + 1])])
        pixels = np.frombuffer(data, np.uint8).reshape(rows.shape[0], shape[1], step)
        np.cumsum(pixels, axis=1, dtype=np.uint8, out=rows.reshape(pixels.shape))
    return whole.view(dtype).reshape(shape)


def _digest(pixels: Pixels) -> str:
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=20).hexdigest()


_PLAIN: Final = tuple(
    item.name for item in fields(SplitRequest) if item.name not in {"hints", "arithmetic"}
)


def _request_json(request: SplitRequest) -> dict[str, Any]:
    plain = {name: getattr(request, name) for name in _PLAIN}
    hints = request.hints
    return {
        **plain,
        "arithmetic": request.arithmetic.value,
        "boxes": [box.as_list() for box in hints.boxes],
        "points": [[point.x, point.y, point.foreground] for point in hints.points],
    }


def _request(content: Mapping[str, Any], mask: U8 | None) -> SplitRequest:
    hints = Hints(
        boxes=tuple(_bounds(box) for box in content["boxes"]),
        points=tuple(Point(x=x, y=y, foreground=front) for x, y, front in content["points"]),
        mask=mask,
    )
    plain = {name: content[name] for name in _PLAIN if name in content}
    return SplitRequest(**plain, hints=hints, arithmetic=Arithmetic(content["arithmetic"]))


def _bounds(values: list[int]) -> Bounds:
    x, y, width, height = values
    return Bounds(x=x, y=y, width=width, height=height)
