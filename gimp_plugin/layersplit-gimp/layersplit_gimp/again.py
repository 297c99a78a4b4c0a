"""From the history into an image: a result that is kept, or a job that a service still has."""

from __future__ import annotations

import time
from typing import Any, Generator

from gi.repository import Gimp

from layersplit.bridge import history, words
from layersplit.bridge.folders import JobFolder
from layersplit.bridge.messages import Resume
from layersplit.bridge.texts import translated
from layersplit_gimp.faces import Face
from layersplit_gimp.placing import Placement, insert
from layersplit_gimp.run import keep
from layersplit_gimp.spaces import Space
from layersplit_gimp.waiting import Worker, in_steps

PRECISIONS = {"u8": "U8", "u16": "U16", "f16": "HALF", "f32": "FLOAT"}


def insert_again(entry: history.Entry, image: Any, face: Face) -> None:
    """Put the kept layers of ``entry`` on top of ``image``, or into a new one when that is None.

    Raises Stopped and BridgeError.
    """
    face.progress(None, translated(words.INSERTING))
    with JobFolder() as folder:
        in_steps(history.unpack_layers(entry, folder.path), face)
        in_steps(_insert(entry, image, folder, entry.layer_files()), face)
    history.change(entry.job, inserted=True)


def go_on(entry: history.Entry, image: Any, *, worker: Worker, face: Face) -> None:
    """Bring the layers of a job that did not finish, without paying again.

    Raises Stopped, FailedRun and BridgeError.
    """
    started = time.monotonic()
    with JobFolder() as folder:
        request = Resume(entry.job, str(folder.path), "gimp", order=entry.order, depth=entry.depth)
        result = worker.perform(request, face)
        in_steps(_insert(entry, image, folder, result.layers), face)
        face.close()
        keep(entry.job, result, folder, time.monotonic() - started, inserted=True)


def _insert(
    entry: history.Entry, image: Any, folder: JobFolder, layers: Any
) -> Generator[None, None, None]:
    space = _space_of(entry)
    target = image if image is not None else _new_image_for(entry, space)
    where = Placement(
        name=translated(words.GROUP) % entry.title,
        space=_suited(space, target),
        order=entry.order,
        dx=entry.offset[0],
        dy=entry.offset[1],
    )
    yield from insert(target, layers, folder.path, where)
    if image is None:
        Gimp.Display.new(target)
    Gimp.displays_flush()


def _space_of(entry: history.Entry) -> Space:
    """How the kept pixels are made; Krita's own names mean sRGB here."""
    if len(entry.space) == 3 and entry.host == "gimp":
        return Space(*entry.space)
    return Space("rgb", "non-linear", entry.depth)


def _suited(space: Space, image: Any) -> Space:
    """A grey image takes grey layers, and the other way round."""
    return space._replace(model=Space.of(image).model)


def _new_image_for(entry: history.Entry, space: Space) -> Any:
    """An empty image as large as what was split."""
    kind = Gimp.ImageBaseType.GRAY if space.is_grey else Gimp.ImageBaseType.RGB
    curve = space.curve.upper().replace("-", "_")
    precision = getattr(Gimp.Precision, "%s_%s" % (PRECISIONS[space.depth], curve))
    width, height = entry.offset[0] + entry.width, entry.offset[1] + entry.height
    return Gimp.Image.new_with_precision(max(width, 1), max(height, 1), kind, precision)
