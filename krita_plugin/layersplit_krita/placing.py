"""Layers into the document: one group, one undo step, nothing at all when anything fails.

The group is filled in a document of its own, in short steps. Only when it is complete, a copy of it
goes into the user's document, with one call: that call is the undo step. (Adding layers one by one
would be one step each.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generator, List, Optional, Sequence

from krita import Krita, Selection

from layersplit.bridge.failures import JobFolderError
from layersplit.bridge.lanes import four_to_grey, with_order
from layersplit.bridge.messages import LayerFile
from layersplit_krita.colourspaces import Space
from layersplit_krita.qt import QRect

BAND_BYTES = 2 << 20


@dataclass
class Placement:
    """Where a result belongs, and how its files are made: ``space`` and ``order`` of channels.

    ``dx``, ``dy``: the document position of the split picture.

    ``above``: the node over which the group goes, None for the very top. ``hidden``: the nodes that
    are no longer to be seen beside the group. ``mask``: one byte a pixel of ``masked``.
    """

    name: str
    space: Space
    order: str = "rgba"
    dx: int = 0
    dy: int = 0
    above: Any = None
    hidden: Sequence[Any] = field(default_factory=list)
    masked: Optional[QRect] = None
    mask: Optional[bytes] = None


def check(layers: Sequence[LayerFile], folder: Path, space: Space) -> None:
    """Every file is there and has the right length; Krita trusts the length blindly.

    Raises JobFolderError.
    """
    for layer in layers:
        path = folder / layer.file
        width, height = layer.bounds[2:]
        needed = width * height * 4 * space.value_bytes
        try:
            found = path.stat().st_size
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


def insert(
    document: Any, layers: Sequence[LayerFile], folder: Path, where: Placement
) -> Generator[None, None, Any]:
    """Put ``layers`` (bottom first) into ``document``, in short steps; returns the new group."""
    check(layers, folder, where.space)
    native = Space.of(document)
    scratch = Krita.instance().createDocument(
        document.width(), document.height(), "layers", *native, document.resolution()
    )
    try:
        group = scratch.createGroupLayer(where.name)
        for layer in layers:
            node = scratch.createNode(layer.name, "paintlayer")
            if where.space != native:
                node.setColorSpace(*where.space)
            yield from _fill(node, layer, folder, where)
            if where.space != native:
                node.setColorSpace(*native)
                yield
            group.addChildNode(node, None)
        if where.mask is not None and where.masked is not None:
            scratch.rootNode().addChildNode(group, None)  # a group that hangs nowhere takes no mask
            group.addChildNode(_mask(scratch, where), None)
        scratch.waitForDone()
        copy = _into(document, group, where)
    finally:
        scratch.close()  # a document that is left open makes Krita crash when it ends
    document.setModified(True)
    return copy


def _fill(
    node: Any, layer: LayerFile, folder: Path, where: Placement
) -> Generator[None, None, None]:
    x, y, width, height = layer.bounds
    row_bytes = width * 4 * where.space.value_bytes
    rows = max(1, BAND_BYTES // max(1, row_bytes))
    with (folder / layer.file).open("rb") as pixels:
        for top in range(0, height, rows):
            count = min(rows, height - top)
            band = pixels.read(count * row_bytes)
            if len(band) != count * row_bytes:
                raise JobFolderError("raw-missing", name=layer.file, detail="it became shorter")
            if where.space.is_grey:
                band = four_to_grey(band, where.space.word)
            else:
                new = where.space.order
                band = with_order(band, where.space.word, old=where.order, new=new)
            node.setPixelData(band, where.dx + x, where.dy + y + top, width, count)
            yield


def _mask(scratch: Any, where: Placement) -> Any:
    assert where.masked is not None  # noqa: S101 - the caller has looked
    selection = Selection()
    place = where.masked
    selection.setPixelData(where.mask, place.x(), place.y(), place.width(), place.height())
    mask = scratch.createTransparencyMask(where.name)
    mask.setSelection(selection)
    return mask


def _into(document: Any, group: Any, where: Placement) -> Any:
    """The one undo step."""
    copy = group.duplicate()
    copy.setName(where.name)
    parent = document.rootNode()
    if where.above is not None:
        parent = where.above.parentNode()
        copy.setOpacity(where.above.opacity())
        copy.setBlendingMode(where.above.blendingMode())
    parent.addChildNode(copy, where.above)
    document.refreshProjection()  # a group from elsewhere comes without a picture of its own
    document.setActiveNode(copy)
    return copy


def visible_top_nodes(document: Any) -> List[Any]:
    """The nodes whose sight makes the picture."""
    return [node for node in document.rootNode().childNodes() if node.visible()]
