"""Whatever goes wrong, GIMP's image stays as it was, and the caller reads why."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from breaking import TRICKS, broken, leftovers, play
from gimp_host import GimpHost
from pictures import poster


@pytest.fixture
def unlucky(gimp: GimpHost) -> Iterator[GimpHost]:
    """A GIMP whose workers are broken."""
    with broken(gimp):
        yield gimp


@pytest.mark.parametrize("trick", TRICKS)
def test_a_worker_that_goes_wrong_changes_nothing(unlucky: GimpHost, trick: str) -> None:
    pixels = poster()
    unlucky.new_image("unlucky", pixels)
    before = unlucky.tree("unlucky")
    play(unlucky, trick)
    success, error = unlucky.call("split", "unlucky", {}, None)
    assert not success
    assert TRICKS[trick] in error
    assert unlucky.tree("unlucky") == before
    assert np.array_equal(unlucky.picture("unlucky", pixels), pixels)
    assert not unlucky.call("is_dirty", "unlucky")
    assert not leftovers(unlucky)
