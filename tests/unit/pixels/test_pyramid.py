"""Smooth continuation keeps what is known and invents nothing beyond its range."""

import numpy as np
import pytest

from layersplit.pixels.pyramid import push_pull


def known_part(seed=0, height=40, width=60):
    random = np.random.default_rng(seed)
    values = random.random((height, width, 3)).astype(np.float32)
    weights = (random.random((height, width)) < 0.1).astype(np.float32)
    return values, weights


def test_known_values_stay():
    values, weights = known_part()
    out = push_pull(values, weights)
    assert np.allclose(out[weights == 1], values[weights == 1], atol=1e-6)


def test_the_continuation_stays_within_the_known_range():
    values, weights = known_part(1)
    out = push_pull(values, weights)
    known = values[weights == 1]
    assert out.min() >= known.min() - 1e-5
    assert out.max() <= known.max() + 1e-5


def test_one_known_pixel_fills_everything():
    values = np.zeros((17, 33, 3), np.float32)
    weights = np.zeros((17, 33), np.float32)
    values[4, 9], weights[4, 9] = (0.2, 0.5, 0.9), 1
    assert np.allclose(push_pull(values, weights), (0.2, 0.5, 0.9), atol=1e-5)


def test_a_gradient_goes_on_across_a_hole():
    x = np.linspace(0, 1, 64, dtype=np.float32)
    values = np.broadcast_to(x[None, :, None], (64, 64, 3)).astype(np.float32)
    weights = np.ones((64, 64), np.float32)
    weights[24:40, 24:40] = 0
    error = np.abs(push_pull(values * weights[..., None], weights) - values)
    assert error.max() < 0.08
    assert error[24:40, 24:40].mean() < 0.03


def test_nothing_known_gives_zeros():
    out = push_pull(np.ones((5, 7, 3), np.float32), np.zeros((5, 7), np.float32))
    assert not out.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3)])
def test_tiny_sizes_work(size):
    values = np.full((*size, 3), 0.5, np.float32)
    assert np.allclose(push_pull(values, np.ones(size, np.float32)), 0.5)
