"""The probe inside GIMP: a batch that serves the tests until it is told to stop."""

from __future__ import annotations

import select as select_module
from pathlib import Path
from typing import Any

import probe
from gi.repository import Babl, Gegl, Gimp, Gio

PDB = Gimp.get_pdb()
images: dict[str, Any] = {}
"""Images that a test has opened, by the name it gave them."""
stopped = False


def ping() -> str:
    """Which GIMP this is."""
    return Gimp.version()


def stop() -> None:
    """End the batch."""
    global stopped  # noqa: PLW0603 - one probe, one process
    stopped = True


def execute(code: str) -> Any:
    """Run ``code``; what it binds to ``value`` is the answer. For exploring, and for rare needs."""
    names: dict[str, Any] = {"Gimp": Gimp, "Gegl": Gegl, "images": images, "value": None}
    exec(code, names)  # noqa: S102 - the tests' own code
    return names["value"]


def new_image(
    name: str, width: int, height: int, kind: str, precision: str, form: str, pixels: str,
    profile: str | None,
) -> None:  # fmt: skip
    """An image of one layer; ``form`` is the babl format of the bytes in ``pixels``."""
    base = Gimp.ImageBaseType.GRAY if kind == "grey" else Gimp.ImageBaseType.RGB
    image = Gimp.Image.new_with_precision(width, height, base, getattr(Gimp.Precision, precision))
    if profile is not None:
        image.set_color_profile(Gimp.ColorProfile.new_from_file(Gio.File.new_for_path(profile)))
    layer_type = Gimp.ImageType.GRAYA_IMAGE if kind == "grey" else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(
        image, "Picture", width, height, layer_type, 100.0, Gimp.LayerMode.NORMAL
    )
    _fill(layer, form, Path(pixels).read_bytes(), width, height)
    image.insert_layer(layer, None, 0)
    if kind == "indexed":
        image.convert_indexed(
            Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, ""
        )
    images[name] = image
    image.clean_all()


def _fill(layer: Any, form: str, pixels: bytes, width: int, height: int) -> None:
    buffer = layer.get_buffer()
    own = Babl.get_name(Babl.format_with_space(form, layer.get_format()))
    buffer.set(Gegl.Rectangle.new(0, 0, width, height), own, pixels)
    buffer.flush()


def load(name: str, path: str) -> None:
    """Open a file without showing it."""
    images[name] = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))


def base_type(name: str) -> str:
    """rgb, gray or indexed."""
    return images[name].get_base_type().value_nick


def adopt_newest(name: str) -> bool:
    """Call the newest image that no test knows ``name``."""
    known = {image.get_id() for image in images.values()}
    others = [image for image in Gimp.get_images() if image.get_id() not in known]
    if others:
        images[name] = max(others, key=lambda image: image.get_id())
    return bool(others)


def image_ids() -> list[int]:
    """Every open image."""
    return [image.get_id() for image in Gimp.get_images()]


def close_all() -> None:
    """Delete every image; none is shown."""
    for image in images.values():
        if image.is_valid():
            image.delete()
    images.clear()


def forget_changes(name: str) -> None:
    """So that closing it asks nothing."""
    images[name].clean_all()


def is_open(name: str) -> bool:
    """Whether it is still there; one that is not is forgotten."""
    is_there = images[name].is_valid()
    if not is_there:
        del images[name]
    return is_there


def is_dirty(name: str) -> bool:
    """Whether anything was done to it since it was made."""
    return images[name].is_dirty()


def save(name: str, path: str) -> None:
    """Save as GIMP's own format."""
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, images[name], Gio.File.new_for_path(path), None)


def tree(name: str) -> list[dict[str, Any]]:
    """The layers of an image, BOTTOM first (GIMP lists them top first)."""
    return [_described(layer) for layer in reversed(images[name].get_layers())]


