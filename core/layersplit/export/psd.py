"""Photoshop documents: named layers with alpha at their places, packed, with profile and composite.

Written as a stream: what is known only later (lengths) is left open and filled in. With 16 bits the
layers stand in the block "Lr16", where Photoshop looks for them. A PSB is the same format with
wider numbers, for more than 30 000 pixels on a side or 2 GB.

Source: Adobe Photoshop File Formats Specification (2019), sections "Image Resources", "Layer and
Mask Information", "Additional Layer Information" and "Image Data".
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

import numpy as np

from layersplit.domain import CHANNELS, Layer, Pixels
from layersplit.export.contents import Contents
from layersplit.export.psd_stream import ALPHA, PsdStream, too_large
from layersplit.export.samples import sample_bytes, samples
from layersplit.export.work import Work, bands

_RGB_MODE: Final = 3
_RESOURCE_ICC, _RESOURCE_VERSION = 1039, 1057
_LARGEST_PSD_BYTES: Final = 2_000_000_000
"""What Photoshop opens; the numbers of the format end at twice that."""
_SHORT_NAME: Final = 31
"""Length of the name for programs that read no Unicode."""


def write_psd(file: BinaryIO, contents: Contents, work: Work, *, large: bool) -> None:
    """Write ``contents`` as PSD, or as PSB when ``large``.

    Raises InputError when a PSD becomes too large, OSError and Cancelled.
    """
    stream = PsdStream(file, work, large=large)
    opaque = _is_opaque(contents.merged)
    depth = 8 * sample_bytes(contents.merged)
    size = (contents.extent.height, contents.extent.width)
    count = 3 if opaque else CHANNELS
    stream.pack(">4sH6xHIIHH", b"8BPS", stream.version, count, *size, depth, _RGB_MODE)
    stream.pack(">I", 0)  # no colour mode data
    _write_resources(stream, contents.icc)
    with stream.section(stream.length):
        if depth == 8:
            with stream.section(stream.length, multiple=4):
                _write_layers(stream, contents.layers, merged_has_alpha=not opaque)
            stream.pack(">I", 0)  # no global mask
        else:
            stream.pack(stream.length, 0)  # no layers of 8 bits
            stream.pack(">I", 0)
            stream.put(b"8BIMLr16")
            with stream.section(stream.length, multiple=4):
                _write_layers(stream, contents.layers, merged_has_alpha=not opaque)
    wanted = (0, 1, 2) if opaque else (0, 1, 2, ALPHA)
    sentence = "Writing the merged picture"
    stream.channels(contents.merged, wanted, sentence, on_white=not opaque)
    if not large and stream.tell() > _LARGEST_PSD_BYTES:
        raise too_large(stream.tell())


def _write_resources(stream: PsdStream, icc: bytes | None) -> None:
    """The profile, and the statement that the merged picture is a real one."""
    program = "layersplit".encode("utf-16-be")
    name = struct.pack(">I", len(program) // 2) + program
    version = struct.pack(">IB", 1, 1) + name + name + struct.pack(">I", 1)
    with stream.section(">I"):
        for number, content in ((_RESOURCE_ICC, icc), (_RESOURCE_VERSION, version)):
            if content is not None:
                stream.pack(">4sHHI", b"8BIM", number, 0, len(content))
                stream.put(content + bytes(len(content) % 2))


def _write_layers(stream: PsdStream, layers: tuple[Layer, ...], *, merged_has_alpha: bool) -> None:
    """The count, all records, then the channels of all layers; bottom first, as PSD has it."""
    # A negative count says that the extra channel of the merged picture is its alpha.
    stream.pack(">h", -len(layers) if merged_has_alpha else len(layers))
    open_lengths = [_write_record(stream, layer) for layer in layers]
    for layer, places in zip(layers, open_lengths, strict=True):
        for channel, place in places.items():
            start = stream.tell()
            stream.channels(layer.pixels, (channel,), f"Writing {layer.name}")
            stream.fill_in(place, stream.length, stream.tell() - start)


def _write_record(stream: PsdStream, layer: Layer) -> dict[int, int]:
    """One layer's record; where the length of each channel has to be filled in."""
    bounds = layer.bounds
    stream.pack(">4iH", bounds.y, bounds.x, bounds.bottom, bounds.right, CHANNELS)
    places = {}
    for channel in (ALPHA, 0, 1, 2):
        stream.pack(">h", channel)
        places[channel] = stream.tell()
        stream.pack(stream.length, 0)
    # Normal, full opacity, not clipped, visible, no irrelevant pixels.
    stream.pack(">8sBBBx", b"8BIMnorm", 255, 0, 0b1000)
    with stream.section(">I"):
        stream.pack(">II", 0, 0)  # no mask, no blending ranges
        short = layer.name.encode("ascii", "replace")[:_SHORT_NAME]
        stream.put((bytes([len(short)]) + short).ljust(-(-(1 + len(short)) // 4) * 4, b"\0"))
        stream.put(b"8BIMluni")
        with stream.section(">I", multiple=4):
            stream.put_text(layer.name)
    return places


def _is_opaque(pixels: Pixels) -> bool:
    """Whether the alpha that is written is full everywhere."""
    for rows in bands(pixels.shape[0], pixels[:1].nbytes):
        alpha = samples(pixels[rows])[..., 3]
        if not np.all(alpha == np.iinfo(alpha.dtype).max):
            return False
    return True
