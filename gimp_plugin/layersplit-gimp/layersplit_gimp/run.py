"""One split from the image to its layers."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from gi.repository import Gimp

from layersplit.bridge import history, words
from layersplit.bridge.choices import Choices
from layersplit.bridge.folders import JobFolder
from layersplit.bridge.hostlog import note
from layersplit.bridge.messages import Options, Result, Split
from layersplit.bridge.texts import translated
from layersplit_gimp.faces import Face
from layersplit_gimp.placing import Placement, insert, visible_top_layers
from layersplit_gimp.source import THUMBNAIL, Source
from layersplit_gimp.turn import our_turn
from layersplit_gimp.waiting import FailedRun, Stopped, Worker, in_steps


class ImageGone(Exception):  # noqa: N818 - the user closed it, on purpose
    """The image was closed; its layers are in the history, under ``job``."""

    def __init__(self, job: str, title: str) -> None:
        super().__init__(title)
        self.job = job
        self.title = title


@dataclass
class Outcome:
    """What came of a run."""

    group: Any
    result: Result
    seconds: float


def perform(
    source: Source, choices: Choices, options: Options, *, worker: Worker, face: Face
) -> Outcome:
    """Read, split, insert. Raises Stopped, FailedRun, BridgeError, Refusal or ImageGone."""
    started = time.monotonic()
    job = uuid.uuid4().hex
    with our_turn(face), JobFolder() as folder:
        history.begin(_entry(job, source, options))
        try:
            face.progress(None, translated(words.PREPARING))
            picture = in_steps(source.read(folder.path), face)
            history.keep_thumbnail(job, folder.path / THUMBNAIL)
            request = Split(job, str(folder.path), "gimp", picture, options)
            result = worker.perform(request, face)
        except Stopped as stopped:
            if stopped.failure is None or not stopped.failure.may_have_cost:
                history.delete(job)
            else:
                history.change(job, state=history.FAILED)
            raise
        except FailedRun:
            history.change(job, state=history.FAILED)
            raise
        face.progress(None, translated(words.INSERTING))
        group = None
        if source.image.is_valid():
            steps = insert(source.image, result.layers, folder.path, placement(source, choices))
            group = in_steps(steps, face)
            Gimp.displays_flush()
        seconds = time.monotonic() - started
        face.close()
        keep(job, result, folder, seconds, inserted=group is not None)
    if group is None:
        raise ImageGone(job, source.title)
    return Outcome(group, result, seconds)


def placement(source: Source, choices: Choices) -> Placement:
    """Where the layers go."""
    above = source.layer if source.layer is not None and source.layer.is_valid() else None
    hides = source.scope != "selection" and (choices.hide_original or not source.opaque)
    originals = [above] if above is not None else visible_top_layers(source.image)
    return Placement(
        name=translated(words.GROUP) % source.title,
        space=source.space,
        dx=source.bounds[0],
        dy=source.bounds[1],
        above=above,
        hidden=originals if hides else [],
        masked=source.selected,
        mask=source.mask,
    )


def _entry(job: str, source: Source, options: Options) -> history.Entry:
    x, y, width, height = source.bounds
    return history.Entry(
        job=job,
        title=source.title,
        host="gimp",
        provider=options.provider,
        width=width,
        height=height,
        order="rgba",
        depth=source.space.depth,
        space=list(source.space),
        offset=[x, y],
    )


def keep(job: str, result: Result, folder: JobFolder, seconds: float, *, inserted: bool) -> None:
    """Pack the result into the history; without room for it, the run is a success all the same."""
    cost = result.report.get("cost_usd")
    history.change(job, inserted=inserted, seconds=seconds, cost_usd=cost)
    try:
        for _ in history.keep_layers(job, result.layers, folder.path):
            pass
    except OSError as error:
        note("the history cannot keep %s: %s" % (job, error))
