"""The nouns of Layersplit: pictures, layers, stacks, hints, requests, reports.

Conventions, everywhere in the core:

- arrays are ``(height, width, channels)``, y down, channels R, G, B, A;
- alpha is **straight** (colours are not multiplied by it) at every boundary;
- a stack is **bottom first**: ``layers[0]`` is the rearmost;
- u8 means 0..255, u16 0..65535, f32 nominally 0..1 (values outside survive);
- positions and sizes are document pixels unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

U8: TypeAlias = npt.NDArray[np.uint8]
F32: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]

CHANNELS: Final = 4
MAX_SIDE_PX: Final = 65_535
MAX_AREA_PX: Final = 400_000_000
"""Larger pictures are refused before anything is allocated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(
                f"Expected sides of at least 1 pixel, got {self.width} x {self.height}"
            )

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    @property
    def bounds(self) -> Bounds:
        """The whole extent as bounds at the origin."""
        return Bounds(x=0, y=0, width=self.width, height=self.height)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """A rectangle of whole pixels: left, top, width, height. Width and height may be 0 (empty)."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column that is outside."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row that is outside."""
        return self.y + self.height

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel inside."""
        return self.width <= 0 or self.height <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of these bounds in an ``(h, w, ...)`` array of the document."""
        return (slice(self.y, self.bottom), slice(self.x, self.right))

    def intersection(self, other: Bounds) -> Bounds:
        """The common part, empty when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Bounds(x=x, y=y, width=max(0, right - x), height=max(0, bottom - y))

    def padded(self, margin_px: int) -> Bounds:
        """Grown by ``margin_px`` on every side."""
        return Bounds(
            x=self.x - margin_px,
            y=self.y - margin_px,
            width=self.width + 2 * margin_px,
            height=self.height + 2 * margin_px,
        )

    def moved(self, dx: int, dy: int) -> Bounds:
        """Shifted by whole pixels."""
        return Bounds(x=self.x + dx, y=self.y + dy, width=self.width, height=self.height)

    def as_list(self) -> list[int]:
        """``[x, y, width, height]``, as reports and manifests write it."""
        return [self.x, self.y, self.width, self.height]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """The flat picture that is to be split.

    ``pixels``: (h, w, 4) u8, u16 or f32, straight alpha, in the document's own colour values.
    ``icc``: the RGB profile of these values; None means sRGB. ``title``: for file and group names.
    """

    pixels: Pixels
    icc: bytes | None = None
    title: str = "Picture"
    notes: tuple[str, ...] = ()
    """Sentences for the user about conversions that reading had to make."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != CHANNELS:
            raise ValueError(f"Expected (h, w, 4) pixels, got shape {self.pixels.shape}")
        if self.pixels.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(f"Expected uint8, uint16 or float32, got {self.pixels.dtype}")

    @property
    def extent(self) -> Extent:
        """Size in pixels."""
        return Extent(width=self.pixels.shape[1], height=self.pixels.shape[0])

    def crop(self, bounds: Bounds) -> Picture:
        """The part inside ``bounds``, which must lie within the picture. Shares the pixels."""
        return Picture(
            pixels=self.pixels[bounds.slices], icc=self.icc, title=self.title, notes=self.notes
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelLayer:
    """One layer as a provider returned it: any size, covering the whole region that was sent.

    ``pixels``: (h, w, 4) u8 sRGB, straight alpha. ``name``: what the provider calls it, or None.
    ``confidence``: 0..1 where the provider can judge itself, else None.
    """

    pixels: U8
    name: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layer:
    """One RGBA raster with its name and its place in the document.

    ``pixels``: (h, w, 4) of the document's dtype, straight alpha, possibly backed by a file.
    ``x``, ``y``: document position of the top left pixel.
    """

    name: str
    pixels: Pixels
    x: int = 0
    y: int = 0
    confidence: float | None = None

    @property
    def bounds(self) -> Bounds:
        """Where the raster lies in the document."""
        return Bounds(x=self.x, y=self.y, width=self.pixels.shape[1], height=self.pixels.shape[0])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerStack:
    """Ordered layers, bottom first, over a document of ``extent``; all share dtype and profile."""

    extent: Extent
    layers: tuple[Layer, ...]
    icc: bytes | None = None
    title: str = "Picture"

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


class Arithmetic(Enum):
    """How the program that will show the layers rounds while it composites them."""

    PER_LAYER = "per-layer"
    """Krita: the backdrop is an integer again after every layer. Also right for files."""
    CUT_OFF = "cut-off"
    """Krita in grey documents of 16 bits: integers after every layer, and what is left of a unit is
    cut off towards the backdrop. For other depths the same as PER_LAYER."""
    ONCE = "once"
    """GIMP with a non-linear compositing space: floating point, one rounding at the end."""


Colours: TypeAlias = Literal["source", "model"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A pixel that the user marked: inside the subject, or (``foreground=False``) outside it."""

    x: int
    y: int
    foreground: bool = True


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Hints:
    """What the user pointed at. Each box is one object; the last one is the front-most.

    ``mask``: (h, w) u8 of the picture, 0 outside .. 255 inside, rough; None when there is none.
    """

    boxes: tuple[Bounds, ...] = ()
    points: tuple[Point, ...] = ()
    mask: U8 | None = None

    def __bool__(self) -> bool:
        return bool(self.boxes or self.points or self.mask is not None)

    def inside(self, region: Bounds) -> Hints:
        """The same hints in the coordinates of ``region``; what lies outside is dropped."""
        boxes = (box.intersection(region).moved(-region.x, -region.y) for box in self.boxes)
        return Hints(
            boxes=tuple(box for box in boxes if not box.is_empty),
            points=tuple(
                Point(x=p.x - region.x, y=p.y - region.y, foreground=p.foreground)
                for p in self.points
                if region.x <= p.x < region.right and region.y <= p.y < region.bottom
            ),
            mask=None if self.mask is None else self.mask[region.slices],
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SplitRequest:
    """Everything that decides a result, beside the picture. None means: the provider's default.

    ``layer_count``: layers asked for, background included; None is automatic.
    ``prompt`` describes the whole picture, hidden parts included; it does not steer single layers.
    ``resolution``: side of the model's square area, 640 or 1024.
    ``address``: the public https address that a service may fetch itself (``--by-address``).
    """

    provider: str = "classic"
    layer_count: int | None = None
    prompt: str = ""
    negative_prompt: str = ""
    hints: Hints = field(default_factory=Hints)
    resolution: int | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    colours: Colours = "source"
    arithmetic: Arithmetic = Arithmetic.PER_LAYER
    fresh: bool = False
    address: str | None = None
    model: str | None = None
    plan: str | None = None
    language: str = "en"


DropReason: TypeAlias = Literal["full-picture", "blank", "duplicate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """A returned layer that was left out: ``index`` counts the provider's layers from 0."""

    reason: DropReason
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconstruction:
    """Source against the composite of the layers: 0..255 at most, and dB (None = equal)."""

    max_abs: float
    psnr_db: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerReport:
    """What the report says of one layer; ``coverage`` is its mean alpha over the picture, 0..1."""

    name: str
    bounds: Bounds
    coverage: float
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitReport:
    """What happened, for the user and for programs. ``layers`` bottom first."""

    provider: str
    extent: Extent
    layers: tuple[LayerReport, ...]
    dropped: tuple[Dropped, ...]
    reordered: bool
    reconstruction: Reconstruction
    seconds: Mapping[str, float]
    cost_usd: float | None = None
    job: str | None = None
    notes: tuple[str, ...] = ()
    """Sentences: conversions, fewer layers than asked, low confidence."""

    def as_json(self, output: str | None) -> dict[str, Any]:
        """The object that ``--json`` prints and that the worker sends (docs/reference.md)."""
        return {
            "output": output,
            "provider": self.provider,
            "extent": [self.extent.width, self.extent.height],
            "layers": [
                {
                    "name": layer.name,
                    "bounds": layer.bounds.as_list(),
                    "coverage": round(layer.coverage, 6),
                    "confidence": None if layer.confidence is None else round(layer.confidence, 3),
                }
                for layer in self.layers
            ],
            "dropped": [{"reason": d.reason, "index": d.index} for d in self.dropped],
            "reordered": self.reordered,
            "reconstruction": {
                "max_abs": self.reconstruction.max_abs,
                "psnr_db": self.reconstruction.psnr_db,
            },
            "cost_usd": self.cost_usd,
            "job": self.job,
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "notes": list(self.notes),
        }