def _described(layer: Any) -> dict[str, Any]:
    _, x, y = layer.get_offsets()
    group = layer.is_group()
    return {
        "name": layer.get_name(),
        "type": "group" if group else "layer",
        "visible": layer.get_visible(),
        "opacity": round(layer.get_opacity()),
        "mode": layer.get_mode().value_nick,
        "space": layer.get_composite_space().value_nick,
        "mask": layer.get_mask() is not None,
        "bounds": [x, y, layer.get_width(), layer.get_height()],
        "children": [_described(child) for child in reversed(layer.get_children())]
        if group
        else [],
    }


def picture(name: str, form: str, path: str, top_only: bool = False) -> list[int]:
    """Write what the image shows, or its topmost layer alone, in babl's format ``form``."""
    image = images[name]
    others = [layer for layer in image.get_layers()[1:] if layer.get_visible()] if top_only else []
    image.undo_freeze()
    for layer in others:
        layer.set_visible(False)
    visible = Gimp.Layer.new_from_visible(image, image, "probe")
    for layer in others:
        layer.set_visible(True)
    image.undo_thaw()
    own = Babl.get_name(Babl.format_with_space(form, visible.get_format()))
    size = (image.get_width(), image.get_height())
    pixels = visible.get_buffer().get(
        Gegl.Rectangle.new(0, 0, *size), 1.0, own, Gegl.AbyssPolicy.NONE
    )
    visible.delete()
    Path(path).write_bytes(pixels)
    return list(size)


def select(name: str, box: list[int], ellipse: bool) -> None:
    """Select a rectangle or an ellipse with a soft edge."""
    image = images[name]
    choose = image.select_ellipse if ellipse else image.select_rectangle
    choose(Gimp.ChannelOps.REPLACE, *box)


def selection(name: str, path: str) -> None:
    """Write the selection, one byte a pixel."""
    image = images[name]
    size = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    mask = image.get_selection().get_buffer().get(size, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    Path(path).write_bytes(mask)


def choose_layer(name: str, names: list[str]) -> None:
    """Make the layer at ``names`` (from the top level down) the selected one."""
    images[name].set_selected_layers([_layer(name, names)])


def change_layer(name: str, names: list[str], opacity: float, mode: str) -> None:
    """Set a layer's opacity (0..100) and mode."""
    layer = _layer(name, names)
    layer.set_opacity(opacity)
    layer.set_mode(getattr(Gimp.LayerMode, mode))


def add_paper(name: str) -> None:
    """A white layer at the bottom."""
    image = images[name]
    layer = Gimp.Layer.new(
        image, "Paper", image.get_width(), image.get_height(),
        Gimp.ImageType.RGBA_IMAGE, 100.0, Gimp.LayerMode.NORMAL,
    )  # fmt: skip
    layer.fill(Gimp.FillType.WHITE)
    image.insert_layer(layer, None, len(image.get_layers()))


def _layer(name: str, names: list[str]) -> Any:
    layers = images[name].get_layers()
    found = None
    for step in names:
        found = next(layer for layer in layers if layer.get_name() == step)
        layers = found.get_children() if found.is_group() else []
    return found


def split(name: str, values: dict[str, Any], drawables: list[str] | None = None) -> list[Any]:
    """Call the procedure without a user; returns [status, error text]."""
    procedure = PDB.lookup_procedure("plug-in-layersplit")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", images[name])
    chosen = [] if drawables is None else [_layer(name, drawables)]
    config.set_core_object_array("drawables", chosen)
    for key, value in values.items():
        config.set_property(key, value)
    result = procedure.run(config)
    success = result.index(0) == Gimp.PDBStatusType.SUCCESS
    return [success, "" if success else PDB.get_last_error()]


def serve() -> None:
    """Answer requests until ``stop``."""
    Gegl.init(None)
    server = probe.Server({name: value for name, value in globals().items() if callable(value)})
    while not stopped:
        select_module.select([server], [], [], 0.5)
        server.turn()
        while server.is_busy:
            server.turn()
