"""Raw pixels from a host's job folder into a Picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from layersplit.bridge.messages import DEPTH_BYTES, ORDERS, RawPicture
from layersplit.domain import CHANNELS, Picture, Pixels
from layersplit.errors import InputError
from layersplit.reading import refusals
from layersplit.reading.arrays import finite
from layersplit.reading.profile import MAX_PROFILE_BYTES, document_profile

SOURCE: Final = "source.raw"
PROFILE: Final = "source.icc"
_DTYPES: Final[dict[str, Any]] = {
    "u8": np.uint8,
    "u16": np.uint16,
    "f16": np.float16,
    "f32": np.float32,
}


def read_raw(folder: Path, raw: RawPicture) -> Picture:
    """The picture that a host wrote into ``folder`` (see bridge/messages.py).

    u8, u16 and f32 in R, G, B, A order stay in the file, mapped read-only; f16 becomes f32, and
    other orders are copied. Raises InputError when the file is not exactly as long as announced.
    """
    if raw.order not in ORDERS or raw.depth not in DEPTH_BYTES:
        raise InputError(
            f"The host sent pixels as '{raw.order}', '{raw.depth}'.",
            meaning="Layersplit does not know this form; nothing was changed.",
            remedy="Install Layersplit again, so that both parts have the same version.",
        )
    path = folder / SOURCE
    refusals.checked_extent(path, raw.width, raw.height)
    _check_length(path, raw)
    stored = np.memmap(path, _DTYPES[raw.depth], "r", shape=(raw.height, raw.width, CHANNELS))
    pixels, notes = finite(_as_rgba(stored, raw))
    icc, profile_notes = document_profile(_profile(folder) if raw.has_profile else None, grey=False)
    return Picture(
        pixels=pixels, icc=icc, title=raw.title or "Picture", notes=(*notes, *profile_notes)
    )


def _check_length(path: Path, raw: RawPicture) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refusals.unopened(path, error) from error
    if size != raw.source_bytes:
        raise InputError(
            f"The pixels from the host have {size} bytes; "
            f"{raw.width} x {raw.height} pixels need {raw.source_bytes}.",
            meaning="They were not written to the end; the document is as it was.",
            remedy="Check that the disk is not full, and try again.",
            retry_helps=True,
        )


def _as_rgba(stored: Any, raw: RawPicture) -> Pixels:
    """R, G, B, A of a dtype that the core knows; the mapped file itself where nothing differs."""
    values = stored.astype(np.float32) if raw.depth == "f16" else stored
    if raw.order == "rgba":
        return cast("Pixels", values)
    import cv2  # noqa: PLC0415 - only where channels change places

    return cast("Pixels", cv2.cvtColor(values, cv2.COLOR_BGRA2RGBA))


def _profile(folder: Path) -> bytes | None:
    """The bytes beside the pixels; one that cannot be read is treated as a damaged one."""
    try:
        with (folder / PROFILE).open("rb") as file:
            return file.read(MAX_PROFILE_BYTES + 1)
    except OSError:
        return b"missing"
