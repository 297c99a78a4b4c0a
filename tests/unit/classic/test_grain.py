"""Grain hides no thing, and what is filled has it too."""

import numpy as np
import pytest

from layersplit.classic.grain import LEAST, calmed, grain_of
from layersplit.classic.splitter import split
from layersplit.domain import Extent, Hints
from layersplit.run import Run

HEIGHT, WIDTH = 360, 480
Y, X = np.indices((HEIGHT, WIDTH))
DISC = np.hypot(X - 250, Y - 190) < 80
SKY = np.stack([np.interp(Y, (0, 150, 359), stops) for stops in
                ((20, 140, 245), (40, 90, 180), (100, 140, 140))], -1)  # fmt: skip
DRAWN = np.where(DISC[..., None], (235, 215, 90), SKY)


def grainy(deviation):
    noise = np.random.default_rng(3).normal(0, deviation, DRAWN.shape)
    return np.clip(np.rint(DRAWN + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("deviation", [2, 5, 10])
def test_the_strength_of_grain_is_measured_beside_edges_and_gradients(deviation):
    assert grain_of(grainy(deviation)) == pytest.approx(deviation, rel=0.12)


def test_a_drawing_without_grain_stays_as_it_is():
    clean = np.rint(DRAWN).astype(np.uint8)
    assert grain_of(clean) < LEAST
    assert calmed(clean, grain_of(clean)) is clean


@pytest.mark.parametrize("deviation", [4, 8])
def test_things_are_found_in_grain_and_the_ground_keeps_it(deviation):
    picture = np.dstack([grainy(deviation), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    extent = Extent(width=WIDTH, height=HEIGHT)
    ground, thing = split(picture, hints=Hints(), extent=extent, layer_count=None, run=Run()).layers
    alpha = thing.pixels[..., 3] / 255
    assert np.minimum(alpha, DISC).sum() / np.maximum(alpha, DISC).sum() > 0.97
    behind = ground.pixels[..., :3].astype(float) - SKY
    inner = np.hypot(X - 250, Y - 190) < 70
    assert np.abs(behind[inner].mean(0)).max() < 1.5
    assert 0.5 * deviation < behind[inner].std() < 1.4 * deviation
