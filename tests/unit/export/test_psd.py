"""Photoshop documents, read back by psd-tools."""

import numpy as np
import pytest
from fakes.stacks import (
    ICC,
    in_file,
    merged,
    picture_for,
    profile_in_file,
    random_pixels,
    raster,
    stack_of,
    stacks,
)
from hypothesis import given, settings
from psd_tools import PSDImage
from psd_tools.constants import Resource

from layersplit.domain import Extent
from layersplit.errors import InputError
from layersplit.export import psd, write
from layersplit.export.names import clean_name
from layersplit.run import Run


def written(folder, stack, suffix=".psd"):
    out = folder / f"out{suffix}"
    return PSDImage.open(write(stack, picture_for(stack), out, run=Run(), report={}))


def values(array, dtype):
    """Integers of psd-tools' floats."""
    return np.rint(array * np.iinfo(dtype).max).astype(dtype)


def rgba(layer, dtype):
    return values(layer.numpy(), dtype)


@pytest.mark.parametrize("suffix", [".psd", ".psb"])
@given(stack=stacks())
@settings(max_examples=60)
def test_the_layers_are_in_the_file_bit_for_bit(tmp_path_factory, suffix, stack):
    document = written(tmp_path_factory.mktemp("psd"), stack, suffix)
    assert document.size == (stack.extent.width, stack.extent.height)
    assert document.version == (2 if suffix == ".psb" else 1)
    assert len(document) == len(stack)
    for number, (layer, seen) in enumerate(zip(stack, document, strict=True), start=1):
        wanted = raster(layer)
        assert document.depth == 8 * wanted.itemsize
        assert np.array_equal(rgba(seen, wanted.dtype), wanted)
        assert (seen.left, seen.top) == (layer.x, layer.y)
        assert seen.name == clean_name(layer.name, number)
        assert seen.visible
        assert seen.opacity == 255
    assert document.image_resources.get_data(Resource.ICC_PROFILE) == profile_in_file(stack)


@given(stack=stacks(dtypes=(np.uint8, np.uint16)))
@settings(max_examples=40)
def test_the_merged_picture_is_what_the_layers_look_like(tmp_path_factory, stack):
    document = written(tmp_path_factory.mktemp("psd"), stack)
    wanted = in_file(merged(stack))
    full = np.iinfo(wanted.dtype).max
    seen = document.numpy()
    if np.all(wanted[..., 3] == full):
        assert seen.shape[2] == 3
        assert np.array_equal(values(seen, wanted.dtype), wanted[..., :3])
    else:
        assert np.array_equal(values(seen[..., 3], wanted.dtype), wanted[..., 3])
        # Photoshop stores the colours over white; psd-tools takes the white out again.
        share = wanted[..., 3:] / full
        error = np.abs(seen[..., :3] * full - wanted[..., :3]) * share
        assert error.max() <= 1.01


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (301, 407)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_odd_sizes_are_written(tmp_path, size, dtype):
    pixels = random_pixels(np.random.default_rng(1), size[1], size[0], dtype)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=size[0], height=size[1]))
    document = written(tmp_path, stack)
    assert np.array_equal(rgba(document[0], dtype), pixels)


def test_the_profile_is_kept(tmp_path):
    pixels = np.zeros((3, 3, 4), np.uint8)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=3, height=3), icc=ICC)
    assert written(tmp_path, stack).image_resources.get_data(Resource.ICC_PROFILE) == ICC


def test_flat_layers_become_small(tmp_path):
    pixels = np.full((1000, 1000, 4), 255, np.uint8)
    written(tmp_path, stack_of((pixels, 0, 0), extent=Extent(width=1000, height=1000)))
    assert (tmp_path / "out.psd").stat().st_size < 200_000


def test_more_than_30000_pixels_need_a_psb(tmp_path):
    wide = Extent(width=30_001, height=1)
    stack = stack_of((np.full((1, 30_001, 4), 9, np.uint8), 0, 0), extent=wide)
    with pytest.raises(InputError, match="30000") as refused:
        written(tmp_path, stack)
    assert "out.psb" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []
    assert written(tmp_path, stack, ".psb").width == 30_001


def test_a_psd_that_becomes_too_large_is_refused_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(psd, "_LARGEST_PSD_BYTES", 10_000)
    noise = np.random.default_rng(1).integers(0, 256, (60, 60, 4), dtype=np.uint8)
    stack = stack_of((noise, 0, 0), extent=Extent(width=60, height=60))
    with pytest.raises(InputError) as refused:
        written(tmp_path, stack)
    assert ".psb" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []
    assert written(tmp_path, stack, ".psb").width == 60


def test_psd_tools_composites_the_layers_to_the_merged_picture(tmp_path):
    random = np.random.default_rng(8)
    ground = random_pixels(random, 30, 40, np.uint8)
    ground[..., 3] = 255
    stack = stack_of(
        (ground, 0, 0),
        (random.integers(0, 256, (12, 9, 4), dtype=np.uint8), 20, 10),
        extent=Extent(width=40, height=30),
    )
    document = written(tmp_path, stack)
    seen = np.asarray(document.composite(force=True).convert("RGBA")).astype(int)
    assert np.abs(seen - merged(stack)).max() <= 1
