"""Open layered files in GIMP's console and write down what it made of them; a batch.

Reads and writes the same files as open_in_krita.py; pixels are R, G, B, A in the document's own
space and depth.
"""

import json
import traceback
from pathlib import Path

from gi.repository import Babl, Gegl, Gimp, Gio

WORK = Path("/work")


def looked_at(name):
    file = Gio.File.new_for_path(str(WORK / name))
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    depth = "u16" if image.get_precision() == Gimp.Precision.U16_NON_LINEAR else "u8"
    size = [image.get_width(), image.get_height()]
    visible = Gimp.Layer.new_from_visible(image, image, "visible")
    (WORK / (name + ".merged")).write_bytes(pixels_of(visible, depth))
    layers = []
    for index, layer in enumerate(reversed(image.get_layers())):
        (WORK / (name + "." + str(index))).write_bytes(pixels_of(layer, depth))
        offsets = layer.get_offsets()
        place = [offsets.offset_x, offsets.offset_y]
        box = [*place, layer.get_width(), layer.get_height()]
        layers.append({"name": layer.get_name(), "bounds": box, "depth": depth.upper()})
    visible.delete()
    image.delete()
    return {"size": size, "depth": depth.upper(), "layers": layers}


def pixels_of(layer, depth):
    form = Babl.get_name(Babl.format_with_space("R'G'B'A " + depth, layer.get_format()))
    whole = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    return layer.get_buffer().get(whole, 1.0, form, Gegl.AbyssPolicy.NONE)


for name in json.loads((WORK / "files.json").read_text(encoding="utf-8")):
    try:
        seen = looked_at(name)
    except Exception:  # noqa: BLE001 - the test shows it
        seen = {"error": traceback.format_exc()}
    (WORK / (name + ".json")).write_text(json.dumps(seen), encoding="utf-8")
