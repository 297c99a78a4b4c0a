"""What lies behind a thing goes on as its surroundings do: flat, gradient, pattern, texture."""

import cv2
import numpy as np
import pytest

from layersplit.classic.fill import fill
from layersplit.classic.gradient import gradient_fill
from layersplit.classic.smooth import smooth_fill
from layersplit.run import Run

HEIGHT, WIDTH = 180, 240
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[60:125, 90:165] = True


def coloured(grey):
    return np.dstack([grey, grey * 0.8 + 20, 220 - grey * 0.5]).astype(np.float32)


def filled(values):
    damaged = values.copy()
    damaged[HOLE] = (255, 0, 255)
    return fill(damaged, HOLE, Run())


@pytest.mark.parametrize(
    ("grey", "allowed"),
    [
        (np.full_like(X, 90), 0.1),
        (X * 0.6 + Y * 0.3, 0.3),
        (60 + 0.004 * (X - 100) ** 2, 0.5),
        (120 + 60 * np.sin(X / 3.5), 6),
        (np.where((X // 12 + Y // 12) % 2, 60.0, 180.0), 2),
    ],
    ids=["flat", "linear", "quadratic", "stripes", "checks"],
)
def test_regular_grounds_come_back_as_they_were(grey, allowed):
    values = coloured(grey.astype(np.float32))
    assert float(np.abs(filled(values) - values)[HOLE].mean()) < allowed


def test_a_texture_keeps_its_grain_and_its_light():
    random = np.random.default_rng(0)
    noise = cv2.GaussianBlur(random.normal(0, 60, (HEIGHT, WIDTH)), (0, 0), 1.2)
    values = coloured((100 + X * 0.3 + noise).astype(np.float32))
    result = filled(values)
    assert 0.6 < float(result[HOLE].std() / values[HOLE].std()) < 1.4
    blurred = [cv2.blur(one, (41, 41))[92, 127] for one in (result, values)]
    assert float(np.abs(blurred[0] - blurred[1]).max()) < 12


def test_nothing_outside_the_hole_changes():
    values = coloured(120 + 60 * np.sin(X / 5) * np.cos(Y / 7))
    assert np.allclose(filled(values)[~HOLE], values[~HOLE], atol=1e-3)


def test_there_is_no_step_at_the_edge_of_the_hole():
    values = coloured(X * 0.5 + 0.001 * (Y - 40) ** 2)
    result = filled(values)
    across = np.abs(np.diff(result[92, :, 0]))
    assert float(across.max()) < 1.5


@pytest.mark.parametrize("where", ["everything", "nothing", "all but one pixel"])
def test_extreme_holes_are_filled_without_failing(where):
    values = coloured(X)
    hole = np.full(HOLE.shape, where != "nothing")
    if where == "all but one pixel":
        hole[3, 4] = False
    result = fill(values, hole, Run())
    assert np.isfinite(result).all()
    if where == "all but one pixel":
        assert np.allclose(result[100, 100], values[3, 4], atol=1)


def test_a_gradient_is_extended_and_a_texture_is_no_gradient():
    outside = np.zeros(HOLE.shape, bool)
    outside[:, 150:] = True
    values = coloured(X * 0.7)
    extended = gradient_fill(np.where(outside[..., None], 0, values).astype(np.float32), outside)
    assert extended is not None
    assert float(np.abs(extended - values).max()) < 1
    random = np.random.default_rng(0)
    assert gradient_fill(random.uniform(0, 255, (*HOLE.shape, 3)).astype(np.float32), HOLE) is None


def test_the_smooth_fill_stays_between_its_neighbours():
    values = coloured(X)
    result = smooth_fill(values, HOLE)
    assert float(result[HOLE][:, 0].min()) >= 89
    assert float(result[HOLE][:, 0].max()) <= 165
