"""Integers that are exact after every layer and also when rounded once."""

import numpy as np
import pytest
from fakes.answers import ROUNDING
from hypothesis import given, settings
from hypothesis import strategies as st

from layersplit.domain import Arithmetic
from layersplit.restore.rounding import DEPTHS, exact_integers

COUNT = 4000


def adversarial(seed, count, full):
    """Alphas, wishes and a picture that have nothing to do with each other, extremes included."""
    random = np.random.default_rng(seed)
    picture = random.integers(0, int(full) + 1, (3, COUNT)).astype(float)
    picture[random.random((3, COUNT)) < 0.2] = 0
    picture[random.random((3, COUNT)) < 0.2] = full
    alphas, wishes = [], [random.random((3, COUNT)) * full]
    for _ in range(count):
        alpha = random.integers(0, int(full) + 1, COUNT)
        near = random.choice([1, 2, int(full) // 2, int(full) // 2 + 1, int(full) - 1], COUNT)
        alpha = np.where(random.random(COUNT) < 0.5, near, alpha)
        alphas.append((alpha / full).astype(np.float32 if full == 255 else np.float64))
        wishes.append((random.random((3, COUNT)) * 1.4 - 0.2) * full)
    return picture, alphas, wishes


def shown(colours, alphas, *, each):
    """The composite in float32 with rounding after each layer, or in float64 without."""
    kind = np.float32 if each else np.float64
    out = colours[0].astype(kind)
    for alpha, colour in zip(alphas, colours[1:], strict=True):
        out = alpha.astype(kind) * (colour.astype(kind) - out) + out
        if each:
            out = np.rint(out)
    return out


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 10),
    arithmetic=st.sampled_from(tuple(Arithmetic)),
)
def test_eight_bits_are_exact_in_both_arithmetics(seed, count, arithmetic):
    picture, alphas, wishes = adversarial(seed, count, 255.0)
    chosen = exact_integers(picture, alphas, wishes, DEPTHS[255.0], arithmetic)
    for colour in chosen:
        assert np.array_equal(colour, np.rint(colour))
        assert colour.min() >= 0
        assert colour.max() <= 255
    assert np.array_equal(shown(chosen, alphas, each=True), picture)
    assert np.abs(shown(chosen, alphas, each=False) - picture).max() < 0.4999


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 10))
@pytest.mark.parametrize("arithmetic", ROUNDING)
def test_sixteen_bits_are_exact_in_the_arithmetic_asked_for(arithmetic, seed, count):
    picture, alphas, wishes = adversarial(seed, count, 65535.0)
    chosen = exact_integers(picture, alphas, wishes, DEPTHS[65535.0], arithmetic)
    each = np.abs(shown(chosen, alphas, each=True) - picture).max()
    once = np.abs(np.rint(shown(chosen, alphas, each=False)) - picture).max()
    assert (each if arithmetic is Arithmetic.PER_LAYER else once) == 0
    assert max(each, once) <= 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 10))
def test_sixteen_bits_are_exact_where_the_rest_is_cut_off(seed, count):
    picture, alphas, wishes = adversarial(seed, count, 65535.0)
    single = [alpha.astype(np.float32) for alpha in alphas]  # as the restoration has them
    chosen = exact_integers(picture, single, wishes, DEPTHS[65535.0], Arithmetic.CUT_OFF)
    shown = chosen[0].astype(np.int64)
    for alpha, colour in zip(alphas, chosen[1:], strict=True):
        step = (colour.astype(np.int64) - shown) * np.rint(alpha * 65535).astype(np.int64)
        shown = shown + np.sign(step) * (np.abs(step) // 65535)
    assert np.array_equal(shown, picture)
    assert min(colour.min() for colour in chosen) >= 0
    assert max(colour.max() for colour in chosen) <= 65535


@pytest.mark.parametrize(
    ("full", "arithmetic", "units"),
    [
        (255.0, Arithmetic.PER_LAYER, 3),
        (255.0, Arithmetic.ONCE, 3),
        (65535.0, Arithmetic.CUT_OFF, 6),
    ],
)
def test_wishes_that_already_add_up_are_hardly_moved(full, arithmetic, units):
    random = np.random.default_rng(1)
    alphas = [(random.integers(20, 236, COUNT) / 255).astype(np.float32) for _ in range(3)]
    wishes = [random.random((3, COUNT)) * full for _ in range(4)]
    picture = np.rint(shown(wishes, alphas, each=False))
    chosen = exact_integers(picture, alphas, wishes, DEPTHS[full], arithmetic)
    for position, (got, wanted) in enumerate(zip(chosen, wishes, strict=True)):
        visible = np.ones(COUNT) if position == 0 else alphas[position - 1]
        weight = visible * np.prod([1 - a for a in alphas[position:]], axis=0)
        moved = np.abs(got - wanted)[:, weight > 0.2]
        assert np.quantile(moved, 0.99) <= units
