"""A cancelled run stops where it is, and the next one is like any other."""

import threading
import time

import numpy as np
import pytest

from layersplit.errors import Cancelled
from layersplit.local import prompts, words
from layersplit.local.background import in_background
from layersplit.local.options import Options
from layersplit.run import Run


@pytest.fixture(scope="module")
def uncancelled():
    """Layers of a run that nobody stopped; made once."""
    return []


@pytest.mark.parametrize(
    "moment",
    [
        "Looking at the weights",
        "Plan resident",
        "Loading the text encoder",
        "Describing the picture",
        "Loading the transformer",
        "step 1 of",
        "step 3 of",
        "Decoding the layers",
        "Naming layer 2",
    ],
)
def test_it_stops_at_every_stage_and_the_next_run_is_the_same(
    split, session, monkeypatch, uncancelled, moment
):
    monkeypatch.setattr(words, "CAPTION_TOKENS", 12)
    if not uncancelled:
        uncancelled.extend(split(prompt="", steps=3).layers)
        session.release()
        for file in prompts.folder().iterdir():
            file.unlink()
    cancelled = threading.Event()
    asked = []

    def listen(_stage, _fraction, sentence):
        if moment in sentence and not asked:
            asked.append(time.monotonic())
            cancelled.set()

    with pytest.raises(Cancelled):
        split(listener=listen, cancelled=cancelled, prompt="", steps=3)
    assert time.monotonic() - asked[0] < 2
    again = split(prompt="", steps=3)
    for one, other in zip(uncancelled, again.layers, strict=True):
        assert np.array_equal(one, other)


def test_it_stops_before_the_next_block_inside_a_pass(split, session):
    split(layers=1)
    begun = []
    cancelled = threading.Event()
    blocks = session.model.transformer(lambda *_: None, tokens=1).transformer_blocks

    def stop(*_):
        begun.append(1)
        cancelled.set()

    handles = [block.register_forward_hook(stop) for block in blocks]
    with pytest.raises(Cancelled):
        split(layers=1, steps=9, cancelled=cancelled)
    for handle in handles:
        handle.remove()
    assert len(begun) == 1


def test_writing_stops_within_a_word(split, session, monkeypatch):
    split(prompt="", layers=1, steps=1)
    written = []
    cancelled = threading.Event()
    original = words._Looks.__call__

    def look(self, *arguments, **options):
        written.append(1)
        if len(written) == 5:
            cancelled.set()
        return original(self, *arguments, **options)

    monkeypatch.setattr(words._Looks, "__call__", look)
    with pytest.raises(Cancelled):
        split(prompt="", fresh=True, cancelled=cancelled)
    assert len(written) == 5


def test_a_step_cache_of_a_cancelled_run_does_not_change_the_next(split):
    options = Options(step_cache=0.9)
    expected = split(options=options, steps=4)
    cancelled = threading.Event()

    def listen(_stage, _fraction, sentence):
        if "step 3" in sentence:
            cancelled.set()

    with pytest.raises(Cancelled):
        split(options=options, steps=4, listener=listen, cancelled=cancelled)
    again = split(options=options, steps=4)
    assert all(np.array_equal(a, b) for a, b in zip(expected.layers, again.layers, strict=True))


def test_an_import_that_takes_long_is_left_behind(monkeypatch):
    cancelled = threading.Event()
    threading.Timer(0.1, cancelled.set).start()
    release = threading.Event()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        in_background(lambda: release.wait(20), Run(cancelled=cancelled))
    assert time.monotonic() - start < 2
    release.set()
