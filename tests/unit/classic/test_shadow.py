"""A soft shadow is a layer of its own; what only looks a little like one stays a drawing."""

import cv2
import numpy as np
import pytest

from layersplit.classic.ground import find_ground
from layersplit.classic.scene import Scene
from layersplit.classic.shadow import find_shadow
from layersplit.classic.splitter import split
from layersplit.domain import Extent, Hints
from layersplit.run import Run

HEIGHT, WIDTH = 400, 520
Y, X = np.indices((HEIGHT, WIDTH)).astype(np.float32)
THING = np.hypot((X - 260) / 1.2, Y - 190) < 90
RED = (210, 50, 60)
GROUNDS = {
    "white": np.full((HEIGHT, WIDTH, 3), 255, np.float32),
    "yellow": np.full((HEIGHT, WIDTH, 3), (250, 215, 110), np.float32),
    "gradient": np.stack([120 + 0.2 * X, 170 + 0.1 * Y, 230 - 0.1 * X], -1).astype(np.float32),
}


def shade(dx=14, dy=30, depth=0.5):
    """A blurred copy of the thing: alpha (h, w)."""
    moved = np.roll(THING.astype(np.float32), (dy, dx), (0, 1))
    return cv2.GaussianBlur(moved, (0, 0), 16) * depth


def with_thing(ground):
    rgb = np.where(THING[..., None], np.float32(RED), ground)
    return np.rint(np.dstack([rgb, np.full(THING.shape, 255)])).astype(np.uint8)


def shadow_in(picture):
    scene = Scene.of(picture)
    return find_shadow(scene, find_ground(scene))


@pytest.mark.parametrize("kind", GROUNDS)
def test_a_drop_shadow_is_a_layer_and_the_ground_has_nothing_of_it(kind):
    ground, alpha = GROUNDS[kind], shade()
    picture = with_thing(ground * (1 - alpha[..., None]))
    extent = Extent(width=WIDTH, height=HEIGHT)
    found = split(picture, hints=Hints(), extent=extent, layer_count=None, run=Run()).layers
    assert [layer.name for layer in found[:2]] == ["background", "shadow"]
    assert len(found) == 3
    assert np.abs(found[0].pixels[..., :3] - ground).max() < 2.5
    beside = ~cv2.dilate(THING.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    assert np.abs(found[1].pixels[..., 3] / 255 - alpha)[beside].max() < 0.02
    assert not found[1].pixels[..., :3].any()
    assert found[1].pixels[..., 3][THING].mean() > 30  # it goes on below the thing


def test_there_is_no_shadow_where_there_is_none():
    assert shadow_in(with_thing(GROUNDS["white"])) is None
    assert shadow_in(with_thing(GROUNDS["gradient"])) is None


def test_a_dark_place_without_a_thing_beside_it_is_a_drawing():
    cloud = 0.4 * np.exp(-(((X - 90) / 40) ** 2 + ((Y - 330) / 30) ** 2))
    assert shadow_in(with_thing(GROUNDS["white"] * (1 - cloud[..., None]))) is None


def test_a_coloured_glow_is_no_shadow():
    glow = GROUNDS["yellow"] * (1 - shade()[..., None] * np.float32((1, 0.3, 0)))
    assert shadow_in(with_thing(glow)) is None


def test_a_light_in_the_middle_is_a_ground_and_no_shadow():
    light = 1 - 0.4 * np.clip(np.hypot(X - 260, Y - 200) / 330, 0, 1) ** 3
    assert shadow_in(with_thing(GROUNDS["yellow"] * light[..., None])) is None


def test_no_shadow_takes_the_place_of_a_layer_that_was_asked_for():
    picture = with_thing(GROUNDS["white"] * (1 - shade()[..., None]))
    extent = Extent(width=WIDTH, height=HEIGHT)
    found = split(picture, hints=Hints(), extent=extent, layer_count=2, run=Run()).layers
    assert [layer.name for layer in found] == ["background", None]
