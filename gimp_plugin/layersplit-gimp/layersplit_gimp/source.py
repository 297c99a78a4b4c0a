"""What is to be split, read from an image. It is copied first, so that drawing may go on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generator, List, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - the versions come first

from layersplit.bridge import words  # noqa: E402 - as above
from layersplit.bridge.lanes import grey_to_four, is_opaque  # noqa: E402
from layersplit.bridge.messages import RawPicture  # noqa: E402
from layersplit.bridge.refusal import Refusal  # noqa: E402
from layersplit.bridge.thumbnail import Thumbnail  # noqa: E402
from layersplit_gimp.spaces import Space, profile_of  # noqa: E402

THUMBNAIL = "thumbnail.png"
BAND_BYTES = 8 << 20
CONTEXT = 0.5
"""How much of its surround goes with a selection, as a share of its longer side."""
Box = Tuple[int, int, int, int]


@dataclass
class Source:
    """One picture to be split, and where its layers belong.

    ``bounds``: its place in the image (x, y, width, height); ``space``: how its pixels travel;
    ``layer``: whose pixels it is, None
    for the visible picture; ``mask``: the selection, one byte a pixel of ``selected``, None when
    it is a rectangle or there is none; ``opaque`` is known once everything is read.
    """

    image: Any
    title: str
    scope: str
    bounds: Box
    space: Space
    layer: Any = None
    selected: Optional[Box] = None
    mask: Optional[bytes] = None
    opaque: bool = True

    def read(self, folder: Path) -> Generator[None, None, RawPicture]:
        """Write the worker's files into ``folder``, in short steps; returns their description.

        A small picture for the history lies beside them afterwards, as thumbnail.png.
        """
        space = self.space
        profile = profile_of(self.image, space)
        if profile is not None:
            (folder / "source.icc").write_bytes(profile)
        copy, dx, dy = self._copy()
        buffer, name = copy.get_buffer(), space.format_for(copy)
        x, y, width, height = self.bounds
        small = Thumbnail(width, height, depth=space.depth, order="rgba")
        rows = max(1, BAND_BYTES // (width * space.pixel_bytes))
        with (folder / "source.raw").open("wb") as output:
            for top in range(0, height, rows):
                count = min(rows, height - top)
                band = Gegl.Rectangle.new(x - dx, y - dy + top, width, count)
                pixels = buffer.get(band, 1.0, name, Gegl.AbyssPolicy.NONE)
                if space.is_grey:
                    pixels = grey_to_four(pixels, space.depth)
                self.opaque = self.opaque and is_opaque(pixels, space.depth)
                output.write(pixels)
                small.add(top, pixels)
                yield
        del buffer
        copy.delete()
        small.save(folder / THUMBNAIL)
        return RawPicture(
            width=width,
            height=height,
            depth=space.depth,
            title=self.title,
            has_profile=profile is not None,
            selection=self._write_selection(folder),
            is_grey=space.is_grey,
        )

    def _copy(self) -> Tuple[Any, int, int]:
        """A private copy of what is to be read, and where its pixels lie in the image."""
        if self.layer is None:
            return Gimp.Layer.new_from_visible(self.image, self.image, "layersplit"), 0, 0
        copy = self.layer.copy()
        if copy.get_mask() is not None:
            copy.remove_mask(Gimp.MaskApplyMode.APPLY)
        return copy, self.bounds[0], self.bounds[1]

    def _write_selection(self, folder: Path) -> Optional[List[int]]:
        if self.selected is None:
            return None
        x, y, width, height = self.selected
        mask = self.mask if self.mask is not None else b"\xff" * (width * height)
        (folder / "selection.raw").write_bytes(mask)
        return [x - self.bounds[0], y - self.bounds[1], width, height]


def source_of(image: Any, drawables: List[Any], scope: str) -> Source:
    """What ``scope`` means in ``image`` now; raises Refusal when there is nothing to split."""
    canvas = (0, 0, image.get_width(), image.get_height())
    source = Source(
        image=image, title=title_of(image), scope=scope, bounds=canvas, space=Space.of(image)
    )
    if scope == "layer":
        _take_layer(source, drawables)
    elif scope in ("selection", "auto"):
        _take_selection(source)
    return source


def title_of(image: Any) -> str:
    """What the user calls the image."""
    file = image.get_xcf_file() or image.get_imported_file() or image.get_exported_file()
    name = Path(file.get_basename()).stem if file is not None else image.get_name()
    return name.strip("[]") or "GIMP"


def _take_layer(source: Source, drawables: List[Any]) -> None:
    layers = [item for item in drawables if isinstance(item, Gimp.Layer)]
    masks = [item for item in drawables if isinstance(item, Gimp.LayerMask)]
    layers += [Gimp.Layer.from_mask(mask) for mask in masks]
    layers = layers or source.image.get_selected_layers()
    if not layers:
        raise Refusal(*words.empty_layer(""))
    layer = layers[0]
    _, x, y = layer.get_offsets()
    source.bounds = (x, y, layer.get_width(), layer.get_height())
    source.layer = layer
    source.title = layer.get_name()


def _take_selection(source: Source) -> None:
    image = source.image
    found = Gimp.Selection.bounds(image)
    if not found.non_empty:
        source.scope = "picture"
        return
    source.scope = "selection"
    x, y, width, height = found.x1, found.y1, found.x2 - found.x1, found.y2 - found.y1
    buffer = image.get_selection().get_buffer()
    place = Gegl.Rectangle.new(x, y, width, height)
    mask = buffer.get(place, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    margin = int(CONTEXT * max(width, height))
    left, top = max(0, x - margin), max(0, y - margin)
    right = min(image.get_width(), x + width + margin)
    bottom = min(image.get_height(), y + height + margin)
    source.selected = (x, y, width, height)
    source.bounds = (left, top, right - left, bottom - top)
    source.mask = None if mask.count(b"\xff") == len(mask) else mask
