"""The promise: whatever a provider returned, the layers add up to the picture."""

import numpy as np
import pytest
from fakes.answers import (
    DTYPES,
    ROUNDING,
    differences,
    flattened,
    full_of,
    noise_layers,
    noise_picture,
    restored,
    solid,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from layersplit.domain import Arithmetic, ModelLayer, Picture
from layersplit.restore.measure import measure
from layersplit.run import Run

FLOAT_TOLERANCE = 1e-6


def assert_adds_up(layers, picture):
    """No pixel differs in the programs that round; floating point within a few roundings."""
    tolerance = FLOAT_TOLERANCE if picture.pixels.dtype == np.float32 else 0
    for arithmetic in ROUNDING:
        alpha, colour = differences(layers, picture, arithmetic)
        assert alpha <= tolerance
        assert colour <= tolerance


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 10),
    size=st.tuples(st.integers(1, 70), st.integers(1, 90)),
    small=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    dtype=st.sampled_from(DTYPES),
    arithmetic=st.sampled_from(ROUNDING),
)
def test_noise_layers_add_up_to_a_noise_picture(*, seed, count, size, small, dtype, arithmetic):
    picture = noise_picture(seed, *size, dtype)
    layers = restored(picture, noise_layers(seed + 1, count, *small), arithmetic=arithmetic)
    assert_adds_up(layers, picture)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 8),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    dtype=st.sampled_from(DTYPES),
    arithmetic=st.sampled_from(ROUNDING),
)
def test_noise_layers_add_up_to_a_partly_transparent_picture(seed, count, size, dtype, arithmetic):
    picture = noise_picture(seed, *size, dtype, alpha="ramp")
    layers = restored(picture, noise_layers(seed + 1, count, 24, 31), arithmetic=arithmetic)
    assert_adds_up(layers, picture)
    shown = flattened(layers, picture, arithmetic)
    nothing = picture.pixels[..., 3] == 0
    assert not shown[nothing].any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (17, 2)])
def test_thin_and_tiny_pictures_add_up(size, dtype):
    picture = noise_picture(3, *size, dtype)
    assert_adds_up(restored(picture, noise_layers(4, 4, 20, 30)), picture)


def test_twelve_megapixels_of_odd_size_add_up():
    picture = noise_picture(5, 2999, 4001)
    bottom, front = noise_layers(6, 2, 64, 86)
    front.pixels[..., 3] = 0
    front.pixels[20:40, 30:60, 3] = 255
    layers = restored(picture, [bottom, front])
    for arithmetic in ROUNDING:
        assert measure(picture, layers, arithmetic, Run()).max_abs == 0


@pytest.mark.parametrize("alpha", ["opaque", "none"])
def test_a_single_colour_adds_up(alpha):
    picture = noise_picture(0, 40, 50, alpha=alpha)
    picture.pixels[..., :3] = (12, 200, 255)
    assert_adds_up(restored(picture, noise_layers(1, 3, 10, 12)), picture)


def test_a_fully_transparent_picture_keeps_an_empty_bottom():
    picture = noise_picture(0, 40, 50, alpha="none")
    layers = restored(picture, noise_layers(1, 3, 10, 12))
    assert len(layers) == 1
    assert not layers[0].pixels.any()
    assert not layers[0].bounds.is_empty


def test_the_bottom_is_opaque_where_the_picture_is_although_the_model_left_holes():
    picture = noise_picture(7, 64, 80)
    bottom = solid(32, 40, (10, 20, 30), alpha=0)
    bottom[:10, :10, 3] = 255
    front = noise_layers(8, 1, 32, 40)
    layers = restored(picture, [ModelLayer(pixels=bottom), *front])
    assert (layers[0].pixels[..., 3] == 255).all()
    assert_adds_up(layers, picture)


def test_layers_of_different_sizes_add_up():
    picture = noise_picture(9, 90, 120)
    layers = [*noise_layers(1, 1, 30, 40), *noise_layers(2, 1, 200, 100), *noise_layers(3, 1, 7, 5)]
    assert_adds_up(restored(picture, layers), picture)


def test_values_outside_the_range_survive_in_floating_point():
    picture = noise_picture(11, 50, 60, np.float32)
    picture.pixels[10:20, 10:20, :3] = 37.5
    picture.pixels[30:40, 30:40, :3] = -4.0
    layers = restored(picture, noise_layers(12, 5, 25, 30))
    shown = flattened(layers, picture, Arithmetic.ONCE)
    error = np.abs(shown - picture.pixels) / np.maximum(1, np.abs(picture.pixels))
    assert error.max() <= FLOAT_TOLERANCE


