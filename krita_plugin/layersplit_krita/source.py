"""What is to be split, read from a document without keeping the user waiting.

The document is cloned first (a clone shares its pixels until one of the two changes them), so the
picture is that of one moment although reading it takes many turns and the user goes on drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generator, List, Optional

from layersplit.bridge import words
from layersplit.bridge.lanes import grey_to_four, is_opaque
from layersplit.bridge.messages import RawPicture
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.thumbnail import Thumbnail
from layersplit_krita.colourspaces import Space, converted, profile_of
from layersplit_krita.qt import QRect

THUMBNAIL = "thumbnail.png"
BAND_BYTES = 2 << 20
CONTEXT = 0.5
"""How much of its surround goes with a selection, as a share of its longer side."""
MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")


@dataclass
class Source:
    """One picture to be split, and where its layers belong.

    ``bounds``: its place in the document. ``native``: the space of its pixels, ``space``: that in
    which they travel; both as they are now, because the document may be gone later. ``node_id``:
    the node whose pixels it is, None for the whole picture. ``mask``: the selection (one byte a
    pixel of ``selected``), None when it is a rectangle or there is none. ``opaque`` is known once
    everything is read.
    """

    document: Any
    root_id: str
    title: str
    scope: str
    bounds: QRect
    native: Space
    space: Space
    node_id: Any = None
    selected: Optional[QRect] = None
    mask: Optional[bytes] = None
    opaque: bool = True

    def read(self, folder: Path) -> Generator[None, None, RawPicture]:
        """Write the worker's files into ``folder``, in short steps; returns their description.

        A small picture for the history lies beside them afterwards, as thumbnail.png.
        """
        width, height = self.bounds.width(), self.bounds.height()
        small = Thumbnail(width, height, depth=self.space.word, order=self.space.order)
        snapshot = self.document.clone()
        try:
            profile = profile_of(self.space, folder)
            if profile is not None:
                (folder / "source.icc").write_bytes(profile)
            yield
            reader = snapshot if self.node_id is None else snapshot.nodeByUniqueID(self.node_id)
            with (folder / "source.raw").open("wb") as output:
                for band in _bands(self.bounds, 4 * self.space.value_bytes):
                    pixels = self._band(reader, snapshot, band)
                    self.opaque = self.opaque and is_opaque(pixels, self.space.word)
                    output.write(pixels)
                    small.add(band.top() - self.bounds.top(), pixels)
                    yield
        finally:
            snapshot.close()
        small.save(folder / THUMBNAIL)
        return RawPicture(
            width=width,
            height=height,
            order=self.space.order,
            depth=self.space.word,
            title=self.title,
            has_profile=profile is not None,
            selection=self._write_selection(folder),
            is_grey=self.space.is_grey,
        )

    def _band(self, reader: Any, snapshot: Any, band: QRect) -> bytes:
        where = (band.x(), band.y(), band.width(), band.height())
        read = reader.pixelData if self.node_id is None else reader.projectionPixelData
        pixels = bytes(read(*where))
        if self.native != self.space:
            pixels = converted(
                pixels, band.width(), band.height(), owner=snapshot, old=self.native, new=self.space
            )
        return grey_to_four(pixels, self.space.word) if self.space.is_grey else pixels

    def _write_selection(self, folder: Path) -> Optional[List[int]]:
        if self.selected is None:
            return None
        size = self.selected.width() * self.selected.height()
        mask = self.mask if self.mask is not None else b"\xff" * size
        (folder / "selection.raw").write_bytes(mask)
        place = self.selected.translated(-self.bounds.x(), -self.bounds.y())
        return [place.x(), place.y(), place.width(), place.height()]


def source_of(document: Any, scope: str) -> Source:
    """What ``scope`` means in ``document`` now; raises Refusal when there is nothing to split."""
    document.waitForDone()
    canvas = QRect(0, 0, document.width(), document.height())
    source = Source(
        document=document,
        root_id=document.rootNode().uniqueId(),
        title=title_of(document),
        scope=scope,
        bounds=canvas,
        native=Space.of(document),
        space=Space.of(document).travelling,
    )
    if scope == "layer":
        _take_layer(source, document.activeNode(), canvas)
    elif scope == "selection":
        _take_selection(source, document.selection(), canvas)
    return source


def title_of(document: Any) -> str:
    """What the user calls the document."""
    name = Path(document.fileName()).stem if document.fileName() else document.name()
    return name or "Krita"


def _take_layer(source: Source, node: Any, canvas: QRect) -> None:
    if node is not None and node.type() in MASKS:
        node = node.parentNode()
    bounds = QRect() if node is None else node.bounds()
    if node is None or bounds.isEmpty() or node.type() == "filterlayer":
        raise Refusal(*words.empty_layer(node.name() if node else ""))
    if not node.visible():
        raise Refusal(*words.hidden_layer(node.name()))
    # A fill layer has no end; what lies far outside the canvas is not worth splitting either.
    reach = canvas.adjusted(-canvas.width(), -canvas.height(), canvas.width(), canvas.height())
    source.bounds = canvas if node.type() == "filllayer" else bounds.intersected(reach)
    source.node_id = node.uniqueId()
    source.native = Space.of(node)
    source.title = node.name()


def _take_selection(source: Source, selection: Any, canvas: QRect) -> None:
    selected = QRect()
    if selection is not None:
        selected = QRect(selection.x(), selection.y(), selection.width(), selection.height())
        selected = selected.intersected(canvas)
    if selected.isEmpty():
        source.scope = "picture"
        return
    mask = bytes(
        selection.pixelData(selected.x(), selected.y(), selected.width(), selected.height())
    )
    margin = int(CONTEXT * max(selected.width(), selected.height()))
    source.selected = selected
    source.bounds = selected.adjusted(-margin, -margin, margin, margin).intersected(canvas)
    source.mask = None if mask.count(b"\xff") == len(mask) else mask


def _bands(bounds: QRect, pixel_bytes: int) -> Generator[QRect, None, None]:
    """``bounds`` in strips of full width, each small enough for one step."""
    rows = max(1, BAND_BYTES // (bounds.width() * pixel_bytes))
    for top in range(bounds.top(), bounds.bottom() + 1, rows):
        yield QRect(bounds.left(), top, bounds.width(), min(rows, bounds.bottom() + 1 - top))
