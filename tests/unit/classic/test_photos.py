"""What the splitter takes for a thing among texture, and what it leaves alone."""

import cv2
import numpy as np

from layersplit.classic.splitter import ONE_LAYER, split
from layersplit.domain import Extent, Hints
from layersplit.run import Run

SIDE = 300


def texture(seed, colour, deviation=24):
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 1))
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)[..., None]
    return np.asarray(colour, float) + smooth * (deviation / smooth.std())


def standing_figure(left, right):
    """A figure of fur with a bright face, from the bottom up, before an even ground."""
    rgb = np.full((SIDE, SIDE, 3), (70, 90, 110), float)
    body = np.zeros((SIDE, SIDE), bool)
    body[50:, left:right] = True
    rgb[body] = texture(1, (150, 110, 70))[body]
    rows, columns = np.indices((SIDE, SIDE))
    face = (rows - 130) ** 2 + (columns - 150) ** 2 < 60**2
    rgb[face] = texture(2, (225, 205, 190))[face]
    return layers_of(rgb)


def layers_of(rgb):
    return splitting_of(rgb).layers


def splitting_of(rgb):
    pixels = np.dstack([np.clip(rgb, 0, 255), np.full((SIDE, SIDE), 255)]).astype(np.uint8)
    extent = Extent(width=SIDE, height=SIDE)
    return split(pixels, hints=Hints(), extent=extent, layer_count=None, run=Run())


def test_a_portrait_stays_in_one_piece():
    assert len(standing_figure(30, 270)) == 2


def test_a_subject_is_taken_out_of_a_scene_that_spans_the_picture():
    assert len(standing_figure(0, SIDE)) == 3


def test_specks_in_a_row_among_texture_are_no_text():
    rgb = texture(3, (120, 130, 90), 30)
    rgb[:90] = (190, 210, 230)
    for place in range(5):
        cv2.ellipse(rgb, (80 + 14 * place, 60), (4, 3 + place % 2), 20 * place, 0, 360, 30, -1)
    assert all(layer.name != "text" for layer in layers_of(rgb))


def test_what_stands_at_the_lower_border_is_not_the_ground():
    rgb = np.full((SIDE, SIDE, 3), (90, 130, 195), float)
    for column in range(0, 110, 22):  # a flag fills the left side
        rgb[:, column : column + 11] = (200, 40, 50)
        rgb[:, column + 11 : column + 22] = (235, 235, 235)
    cv2.ellipse(rgb, (150, 320), (190, 170), 0, 0, 360, (22, 24, 30), -1)
    cv2.circle(rgb, (150, 110), 60, (225, 180, 150), -1)
    bottom = layers_of(rgb)[0].pixels
    assert np.abs(np.median(bottom[..., :3].reshape(-1, 3), axis=0) - (90, 130, 195)).max() < 12


def test_one_layer_comes_with_the_reason():
    even = np.full((SIDE, SIDE, 3), 120, float)
    assert splitting_of(even).notes == (ONE_LAYER,)
