"""Layers as raw files in a host's job folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from layersplit.bridge.messages import LayerFile
from layersplit.domain import LayerStack, Pixels
from layersplit.export.contents import writable_layers
from layersplit.export.target import explained
from layersplit.export.work import bands
from layersplit.run import Run

_FORMS: Final[dict[str, tuple[Any, Any]]] = {
    "u8": (np.uint8, np.uint8),
    "u16": (np.uint16, np.uint16),
    "f16": (np.float32, np.float16),
    "f32": (np.float32, np.float32),
}
"""What the stack holds for each depth of the host, and what the host gets."""
_F16_MAX: Final = 65504.0


def write_layers(
    stack: LayerStack, folder: Path, order: str, depth: str, *, run: Run | None = None
) -> list[LayerFile]:
    """Write ``layer-0.raw`` ... into ``folder``, bottom first, as bridge/messages.py says.

    ``order``, ``depth``: those of the host's own pixels. A layer without pixels becomes one
    transparent pixel. Raises InputError when the disk is full, and Cancelled; then no file stays.
    """
    held, sent = _FORMS[depth]
    if any(layer.pixels.dtype != held for layer in stack):
        raise ValueError(f"Layers for depth {depth} must be {held.__name__}")
    run = run or Run()
    files: list[LayerFile] = []
    for index, layer in enumerate(writable_layers(stack)):
        path = folder / f"layer-{index}.raw"
        files.append(LayerFile(path.name, layer.name, layer.bounds.as_list()))
        try:
            with explained(path):
                _write(path, layer.pixels, sent, order, run.check)
            run.progress("export", (index + 1) / len(stack), f"Writing {layer.name}")
        except BaseException:
            for written in files:
                with suppress(OSError):
                    (folder / written.file).unlink(missing_ok=True)
            raise
    return files


def _write(path: Path, pixels: Pixels, dtype: Any, order: str, check: Callable[[], None]) -> None:
    with path.open("wb") as file:
        for rows in bands(pixels.shape[0], pixels[:1].nbytes):
            check()
            part: Any = pixels[rows]
            if dtype is np.float16:
                part = np.clip(part, -_F16_MAX, _F16_MAX).astype(np.float16)
            if order == "bgra":
                part = part[..., [2, 1, 0, 3]]
            file.write(np.ascontiguousarray(part).data)
