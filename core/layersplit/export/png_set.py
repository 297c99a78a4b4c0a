"""PNGs with a manifest, in a folder or a ZIP: for scripts, and for programs without layers.

00-background.png ...   one file a layer, bottom first, cropped to its bounds
merged.png              what they look like together
profile.icc             the profile of all of them, if the picture has one
manifest.json           written last; see docs/formats.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from layersplit import __version__
from layersplit.domain import Arithmetic, Extent, Layer
from layersplit.export.contents import Contents
from layersplit.export.names import file_slug
from layersplit.export.samples import sample_bytes
from layersplit.export.shelf import Archive, Shelf, add_png
from layersplit.export.work import Work, bands
from layersplit.pixels.compositing import peak

FORMAT: Final = "layersplit-layers"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MERGED: Final = "merged.png"
PROFILE: Final = "profile.icc"
_REPORTED: Final = ("provider", "reconstruction", "reordered", "dropped", "notes")


def write_zip(file: BinaryIO, contents: Contents, work: Work) -> None:
    """As :func:`write_png_set`, into a ZIP."""
    with Archive(file) as archive:
        write_png_set(archive, contents, work)


def write_png_set(shelf: Shelf, contents: Contents, work: Work) -> None:
    """Write the layers, the merged picture and the manifest. Raises OSError and Cancelled."""
    icc, rows = contents.icc, []
    for index, layer in enumerate(contents.layers):
        file = f"{index:02d}-{file_slug(layer.name)}.png"
        add_png(shelf, file, layer.pixels, icc=icc, work=work, what=layer.name)
        rows.append(_row(file, layer, contents.extent))
    add_png(shelf, MERGED, contents.merged, icc=icc, work=work, what="the merged picture")
    if icc is not None:
        shelf.add(PROFILE, icc)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": f"layersplit {__version__}",
        "title": contents.title,
        "extent": [contents.extent.width, contents.extent.height],
        "bits": 8 * sample_bytes(contents.merged),
        "alpha": "straight",
        "icc": PROFILE if icc is not None else None,
        "arithmetic": Arithmetic.PER_LAYER.value,
        "merged": MERGED,
        "layers": rows,
        "report": {key: contents.report[key] for key in _REPORTED if key in contents.report},
    }
    shelf.add(MANIFEST, json.dumps(manifest, indent=2).encode("ascii") + b"\n")


def _row(file: str, layer: Layer, extent: Extent) -> dict[str, Any]:
    """What the manifest says of one layer."""
    return {
        "name": layer.name,
        "file": file,
        "bounds": layer.bounds.as_list(),
        "coverage": round(_coverage(layer, extent), 6),
        "confidence": layer.confidence,
    }


def _coverage(layer: Layer, extent: Extent) -> float:
    """Mean alpha over the picture, 0..1; what hangs over the edge does not count."""
    inside = layer.bounds.intersection(extent.bounds).moved(-layer.x, -layer.y)
    alpha = layer.pixels[inside.slices][..., 3]
    parts = bands(inside.height, max(1, inside.width))
    total = sum(float(alpha[rows].sum(dtype=np.float64)) for rows in parts)
    return total / peak(alpha.dtype) / extent.area


def is_earlier_result(folder: Path) -> bool:
    """Whether ``folder`` holds a set that was written here, and nothing else."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours = {MANIFEST, manifest["merged"], manifest["icc"]}
        ours |= {row["file"] for row in manifest["layers"]}
        return manifest["format"] == FORMAT and all(p.name in ours for p in folder.iterdir())
    except (OSError, ValueError, KeyError, TypeError):
        return False
