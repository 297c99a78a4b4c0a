"""A displaced answer is put back to a tenth of a small pixel; a right one is left alone."""

import dataclasses

import cv2
import numpy as np
import pytest
from benchmarks.registration import SIZE, error_of
from benchmarks.scenes import foliage
from benchmarks.service import DEGRADATIONS

from layersplit.restore.registration import displacement, moved


def picture(seed=0, height=280, width=360):
    """Shapes with sharp edges over soft texture, (h, w, 3) f32."""
    random = np.random.default_rng(seed)
    coarse = random.random((9, 12, 3)).astype(np.float32)
    out = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * 0.5 + 0.2
    for _ in range(14):
        centre = (int(random.integers(20, width - 20)), int(random.integers(20, height - 20)))
        cv2.circle(
            out, centre, int(random.integers(8, 40)), random.random(3).tolist(), -1, cv2.LINE_AA
        )
    return np.clip(cv2.GaussianBlur(out, (0, 0), 0.7), 0, 1)


def degraded(values, seed=1):
    """What a model's decoder adds: blur, noise, a colour gain."""
    random = np.random.default_rng(seed)
    blurred = cv2.GaussianBlur(values, (0, 0), 0.9) * random.uniform(0.96, 1.04, 3)
    return (blurred + random.standard_normal(values.shape) * 3 / 255).astype(np.float32)


def constant(values, x, y):
    return np.broadcast_to(np.array([x, y], np.float32), (*values.shape[:2], 2)).copy()


@pytest.mark.parametrize(
    "shift", [(0.5, -0.5), (1.3, 0.0), (0.25, 2.75), (-3.6, 4.4), (7.2, -5.6), (-7.2, -5.6)]
)
def test_a_shift_of_up_to_two_percent_is_found_to_a_tenth(shift):
    true = picture()
    answer = degraded(moved(true, constant(true, -shift[0], -shift[1])))
    found = displacement(true, answer)
    assert found is not None
    inside = found[20:-20, 20:-20]
    assert np.abs(inside - shift).max() < 0.1


def test_what_the_border_cut_off_does_not_look_like_a_bend():
    """Leaves to the border: the wide search takes what is missing there for a bend."""
    shift = dataclasses.replace(DEGRADATIONS["mild"], shift=(-0.02, 0.02))
    assert np.quantile(error_of(foliage(SIZE), shift), 0.95) < 0.1


@pytest.mark.parametrize("stretch", [0.99, 1.008])
def test_a_stretch_from_rounded_sizes_is_found(stretch):
    true = picture(2)
    x = (np.arange(true.shape[1]) + 0.5 - true.shape[1] / 2) * (1 - stretch)
    offset = constant(true, 0, 0)
    offset[..., 0] += x
    found = displacement(true, degraded(moved(true, offset)))
    assert found is not None
    assert np.abs(found[20:-20, 20:-20, 0] + x[20:-20] / stretch).max() < 0.15


def test_a_smooth_bend_is_mostly_undone():
    true = picture(3)
    coarse = np.random.default_rng(4).standard_normal((4, 5, 2)).astype(np.float32)
    bend = cv2.resize(coarse, true.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    bend *= 2.5 / np.abs(bend).max()
    bent = moved(true, bend)
    found = displacement(true, degraded(bent))
    assert found is not None
    before = np.abs(true - bent).mean()
    after = np.abs(true - moved(bent, found)).mean()
    assert after < 0.6 * before


@pytest.mark.parametrize("seed", range(4))
def test_a_right_answer_is_not_moved(seed):
    true = picture(seed)
    assert displacement(true, degraded(true, seed)) is None


def test_an_answer_that_shows_something_else_is_not_moved():
    assert displacement(picture(5), degraded(picture(6))) is None


def test_flat_and_tiny_pictures_are_not_moved():
    flat = np.full((100, 100, 3), 0.5, np.float32)
    assert displacement(flat, flat) is None
    assert displacement(flat, degraded(flat)) is None
    assert displacement(flat[:1, :1], flat[:1, :1]) is None
    assert displacement(flat[:1], flat[:1]) is None
