"""Full pictures, blanks and copies are left out; what shows something of its own always stays."""

import cv2
import numpy as np
import pytest

from layersplit.checks.sanity import inspect
from layersplit.domain import ModelLayer

SIZE = (160, 200)


def layer(colour, mask=None):
    """One colour (or an array of colours) inside a mask."""
    pixels = np.zeros((*SIZE, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = 255 if mask is None else mask
    return pixels


def disc(x, y, radius):
    mask = np.zeros(SIZE, np.uint8)
    cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    return mask


def flat(*stack):
    """The opaque picture that the stack makes."""
    out = np.zeros((*SIZE, 3))
    for one in stack:
        alpha = one[..., 3:] / 255
        out = one[..., :3] * alpha + out * (1 - alpha)
    return np.dstack([np.rint(out), np.full(SIZE, 255)]).astype(np.uint8)


GROUND = layer(np.linspace(60, 200, SIZE[1])[None, :, None])
RED = layer((220, 40, 30), disc(60, 70, 35))
BLUE = layer((30, 60, 210), disc(130, 90, 30))
PICTURE = flat(GROUND, RED, BLUE)


def regenerated(kind):
    """The picture as services return it again."""
    values = PICTURE.astype(np.float32)
    match kind:
        case "re-encoded":
            _, data = cv2.imencode(".jpg", PICTURE[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
            values[..., :3] = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        case "blurred":
            values[..., :3] = cv2.GaussianBlur(values[..., :3], (0, 0), 1.5)
        case "shifted in colour":
            values[..., :3] = values[..., :3] * (0.92, 1.0, 1.06) + (6, -4, 2)
        case "nearly opaque":
            values[..., 3] = 251
        case "moved by a pixel":
            values = np.roll(values, 1, axis=1)
    return np.clip(values, 0, 255).astype(np.uint8)


def inspected(*stack, picture=PICTURE):
    return inspect(picture, [ModelLayer(pixels=one) for one in stack])


def dropped(result):
    return {(one.reason, one.index) for one in result.dropped}


KINDS = ["exact", "re-encoded", "blurred", "shifted in colour", "nearly opaque", "moved by a pixel"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_regenerated_picture_is_left_out_wherever_it_comes(kind, place):
    stack = [GROUND, RED, BLUE]
    stack.insert(place, regenerated(kind))
    assert dropped(inspected(*stack)) == {("full-picture", place)}


def test_an_opaque_background_stays():
    assert inspected(GROUND, RED, BLUE).kept == (0, 1, 2)


def test_the_only_layer_stays_even_when_it_is_the_picture():
    assert inspected(PICTURE).kept == (0,)


def test_a_layer_that_is_everything_stays_before_a_ground_that_explains_nothing():
    assert inspected(layer((90, 90, 90)), PICTURE).kept == (0, 1)


def test_a_background_with_the_object_baked_in_stays_when_there_is_no_other():
    assert 0 in inspected(PICTURE, RED).kept


def test_a_background_that_hardly_differs_from_the_picture_stays():
    dot = layer((220, 40, 30), disc(60, 70, 4))
    assert inspected(GROUND, dot, picture=flat(GROUND, dot)).kept == (0, 1)


def test_blank_layers_are_left_out_with_all_kinds_of_residue():
    random = np.random.default_rng(0)
    empty = layer(0, np.zeros(SIZE, np.uint8))
    faint = layer((200, 10, 10), random.integers(0, 9, SIZE).astype(np.uint8))
    specks = layer(255, ((random.random(SIZE) > 0.998) * 255).astype(np.uint8))
    result = inspected(GROUND, empty, RED, faint, BLUE, specks)
    assert dropped(result) == {("blank", 1), ("blank", 3), ("blank", 5)}


def test_small_thin_and_soft_layers_are_not_blank():
    hairline = np.zeros(SIZE, np.uint8)
    cv2.line(hairline, (20, 20), (150, 120), 255, 1, cv2.LINE_AA)
    small = disc(30, 30, 3)
    shadow = cv2.GaussianBlur(disc(100, 80, 40), (0, 0), 12) // 4
    for mask in (hairline, small, shadow):
        assert inspected(GROUND, layer((10, 10, 10), mask)).kept == (0, 1)


def test_copies_are_left_out_and_the_first_one_stays():
    _, data = cv2.imencode(".jpg", RED[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    again = np.dstack([cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], RED[..., 3]])
    result = inspected(GROUND, RED, BLUE, RED, again)
    assert dropped(result) == {("duplicate", 3), ("duplicate", 4)}


def test_two_things_of_one_shape_or_of_one_colour_are_no_copies():
    shadow = layer((20, 20, 20), RED[..., 3])
    twin = layer((220, 40, 30), disc(150, 120, 35))
    assert inspected(GROUND, shadow, RED, twin).kept == (0, 1, 2, 3)


def test_something_is_kept_when_everything_is_blank():
    empty = layer(0, np.zeros(SIZE, np.uint8))
    result = inspected(empty, empty)
    assert len(result.kept) == 1
    assert len(result.dropped) == 1
    assert result.notes


def test_the_parts_of_a_transparent_document_stay():
    alpha = np.maximum(RED[..., 3], BLUE[..., 3])
    picture = PICTURE.copy()
    picture[..., 3] = alpha
    assert inspected(RED, BLUE, picture=picture).kept == (0, 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2, 3)])
def test_tiny_and_narrow_pictures_are_inspected(shape):
    pixels = np.full((*shape, 4), 255, np.uint8)
    result = inspect(pixels, [ModelLayer(pixels=pixels), ModelLayer(pixels=pixels)])
    assert len(result.kept) >= 1