def test_values_that_are_no_numbers_do_not_spread():
    picture = noise_picture(13, 40, 40, np.float32)
    picture.pixels[5, 5, 0] = np.nan
    picture.pixels[6, 6, 1] = np.inf
    layers = restored(picture, noise_layers(14, 3, 20, 20))
    shown = flattened(layers, picture, Arithmetic.ONCE)
    wrong = ~np.isclose(shown, picture.pixels, atol=FLOAT_TOLERANCE)
    assert set(map(tuple, np.argwhere(wrong)[:, :2])) <= {(5, 5), (6, 6)}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_krita_may_divide_through_its_estimate_where_the_document_is_half_transparent(dtype):
    """The 8-bit operation multiplies with a reciprocal that is good to 12 bits."""
    picture = noise_picture(15, 60, 70, dtype, alpha="ramp")
    layers = restored(picture, noise_layers(16, 4, 30, 30))
    full = full_of(dtype)
    for sign in (-1, 1):
        out = np.zeros(picture.pixels.shape)
        for layer in layers:
            above = np.zeros(picture.pixels.shape)
            above[layer.bounds.slices] = layer.pixels
            below_alpha = out[..., 3:].copy()
            united = below_alpha + (full - below_alpha) * above[..., 3:] / full
            estimate = 1 + sign * 2.0**-12
            weight = np.where(united > 0, above[..., 3:] / np.maximum(united, 1e-9) * estimate, 0)
            weight = np.where(below_alpha == full, above[..., 3:] / full, weight)
            weight = np.where(below_alpha == 0, above[..., 3:] > 0, weight)
            out[..., :3] = np.rint(out[..., :3] + weight * (above[..., :3] - out[..., :3]))
            out[..., 3:] = np.rint(united)
        goal = picture.pixels.astype(float)
        assert np.array_equal(out[..., 3], goal[..., 3])
        premultiplied = (out[..., :3] - goal[..., :3]) * goal[..., 3:] / full
        assert np.abs(premultiplied).max() <= (0 if dtype == np.uint8 else full / 255)


def test_an_opaque_front_layer_takes_the_source_and_hides_the_rest():
    picture = noise_picture(17, 40, 40)
    front = solid(20, 20, (1, 2, 3))
    layers = restored(picture, [*noise_layers(18, 2, 20, 20), ModelLayer(pixels=front)])
    assert np.array_equal(layers[-1].pixels, picture.pixels)


def test_a_picture_that_is_a_view_is_left_as_it_was():
    base = noise_picture(19, 80, 80).pixels
    before = base.copy()
    picture = Picture(pixels=base[10:60, 5:70])
    picture.pixels.setflags(write=False)
    assert_adds_up(restored(picture, noise_layers(20, 3, 20, 20)), picture)
    assert np.array_equal(base, before)


def blended_as_grey(colour, below, alpha):
    """Krita's UINT8_BLEND of integers."""
    share = (colour - below) * alpha + 0x80
    return below + ((share + (share >> 8)) >> 8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 8))
def test_grey_adds_up_in_kritas_integers_and_in_both_arithmetics(seed, count):
    picture = noise_picture(seed, 60, 70, np.uint8)
    picture.pixels[..., 1:3] = picture.pixels[..., :1]
    layers = restored(picture, noise_layers(seed + 1, count, 24, 31))
    assert_adds_up(layers, picture)
    shown = np.zeros(picture.pixels.shape[:2], int)
    for layer in layers:
        pixels = layer.pixels.astype(int)
        below = shown[layer.bounds.slices]
        shown[layer.bounds.slices] = blended_as_grey(pixels[..., 0], below, pixels[..., 3])
    assert np.array_equal(shown, picture.pixels[..., 0])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 8),
    alpha=st.sampled_from(["opaque", "ramp"]),
)
def test_grey_of_sixteen_bits_adds_up_where_krita_cuts_off(seed, count, alpha):
    picture = noise_picture(seed, 60, 70, np.uint16, alpha=alpha)
    picture.pixels[..., 1:3] = picture.pixels[..., :1]
    noise = noise_layers(seed + 1, count, 24, 31)
    layers = restored(picture, noise, arithmetic=Arithmetic.CUT_OFF)
    wanted = picture.pixels.copy()
    wanted[wanted[..., 3] == 0] = 0
    assert np.array_equal(flattened(layers, picture, Arithmetic.CUT_OFF), wanted)
    assert measure(picture, layers, Arithmetic.CUT_OFF, Run()).max_abs == 0
