"""Hints decide what is the subject, whichever engine answered; cuts follow the object's edge."""

import cv2
import numpy as np
import pytest

from layersplit.checks.isolate import isolate
from layersplit.checks.subject import subject_mattes
from layersplit.domain import Bounds, Extent, Hints, ModelLayer, Point

SIDE = 240
FULL = Extent(width=2 * SIDE, height=2 * SIDE)


def noisy(colour, seed):
    random = np.random.default_rng(seed)
    return np.clip(np.array(colour) + random.normal(0, 12, (SIDE, SIDE, 3)), 0, 255)


SHAPE = np.zeros((SIDE, SIDE), np.uint8)
cv2.ellipse(SHAPE, (110, 130), (60, 42), 20, 0, 360, 255, -1, cv2.LINE_AA)
SUBJECT = SHAPE / 255.0
COLOURS = (
    noisy((90, 140, 90), 0) * (1 - SUBJECT[..., None])
    + noisy((190, 80, 60), 1) * SUBJECT[..., None]
)
PICTURE = np.dstack([COLOURS, np.full((SIDE, SIDE), 255)]).astype(np.uint8)
BOX = Bounds(x=2 * 40, y=2 * 75, width=2 * 140, height=2 * 110)
ROUGH = cv2.resize(cv2.dilate(SHAPE, np.ones((17, 17))), (2 * SIDE, 2 * SIDE))
HINTS = {
    "box": Hints(boxes=(BOX,)),
    "rough mask": Hints(mask=ROUGH),
    "mask inside": Hints(mask=cv2.resize(cv2.erode(SHAPE, np.ones((9, 9))), (2 * SIDE, 2 * SIDE))),
    "point": Hints(points=(Point(x=2 * 110, y=2 * 130),)),
    "points": Hints(points=(Point(x=220, y=260), Point(x=20, y=20, foreground=False))),
    "outline": Hints(mask=ROUGH - cv2.erode(ROUGH, np.ones((9, 9)))),
}


def iou(one, other):
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())


@pytest.mark.parametrize("kind", HINTS)
def test_the_matte_is_the_object_whatever_the_kind_of_hint(kind):
    (matte,) = subject_mattes(PICTURE, HINTS[kind], FULL)
    assert matte.dtype == np.float32
    assert iou(matte, SUBJECT) > 0.95


def test_each_box_is_one_object_and_no_hint_is_none():
    two = Hints(boxes=(BOX, Bounds(x=0, y=0, width=60, height=60)))
    assert len(subject_mattes(PICTURE, two, FULL)) == 2
    assert subject_mattes(PICTURE, Hints(), FULL) == ()
    assert subject_mattes(PICTURE, Hints(points=(Point(x=1, y=1, foreground=False),)), FULL) == ()


def test_the_same_hint_gives_the_same_matte():
    first, second = (subject_mattes(PICTURE, HINTS["box"], FULL)[0] for _ in range(2))
    assert np.array_equal(first, second)


def as_layer(colour, alpha):
    return ModelLayer(
        pixels=np.dstack([np.broadcast_to(colour, (SIDE, SIDE, 3)), alpha]).astype(np.uint8)
    )


def test_a_layer_that_mixes_the_subject_with_more_is_cut_along_the_matte():
    ground = as_layer(noisy((90, 140, 90), 0), np.full((SIDE, SIDE), 255))
    alpha = np.zeros((SIDE, SIDE))
    alpha[:, 30:] = 255  # the model merged the subject with a slab of its surroundings
    merged = as_layer(COLOURS, alpha)
    result = isolate(PICTURE, [ground, merged], HINTS["box"], FULL)
    assert len(result) == 3
    assert iou(result[-1].pixels[..., 3] / 255, SUBJECT) > 0.9
    assert float((result[1].pixels[..., 3] / 255 * (SUBJECT > 0.5)).mean()) < 0.01


def test_a_layer_that_is_the_subject_comes_to_the_front_as_it_is():
    ground = as_layer(noisy((90, 140, 90), 0), np.full((SIDE, SIDE), 255))
    subject = as_layer(COLOURS, SHAPE)
    far = np.zeros((SIDE, SIDE))
    far[:20, 200:] = 255
    other = as_layer(np.array((10, 20, 200)), far)
    result = isolate(PICTURE, [ground, subject, other], HINTS["box"], FULL)
    assert result[-1] is subject
    assert result[0] is ground
    assert result[1] is other


def test_a_subject_that_stayed_in_the_background_is_cut_out_of_it():
    ground = as_layer(COLOURS, np.full((SIDE, SIDE), 255))
    result = isolate(PICTURE, [ground], HINTS["rough mask"], FULL)
    assert len(result) == 2
    assert (result[0].pixels[..., 3] == 255).all()
    assert iou(result[1].pixels[..., 3] / 255, SUBJECT) > 0.9


def test_without_hints_nothing_changes():
    layers = [as_layer(COLOURS, np.full((SIDE, SIDE), 255))]
    assert isolate(PICTURE, layers, Hints(), FULL) == layers


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (9, 9)])
def test_tiny_pictures_and_pictures_of_one_colour_do_not_fail(shape):
    pixels = np.full((*shape, 4), 255, np.uint8)
    extent = Extent(width=shape[1], height=shape[0])
    hints = Hints(
        boxes=(extent.bounds,), points=(Point(x=0, y=0),), mask=np.full(shape, 255, np.uint8)
    )
    for matte in subject_mattes(pixels, hints, extent):
        assert matte.shape == shape
    assert isolate(pixels, [ModelLayer(pixels=pixels)], hints, extent)
