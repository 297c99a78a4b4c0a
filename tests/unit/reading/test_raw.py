"""Raw pixels from a host: exact, checked, mapped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layersplit.bridge.messages import RawPicture
from layersplit.errors import InputError
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.reading import read_raw
from layersplit.reading.profile import DAMAGED

DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def written(folder, pixels, depth, order):
    stored = pixels[..., [2, 1, 0, 3]] if order == "bgra" else pixels
    (folder / "source.raw").write_bytes(np.ascontiguousarray(stored).tobytes())
    return RawPicture(width=pixels.shape[1], height=pixels.shape[0], order=order, depth=depth)


def random_pixels(depth, height, width, seed=3):
    random = np.random.default_rng(seed)
    if depth[0] == "u":
        return random.integers(0, np.iinfo(DTYPES[depth]).max + 1, (height, width, 4)).astype(
            DTYPES[depth]
        )
    pixels = (random.random((height, width, 4)) * 3 - 1).astype(DTYPES[depth])
    pixels[..., 3] = np.clip(pixels[..., 3], 0, 1)
    return pixels


@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    depth=st.sampled_from(sorted(DTYPES)),
    order=st.sampled_from(["rgba", "bgra"]),
)
def test_values_arrive_unchanged(tmp_path_factory, size, depth, order):
    folder = tmp_path_factory.mktemp("job")
    pixels = random_pixels(depth, *size)
    picture = read_raw(folder, written(folder, pixels, depth, order))
    assert np.array_equal(picture.pixels, pixels)
    assert picture.pixels.dtype == (np.float32 if depth == "f16" else DTYPES[depth])
    assert picture.notes == ()


def test_the_file_is_mapped_and_not_read(tmp_path):
    raw = written(tmp_path, random_pixels("u8", 5, 6), "u8", "rgba")
    pixels = read_raw(tmp_path, raw).pixels
    assert isinstance(pixels, np.memmap)
    assert not pixels.flags.writeable


@pytest.mark.parametrize("change", [-1, 1, -100])
def test_a_file_of_another_length_is_refused(tmp_path, change):
    raw = written(tmp_path, random_pixels("u16", 5, 6), "u16", "rgba")
    content = (tmp_path / "source.raw").read_bytes()
    (tmp_path / "source.raw").write_bytes((content + bytes(1))[: len(content) + change])
    with pytest.raises(InputError, match=r"5 pixels need 240|6 x 5 pixels need 240"):
        read_raw(tmp_path, raw)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_raw(tmp_path, RawPicture(width=2, height=2))


@pytest.mark.parametrize(
    "raw",
    [
        RawPicture(width=60_000, height=60_000),
        RawPicture(width=0, height=5),
        RawPicture(width=-4, height=-5),
        RawPicture(width=2, height=2, order="argb"),
        RawPicture(width=2, height=2, depth="u32"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_opened(tmp_path, raw):
    with pytest.raises(InputError):
        read_raw(tmp_path, raw)


def test_the_profile_beside_the_pixels_is_taken_over(tmp_path):
    raw = written(tmp_path, random_pixels("u8", 2, 2), "u8", "rgba")
    with_profile = RawPicture(width=2, height=2, has_profile=True, title="My poster")
    assert read_raw(tmp_path, with_profile).notes == (DAMAGED,)
    (tmp_path / "source.icc").write_bytes(srgb_profile())
    picture = read_raw(tmp_path, with_profile)
    assert picture.icc == srgb_profile()
    assert picture.title == "My poster"
    assert read_raw(tmp_path, raw).icc is None


def test_not_a_number_is_mended_and_said(tmp_path):
    pixels = random_pixels("f32", 4, 5)
    pixels[1, 2, 0] = np.nan
    picture = read_raw(tmp_path, written(tmp_path, pixels, "f32", "bgra"))
    assert picture.pixels[1, 2, 0] == 0
    assert picture.notes[0].startswith("1 value")
