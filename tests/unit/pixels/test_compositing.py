"""The hosts' arithmetics against slow, plain ones; and the places of layers."""

import numpy as np
import pytest
from fakes.answers import DTYPES, flattened, full_of, noise_picture
from hypothesis import given, settings
from hypothesis import strategies as st

from layersplit.domain import Arithmetic, Bounds, Extent, Layer
from layersplit.pixels.compositing import composite, composite_unrounded, over_per_layer, psnr


def random_stack(seed, count, extent, dtype):
    """Layers of any size and place, some reaching over the border, with all kinds of alpha."""
    random = np.random.default_rng(seed)
    layers = []
    for number in range(count):
        width, height = (
            int(random.integers(1, side + 3)) for side in (extent.width, extent.height)
        )
        pixels = noise_picture(seed + number, height, width, dtype, alpha="ramp").pixels
        x, y = int(random.integers(-2, extent.width)), int(random.integers(-2, extent.height))
        layers.append(Layer(name=str(number), pixels=pixels, x=x, y=y))
    return layers


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 6),
    dtype=st.sampled_from(DTYPES),
    arithmetic=st.sampled_from(tuple(Arithmetic)),
)
def test_the_arithmetics_agree_with_plain_ones(seed, count, dtype, arithmetic):
    extent = Extent(width=9, height=7)
    layers = random_stack(seed, count, extent, dtype)
    got = composite(layers, extent.bounds, arithmetic).astype(float)
    picture = noise_picture(0, extent.height, extent.width, dtype)
    inside = []
    for layer in layers:
        seen = layer.bounds.intersection(extent.bounds)
        if not seen.is_empty:
            part = layer.pixels[seen.moved(-layer.x, -layer.y).slices]
            inside.append(Layer(name="", pixels=part, x=seen.x, y=seen.y))
    plain = flattened(inside, picture, arithmetic)
    full = full_of(dtype)
    weight = got[..., 3:] / full
    tolerance = 1e-5 if dtype == np.float32 else 1
    assert np.abs(got[..., 3] - plain[..., 3]).max() <= tolerance
    assert (np.abs(got - plain)[..., :3] * weight).max() <= tolerance


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_krita_rounds_after_every_layer_and_others_at_the_end(dtype):
    full = int(full_of(dtype))
    bottom = np.full((1, 1, 4), full, dtype)
    bottom[..., :3] = 0
    faint = np.full((1, 1, 4), full, dtype)
    faint[..., :3] = 1
    faint[..., 3] = full // 2 - 5  # a little less than half a unit each time
    layers = [Layer(name="", pixels=pixels) for pixels in (bottom, faint, faint, faint)]
    place = Bounds(x=0, y=0, width=1, height=1)
    assert composite(layers, place, Arithmetic.PER_LAYER)[0, 0, 0] == 0
    assert composite(layers, place, Arithmetic.ONCE)[0, 0, 0] == 1
    assert 0.8 < composite_unrounded(layers, place)[0, 0, 0] < 0.9


def test_where_there_is_no_layer_there_is_nothing():
    layer = Layer(name="", pixels=np.full((2, 2, 4), 255, np.uint8), x=10, y=10)
    for arithmetic in Arithmetic:
        assert not composite([layer], Bounds(x=0, y=0, width=5, height=5), arithmetic).any()


def test_part_of_a_stack_is_that_part_of_the_whole():
    extent = Extent(width=30, height=20)
    layers = random_stack(4, 5, extent, np.uint8)
    part = Bounds(x=7, y=3, width=11, height=9)
    for arithmetic in Arithmetic:
        whole = composite(layers, extent.bounds, arithmetic)
        assert np.array_equal(composite(layers, part, arithmetic), whole[part.slices])


def test_psnr_of_equal_pictures_is_none():
    assert psnr(0.0, 255) is None
    assert psnr(255.0**2, 255) == pytest.approx(0)
    assert psnr(1.0, 255) == pytest.approx(48.13, abs=0.01)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("opaque", [True, False])
def test_the_short_ways_give_what_the_whole_formula_gives(dtype, opaque):
    """Opaque and empty backdrops need no arithmetic at most pixels; crops are not contiguous."""
    random = np.random.default_rng(3)
    full = np.iinfo(dtype).max
    source = random.integers(0, full + 1, (40, 60, 4), dtype)[3:37, 5:50]
    source[..., 3] = np.where(random.random(source.shape[:2]) < 0.3, 0, source[..., 3])
    source[..., 3] = np.where(random.random(source.shape[:2]) < 0.3, full, source[..., 3])
    backdrop = random.integers(0, full + 1, source.shape, dtype)
    backdrop[..., 3] = full if opaque else 0
    above, below = source.astype(np.float32), backdrop.astype(np.float32)
    share = above[..., 3:] * (np.float32(1) / np.float32(full))
    expected = np.rint(share * (above - below) + below) if opaque else above * (share > 0)
    if opaque:
        expected[..., 3] = full
    assert np.array_equal(over_per_layer(backdrop, source), expected.astype(dtype))
