"""What is wrong with an answer is said in words, and nothing is said of a good one."""

import cv2
import numpy as np

from layersplit.checks.verdict import judge
from layersplit.domain import ModelLayer

SIDE = 120
Y, X = np.mgrid[:SIDE, :SIDE]
ALPHA = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), (60, 60), 30, 255, -1, cv2.LINE_AA)


def layer(rgb, alpha=255):
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[..., :3] = rgb
    pixels[..., 3] = alpha
    return ModelLayer(pixels=pixels)


STRIPED = np.where(((X // 6) % 2)[..., None] > 0, (220, 40, 40), (250, 220, 60))
GROUND = layer((60, 120, 180))
OBJECT = layer(STRIPED, ALPHA)
SHARE = (ALPHA / 255)[..., None]
FLAT = np.array((60, 120, 180)) * (1 - SHARE) + STRIPED * SHARE
PICTURE = layer(FLAT).pixels


def test_a_good_answer_needs_no_words():
    assert judge(PICTURE, [GROUND, OBJECT]) == ()
    assert judge(PICTURE, [layer(FLAT)]) == ()


def test_layers_that_do_not_look_like_the_picture_are_reported_with_the_figure():
    (note,) = judge(PICTURE, [layer((250, 250, 40)), OBJECT])
    assert "dB" in note


def test_an_object_that_stayed_in_the_background_is_reported():
    (note,) = judge(PICTURE, [layer(FLAT), OBJECT])
    assert "second time" in note


def test_a_plain_thing_on_a_ground_of_its_colour_is_no_double():
    assert judge(GROUND.pixels, [GROUND, layer((60, 120, 180), ALPHA)]) == ()
