"""Whatever goes wrong, Krita's document stays as it was, and the user reads why."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from breaking import TRICKS, broken, leftovers, play
from krita_host import MESSAGE, PROGRESS, KritaHost
from pictures import poster, to_bgra


@pytest.fixture
def unlucky(krita: KritaHost) -> Iterator[KritaHost]:
    """A Krita whose workers are broken."""
    with broken(krita):
        krita.call("stop_worker")
        yield krita
        krita.call("stop_worker")


def assert_untouched(krita: KritaHost, name: str, pixels: np.ndarray) -> None:
    assert [node["name"] for node in krita.tree(name)] == ["Picture"]
    assert np.array_equal(krita.picture(name, pixels), pixels)
    krita.wait_until("nothing is left", lambda: not leftovers(krita))


@pytest.mark.parametrize("trick", TRICKS)
def test_a_worker_that_goes_wrong_changes_nothing(unlucky: KritaHost, trick: str) -> None:
    pixels = to_bgra(poster())
    unlucky.new_document("unlucky", pixels)
    undo = unlucky.call("undo_text")
    play(unlucky, trick)
    unlucky.call("trigger", "layersplit_again")
    unlucky.wait_until("a message", lambda: unlucky.window(MESSAGE))
    assert TRICKS[trick] in unlucky.text(MESSAGE)
    unlucky.call("press_button", MESSAGE, "Close")
    unlucky.wait_until("no progress", lambda: not unlucky.window(PROGRESS))
    assert_untouched(unlucky, "unlucky", pixels)
    assert unlucky.call("undo_text") == undo


def test_a_worker_that_does_not_hear_cancel_is_ended(unlucky: KritaHost) -> None:
    pixels = to_bgra(poster())
    unlucky.new_document("deaf", pixels)
    play(unlucky, "deaf")
    unlucky.call("trigger", "layersplit_again")
    unlucky.wait_until("it works", lambda: "Looking for text" in unlucky.text(PROGRESS))
    start = time.monotonic()
    unlucky.call("press_button", PROGRESS, "Cancel")
    unlucky.wait_until("it is gone", lambda: not unlucky.window(PROGRESS))
    assert time.monotonic() - start < 3
    assert not unlucky.do("processes", "broken_worker")
    assert_untouched(unlucky, "deaf", pixels)


FULL_MEMORY = """
from layersplit_krita import placing
kept = placing.with_order
calls = []
def with_order(*arguments, **named):
    calls.append(1)
    if len(calls) == 3:
        placing.with_order = kept
        raise MemoryError
    return kept(*arguments, **named)
placing.with_order = with_order
"""


def test_a_failure_in_the_middle_of_the_insertion_changes_nothing(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("half", pixels)
    krita.call("execute", FULL_MEMORY)
    krita.call("trigger", "layersplit_again")
    krita.wait_until("a message", lambda: krita.window(MESSAGE))
    assert "There is not enough memory" in krita.text(MESSAGE)
    krita.call("press_button", MESSAGE, "Close")
    assert_untouched(krita, "half", pixels)
    krita.split_again("half")
    assert np.array_equal(krita.picture_of_top("half", pixels), pixels)
