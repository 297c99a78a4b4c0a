"""What the restored layers look like: sharp, clean, without seams, in the document's colours.

Small scenes of known layers go through a simulated service; the benchmarks do the same at size.
"""

import cv2
import numpy as np
import pytest
from fakes.answers import restored, solid

from layersplit.domain import ModelLayer, Picture
from layersplit.pixels.profile_writer import SRGB_PRIMARIES, gamma_curve, rgb_profile

HEIGHT, WIDTH, SHRINK = 360, 480, 3
GROUND, THING = (205, 190, 150), (40, 70, 120)


def star_alpha():
    """A star with a thin line, antialiased, 0..1."""
    fine = np.zeros((HEIGHT * 4, WIDTH * 4), np.uint8)
    angles = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, 180, 460)
    points = np.stack([960 + reach * np.cos(angles), 720 + reach * np.sin(angles)], axis=1)
    cv2.fillPoly(fine, [points.astype(np.int32)], 255)
    cv2.line(fine, (200, 150), (1700, 260), 255, 7)
    return cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) / np.float32(255)


def soft_alpha():
    """A blurred shadow of 55 %."""
    return 0.55 * cv2.GaussianBlur(star_alpha(), (0, 0), 14)


def service(colour, alpha, seed, noise=2.0):
    """A small layer, blurred, noisy and a little off in colour."""
    random = np.random.default_rng(seed)
    size = (WIDTH // SHRINK, HEIGHT // SHRINK)
    out = np.empty((size[1], size[0], 4), np.float32)
    small = cv2.resize(alpha.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    out[..., 3] = cv2.GaussianBlur(small, (0, 0), 0.8) * 255
    out[..., :3] = np.asarray(colour, np.float32) * random.uniform(0.97, 1.03, 3)
    out += random.standard_normal(out.shape).astype(np.float32) * noise
    return ModelLayer(pixels=np.clip(np.rint(out), 0, 255).astype(np.uint8))


def compose(alpha, ground=GROUND, thing=THING):
    values = np.asarray(ground) * (1 - alpha[..., None]) + np.asarray(thing) * alpha[..., None]
    pixels = solid(HEIGHT, WIDTH, (0, 0, 0))
    pixels[..., :3] = np.rint(values)
    return Picture(pixels=pixels)


def whole(layer):
    out = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    out[layer.bounds.slices] = layer.pixels
    return out


def enlarged(layer):
    return cv2.resize(layer.pixels[..., 3], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / 255


def test_a_sharp_edge_is_at_least_eight_times_closer_than_enlarged():
    alpha = star_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 1), service(THING, alpha, 2)]
    ours = whole(restored(compose(alpha), answer)[1])[..., 3] / 255
    near = np.ones((3, 3), np.uint8)
    band = cv2.dilate(alpha, near) - cv2.erode(alpha, near) > 0.1
    naive = np.abs(enlarged(answer[1]) - alpha)[band].mean()
    assert np.abs(ours - alpha)[band].mean() < naive / 8


def test_an_outline_finer_than_the_services_pixels_is_solved_from_the_pixels_around_it():
    """The small layer shows neither the black of the outline nor the dots of the ground."""
    alpha = star_alpha()
    inside = cv2.erode(alpha, np.ones((9, 9), np.uint8))[..., None]
    thing = np.asarray((90, 160, 220)) * inside
    rows, columns = np.indices(alpha.shape)
    dots = ((rows // 3 + columns // 3) % 2)[..., None]
    ground = np.asarray((250, 235, 180)) * (1 - dots) + np.asarray((235, 140, 90)) * dots
    size = (WIDTH // SHRINK, HEIGHT // SHRINK)
    answer = [
        service(
            cv2.GaussianBlur(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), (0, 0), 1),
            cover,
            number,
        )
        for number, (colour, cover) in enumerate(
            ((ground.astype(np.float32), np.ones_like(alpha)), (thing.astype(np.float32), alpha))
        )
    ]
    ours = whole(restored(compose(alpha, ground, thing), answer)[1])[..., 3] / 255
    near = np.ones((3, 3), np.uint8)
    band = cv2.dilate(alpha, near) - cv2.erode(alpha, near) > 0.1
    naive = np.abs(enlarged(answer[1]) - alpha)[band].mean()
    assert np.abs(ours - alpha)[band].mean() < naive / 9


def test_a_soft_shadow_is_not_worse_than_enlarged():
    alpha = soft_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 3), service(THING, alpha, 4)]
    ours = whole(restored(compose(alpha), answer)[1])[..., 3] / 255
    soft = alpha > 0.02
    assert np.abs(ours - alpha)[soft].mean() <= np.abs(enlarged(answer[1]) - alpha)[soft].mean()


def test_empty_and_solid_parts_are_free_of_the_models_noise():
    alpha = star_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 5), service(THING, alpha, 6, noise=5)]
    ours = whole(restored(compose(alpha), answer)[1])[..., 3]
    far = cv2.dilate(alpha, np.ones((31, 31), np.uint8)) == 0
    deep = cv2.erode(alpha, np.ones((31, 31), np.uint8)) == 1
    assert not ours[far].any()
    assert (ours[deep] == 255).all()


def test_the_hidden_ground_has_no_step_along_the_old_outline():
    alpha = star_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 7, noise=1), service(THING, alpha, 8)]
    ground = whole(restored(compose(alpha), answer)[0])[..., :3]
    error = ground - np.asarray(GROUND)
    outer = cv2.dilate(alpha, np.ones((9, 9), np.uint8)) == 0
    inner = cv2.erode(alpha, np.ones((5, 5), np.uint8)) == 1
    assert np.abs(error[outer]).max() <= 2
    assert np.quantile(np.abs(error[outer]), 0.99) == 0
    assert np.abs(error[inner].mean(axis=0)).max() <= 1
    blurred = cv2.GaussianBlur(error, (0, 0), 3)
    assert np.abs(blurred).max() <= 2


def test_hidden_colours_come_in_the_documents_own_values():
    """In a linear document the same paint has other numbers; the model still speaks sRGB."""
    alpha = star_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 9, noise=0), service(THING, alpha, 10, noise=0)]

    def linear(colour):
        part = np.asarray(colour, np.float64) / 255
        return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4) * 255

    picture = compose(alpha, np.rint(linear(GROUND)), np.rint(linear(THING)))
    icc = rgb_profile(SRGB_PRIMARIES, gamma_curve(1.0), "linear")
    ground = whole(restored(Picture(pixels=picture.pixels, icc=icc), answer)[0])[..., :3]
    inner = cv2.erode(alpha, np.ones((9, 9), np.uint8)) == 1
    assert np.abs(ground[inner] - np.rint(linear(GROUND))).max() <= 3


@pytest.mark.parametrize("shift", [(2, -3), (-3, 2)])
def test_a_displaced_answer_gives_the_same_layers(shift):
    alpha = star_alpha()
    answer = [service(GROUND, np.ones_like(alpha), 11), service(THING, alpha, 12)]
    displaced = [ModelLayer(pixels=np.roll(layer.pixels, shift, axis=(0, 1))) for layer in answer]
    ours = whole(restored(compose(alpha), displaced)[1])[..., 3] / 255
    assert np.abs(ours - alpha).mean() < 0.003
