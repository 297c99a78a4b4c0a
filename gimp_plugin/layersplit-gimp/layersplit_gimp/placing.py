"""Layers into the image: one group, one undo step, nothing at all when anything fails.

Every layer is filled before it is attached, so the undo group is open only for the moment in which
complete layers are hung into the tree: a plug-in that is killed inside an undo group leaves the
image frozen. An indexed image becomes RGB in the same undo group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generator, List, Optional, Sequence, Tuple

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - the versions come first

from layersplit.bridge.failures import JobFolderError  # noqa: E402 - as above
from layersplit.bridge.lanes import four_to_grey, with_order  # noqa: E402
from layersplit.bridge.messages import DEPTH_BYTES, LayerFile  # noqa: E402
from layersplit_gimp.spaces import Space  # noqa: E402

BAND_BYTES = 8 << 20


@dataclass
class Placement:
    """Where a result belongs. ``dx``, ``dy``: the image position of the split picture.

    ``above``: the layer over which the group goes, None for the very top. ``hidden``: the layers
    that are no longer to be seen beside the group. ``mask``: one byte a pixel of ``masked``.
    """

    name: str
    space: Space
    order: str = "rgba"
    dx: int = 0
    dy: int = 0
    above: Any = None
    hidden: Sequence[Any] = field(default_factory=list)
    masked: Optional[Tuple[int, int, int, int]] = None
    mask: Optional[bytes] = None


def insert(
    image: Any, layers: Sequence[LayerFile], folder: Path, where: Placement
) -> Generator[None, None, Any]:
    """Put ``layers`` (bottom first) into ``image``, in short steps; returns the new group."""
    _check(layers, folder, where.space)
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    maker = _rgb_twin(image) if indexed else image
    try:
        filled: List[Any] = []
        for layer in layers:
            made = yield from _filled(maker, layer, folder, where)
            filled.append(made)
        image.undo_group_start()
        image.freeze_layers()
        try:
            if indexed:
                image.convert_rgb()
                filled = [_moved(made, image, where) for made in filled]
            group = _attach(image, layers, filled, where)
        finally:
            image.thaw_layers()
            image.undo_group_end()
    finally:
        if indexed:
            maker.delete()
    image.set_selected_layers([group])
    return group


def _rgb_twin(image: Any) -> Any:
    """An empty RGB image like ``image``, in which layers can be filled before it is RGB itself."""
    twin = Gimp.Image.new_with_precision(
        image.get_width(), image.get_height(), Gimp.ImageBaseType.RGB, image.get_precision()
    )
    profile = image.get_color_profile()
    if profile is not None:
        twin.set_color_profile(profile)
    return twin


def _moved(made: Any, image: Any, where: Placement) -> Any:
    """``made`` as a layer of another image; it shares its pixels."""
    copy = Gimp.Layer.new_from_drawable(made, image)
    copy.set_name(made.get_name())
    copy.set_composite_space(where.space.compositing)
    return copy


def _check(layers: Sequence[LayerFile], folder: Path, space: Space) -> None:
    """Every file is there and has the right length: GIMP only logs a wrong one and goes on."""
    for layer in layers:
        width, height = layer.bounds[2:]
        needed = width * height * 4 * DEPTH_BYTES[space.depth]
        try:
            found = (folder / layer.file).stat().st_size
        except OSError as error:
            raise JobFolderError("raw-missing", name=layer.file, detail=error.strerror) from error
        if found != needed:
            raise JobFolderError(
                "raw-length",
                name=layer.file,
                found=found,
                needed=needed,
                width=width,
                height=height,
            )


def _filled(
    image: Any, layer: LayerFile, folder: Path, where: Placement
) -> Generator[None, None, Any]:
    """A layer with its pixels, not yet in the image."""
    space = where.space
    _, _, width, height = layer.bounds
    made = Gimp.Layer.new(
        image, layer.name, width, height, space.layer_type, 100.0, Gimp.LayerMode.NORMAL
    )
    buffer, name = made.get_buffer(), space.format_for(made)
    row_bytes = width * 4 * DEPTH_BYTES[space.depth]
    rows = max(1, BAND_BYTES // max(1, row_bytes))
    with (folder / layer.file).open("rb") as file:
        for top in range(0, height, rows):
            count = min(rows, height - top)
            pixels = file.read(count * row_bytes)
            if len(pixels) != count * row_bytes:
                raise JobFolderError("raw-missing", name=layer.file, detail="it became shorter")
            if space.is_grey:
                pixels = four_to_grey(pixels, space.depth)
            else:
                pixels = with_order(pixels, space.depth, old=where.order, new="rgba")
            buffer.set(Gegl.Rectangle.new(0, top, width, count), name, pixels)
            yield
    buffer.flush()
    del buffer
    made.set_composite_space(space.compositing)
    return made


def _attach(
    image: Any, layers: Sequence[LayerFile], filled: Sequence[Any], where: Placement
) -> Any:
    group = Gimp.GroupLayer.new(image, where.name)
    group.set_composite_space(where.space.compositing)
    parent, position = None, 0
    if where.above is not None:
        parent, position = where.above.get_parent(), image.get_item_position(where.above)
        group.set_opacity(where.above.get_opacity())
        group.set_mode(where.above.get_mode())
        group.set_composite_space(where.above.get_composite_space())
    image.insert_layer(group, parent, position)
    for layer, made in zip(layers, filled):  # bottom first; position 0 is the top of the group
        image.insert_layer(made, group, 0)
        made.set_offsets(where.dx + layer.bounds[0], where.dy + layer.bounds[1])
    if where.mask is not None and where.masked is not None:
        _add_mask(group, where)
    for original in where.hidden:
        original.set_visible(False)
    return group


def _add_mask(group: Any, where: Placement) -> None:
    """Show the group only where the selection was."""
    assert where.masked is not None  # noqa: S101 - the caller has looked
    mask = group.create_mask(Gimp.AddMaskType.BLACK)
    group.add_mask(mask)
    _, left, top = group.get_offsets()
    x, y, width, height = where.masked
    buffer = mask.get_buffer()
    buffer.set(Gegl.Rectangle.new(x - left, y - top, width, height), "Y u8", where.mask)
    buffer.flush()
    del buffer
    mask.update(0, 0, mask.get_width(), mask.get_height())


def visible_top_layers(image: Any) -> List[Any]:
    """The layers whose sight makes the picture."""
    return [layer for layer in image.get_layers() if layer.get_visible()]
