"""Reduction averages areas, premultiplied, in chunks that leave no trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layersplit.domain import Extent
from layersplit.pixels import reduction
from layersplit.pixels.reduction import reduced, reduced_extent, reduced_opaque8


@given(
    width=st.integers(1, 65_535),
    height=st.integers(1, 65_535),
    area=st.integers(1, 2_000_000),
)
def test_the_reduced_extent_fits_the_area_and_is_never_larger(width, height, area):
    small = reduced_extent(Extent(width=width, height=height), area)
    assert small.area <= area
    assert small.width <= width
    assert small.height <= height


def test_the_aspect_stays():
    small = reduced_extent(Extent(width=4000, height=3000), 640 * 640)
    assert small.width / small.height == pytest.approx(4 / 3, rel=0.01)
    assert small.area > 0.98 * 640 * 640


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_whole_ratios_are_plain_means(dtype):
    random = np.random.default_rng(0)
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = (random.random((12, 20, 4)) * full).astype(dtype)
    pixels[..., 3] = full
    got = reduced(pixels, Extent(width=5, height=3))
    means = pixels.reshape(3, 4, 5, 4, 4).mean(axis=(1, 3)) / full
    assert np.allclose(got, means, atol=1e-4)


def test_transparent_pixels_have_no_say_in_the_colour():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[..., :3] = (255, 0, 255)
    pixels[::2, :, :] = (10, 20, 30, 255)
    got = reduced(pixels, Extent(width=2, height=2))
    assert np.allclose(got[..., :3] * 255, (10, 20, 30), atol=1e-2)
    assert np.allclose(got[..., 3], 0.5, atol=1e-3)


@pytest.mark.parametrize("extent", [(7, 5), (33, 21), (1, 1), (60, 1)])
def test_chunks_leave_no_trace(extent, monkeypatch):
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (83, 61, 4)).astype(np.uint8)
    target = Extent(width=extent[0], height=extent[1])
    whole = reduced(pixels, target)
    monkeypatch.setattr(reduction, "CHUNK_PX", 61 * 9)
    assert np.allclose(reduced(pixels, target), whole, atol=1e-4)


def test_the_mean_of_everything_is_kept():
    random = np.random.default_rng(2)
    pixels = random.integers(0, 256, (90, 70, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    small = reduced(pixels, Extent(width=13, height=17))
    assert small[..., :3].mean() * 255 == pytest.approx(pixels[..., :3].mean(), abs=0.05)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 9000), st.integers(0, 9))
def test_the_quick_way_is_the_same_reduction(width, height, area, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    extent = reduced_extent(Extent(width=width, height=height), area)
    quick = reduced_opaque8(pixels, extent)
    slow = reduced(pixels, extent) * 255
    assert np.abs(quick - slow).max() < 0.51


def test_what_is_transparent_or_deeper_takes_the_long_way():
    pixels = np.full((8, 8, 4), 255, np.uint8)
    extent = Extent(width=4, height=4)
    assert reduced_opaque8(pixels.astype(np.uint16), extent) is None
    pixels[3, 3, 3] = 254
    assert reduced_opaque8(pixels, extent) is None
