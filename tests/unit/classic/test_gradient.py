"""Gradients that are drawn go on where something hid them."""

import numpy as np
import pytest

from layersplit.classic.gradient import gradient_fill

SHAPE = (240, 320)
Y, X = np.indices(SHAPE)


def coloured(share):
    """A gradient with three stops: (h, w, 3)."""
    stops = (0, 0.4, 1)
    colours = ((20, 30, 90), (240, 90, 120), (250, 220, 160))
    channels = [np.interp(share, stops, channel) for channel in np.transpose(colours)]
    return np.stack(channels, -1).astype(np.float32)


GRADIENTS = {
    "down": Y / 240,
    "slanting": (X * 0.8 + Y * 0.6) / 420,
    "glow": np.hypot(X - 90, Y - 60) / 300,
    "vignette from outside": np.hypot(X + 40, Y - 300) / 480,
}


@pytest.mark.parametrize("kind", GRADIENTS)
def test_stops_go_on_behind_what_hides_them(kind):
    whole = coloured(GRADIENTS[kind])
    hole = (np.abs(X - 200) < 60) & (np.abs(Y - 130) < 50)
    seen = np.where(hole[..., None], np.float32(7), whole)
    filled = gradient_fill(seen, hole)
    assert filled is not None
    assert np.abs(filled - whole)[hole].mean() < 1.5
    assert np.abs(filled - whole)[hole].max() < 8
    assert np.array_equal(filled[~hole], whole[~hole])


def test_what_is_no_gradient_is_left_to_others():
    random = np.random.default_rng(1)
    noise = random.uniform(0, 255, (*SHAPE, 3)).astype(np.float32)
    assert gradient_fill(noise, X < 100) is None
    checks = np.where(((X // 20 + Y // 20) % 2)[..., None], 200, 60).astype(np.float32)
    assert gradient_fill(np.repeat(checks, 3, 2)[..., :3], X < 100) is None


def test_one_known_colour_is_enough_and_too_little_is_not():
    flat = np.full((*SHAPE, 3), 80, np.float32)
    assert np.array_equal(gradient_fill(np.where((X < 90)[..., None], 0, flat), X < 90), flat)
    assert gradient_fill(flat, np.ones(SHAPE, bool)) is None
