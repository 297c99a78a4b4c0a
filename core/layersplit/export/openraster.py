"""OpenRaster: a ZIP with the layers as PNGs, their places in XML, the merged image and a thumbnail.

Source: the OpenRaster specification of freedesktop.org: file layout (mimetype first and stored,
mergedimage.png, Thumbnails/thumbnail.png of at most 256 pixels) and layer stack (the top layer is
the first element).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import BinaryIO, Final

from layersplit.export.contents import Contents
from layersplit.export.merged import thumbnail
from layersplit.export.shelf import Archive, add_png
from layersplit.export.work import Work

MIME_TYPE: Final = "image/openraster"
VERSION: Final = "0.0.6"


def write_openraster(file: BinaryIO, contents: Contents, work: Work) -> None:
    """Write ``contents`` into ``file``. Raises OSError and Cancelled."""
    icc, merged = contents.icc, contents.merged
    with Archive(file) as archive:
        archive.add("mimetype", MIME_TYPE.encode("ascii"))
        archive.add("stack.xml", _stack_xml(contents))
        for index, layer in enumerate(contents.layers):
            add_png(archive, _source(index), layer.pixels, icc=icc, work=work, what=layer.name)
        add_png(archive, "mergedimage.png", merged, icc=icc, work=work, what="the merged picture")
        small, name = thumbnail(merged, icc), "Thumbnails/thumbnail.png"
        add_png(archive, name, small, icc=None, work=work, what="the thumbnail")


def _source(index: int) -> str:
    return f"data/layer{index:03d}.png"


def _stack_xml(contents: Contents) -> bytes:
    size = {"w": str(contents.extent.width), "h": str(contents.extent.height)}
    image = ET.Element("image", {"version": VERSION, **size})
    stack = ET.SubElement(image, "stack")
    for index, layer in reversed(list(enumerate(contents.layers))):
        ET.SubElement(
            stack,
            "layer",
            {
                "name": layer.name,
                "src": _source(index),
                "x": str(layer.x),
                "y": str(layer.y),
                "opacity": "1.0",
                "visibility": "visible",
                "composite-op": "svg:src-over",
            },
        )
    document: bytes = ET.tostring(image, encoding="UTF-8", xml_declaration=True)
    return document
