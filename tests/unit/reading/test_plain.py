"""JPEG, WebP, GIF and BMP."""

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from layersplit.errors import InputError
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.reading import read_picture

RANDOM = np.random.default_rng(9)
RGB = RANDOM.integers(0, 256, (24, 33, 3), dtype=np.uint8)
RGBA = RANDOM.integers(0, 256, (24, 33, 4), dtype=np.uint8)


def saved(folder, image, name, **options):
    image.save(folder / name, **options)
    return read_picture(folder / name)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_has_the_values_of_its_decoder(tmp_path, mode):
    image = Image.fromarray(RGB).convert(mode)
    picture = saved(tmp_path, image, "in.jpg", quality=90)
    decoded = np.asarray(Image.open(tmp_path / "in.jpg").convert("RGB"))
    assert np.array_equal(picture.pixels[..., :3], decoded)
    assert np.all(picture.pixels[..., 3] == 255)
    assert picture.pixels.dtype == np.uint8


def test_profile_and_orientation_of_a_jpeg_are_taken_over(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    icc = srgb_profile() + bytes(150_000)  # longer than one segment
    Image.fromarray(RGB).save(tmp_path / "in.jpg", icc_profile=icc, exif=exif)
    picture = read_picture(tmp_path / "in.jpg")
    decoded = np.asarray(Image.open(tmp_path / "in.jpg"))
    assert np.array_equal(picture.pixels[..., :3], np.rot90(decoded))
    assert picture.icc == icc
    assert picture.notes == ()


def test_cmyk_without_a_profile_is_converted_and_said(tmp_path):
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    picture = saved(tmp_path, image, "in.jpg", quality=95)
    assert np.abs(picture.pixels[0, 0].astype(int) - (0, 255, 255, 255)).max() <= 3
    assert "approximate" in picture.notes[0]
    assert picture.icc is None


def test_cmyk_with_a_profile_that_does_not_fit_is_converted_and_said(tmp_path):
    image = Image.new("CMYK", (8, 8), (0, 255, 0, 0))
    picture = saved(tmp_path, image, "in.jpg", quality=95, icc_profile=srgb_profile())
    assert "approximate" in picture.notes[0]
    assert picture.icc is None


@pytest.mark.parametrize("source", [RGB, RGBA], ids=["RGB", "RGBA"])
def test_lossless_webp_arrives_unchanged(tmp_path, source):
    options = {"lossless": True, "exact": True, "icc_profile": srgb_profile()}
    picture = saved(tmp_path, Image.fromarray(source), "in.webp", **options)
    assert np.array_equal(picture.pixels[..., : source.shape[2]], source)
    assert picture.icc == srgb_profile()


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_an_animation_gives_its_first_frame_and_a_note(tmp_path, suffix):
    frames = [Image.new("RGB", (16, 12), colour) for colour in ("red", "blue")]
    options = {"save_all": True, "append_images": frames[1:]}
    if suffix == "webp":
        options["lossless"] = True
    picture = saved(tmp_path, frames[0], f"in.{suffix}", **options)
    assert np.array_equal(picture.pixels[5, 5], [255, 0, 0, 255])
    assert "first frame" in picture.notes[0]


def test_a_transparent_gif_keeps_its_holes(tmp_path):
    image = Image.fromarray(RANDOM.integers(0, 4, (12, 15), dtype=np.uint8), "P")
    colours = RANDOM.integers(0, 256, (4, 3), dtype=np.uint8)
    image.putpalette(colours.tobytes())
    picture = saved(tmp_path, image, "in.gif", transparency=2)
    shown = np.asarray(image) != 2
    assert np.array_equal(picture.pixels[..., 3], shown * 255)
    assert np.array_equal(picture.pixels[shown][:, :3], colours[np.asarray(image)[shown]])


@pytest.mark.parametrize("source", [RGB, RGB[..., 0]], ids=["RGB", "grey"])
def test_a_bmp_arrives_unchanged(tmp_path, source):
    picture = saved(tmp_path, Image.fromarray(source), "in.bmp")
    wanted = source[..., None] if source.ndim == 2 else source
    assert np.array_equal(picture.pixels[..., : wanted.shape[2]], wanted)


def test_a_jpeg_with_a_preview_beside_it_is_no_animation(tmp_path):
    first, second = Image.fromarray(RGB), Image.fromarray(RGB[:8, :8])
    first.save(tmp_path / "in.jpg", format="MPO", save_all=True, append_images=[second])
    assert read_picture(tmp_path / "in.jpg").notes == ()


def cmyk_profile():
    """A CMYK profile small enough for a test is not at hand: an RGB one with another label."""
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    icc[16:20] = b"CMYK"
    return bytes(icc)


def test_a_broken_cmyk_profile_is_no_failure(tmp_path):
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    picture = saved(tmp_path, image, "in.jpg", quality=95, icc_profile=cmyk_profile())
    assert "CMYK" in picture.notes[0]


def huge(kind):
    """A small file whose header states 60000 x 60000 pixels."""
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    content = bytearray(file.getvalue())
    side = (60_000).to_bytes(2, "big")
    if kind == "JPEG":
        start = content.index(b"\xff\xc0") + 5
        content[start : start + 4] = side + side
    elif kind == "GIF":
        content[6:10] = side[::-1] * 2
    else:
        content[18:26] = (60_000).to_bytes(4, "little") * 2
    return bytes(content)


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP"])
def test_a_huge_header_is_refused_before_anything_is_allocated(tmp_path, kind):
    (tmp_path / "in").write_bytes(huge(kind))
    with pytest.raises(InputError, match="pixels"):
        read_picture(tmp_path / "in")


def encoded(kind, **options):
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, kind, **options)
    return file.getvalue()


WHOLE = [
    encoded("JPEG", quality=95),
    encoded("JPEG", progressive=True),
    encoded("WEBP", lossless=True),
    encoded("WEBP", quality=80),
    encoded("GIF"),
    encoded("BMP"),
]


@given(which=st.sampled_from(range(len(WHOLE))), share=st.floats(0.0, 0.97))
def test_a_file_that_ends_early_is_refused(tmp_path_factory, which, share):
    path = tmp_path_factory.mktemp("cut") / "in"
    path.write_bytes(WHOLE[which][: int(share * len(WHOLE[which]))])
    with pytest.raises(InputError):
        read_picture(path)


@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused_and_nothing_else(tmp_path_factory, data):
    spoiled = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(700, len(spoiled) - 1)))
        spoiled[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("bad") / "in"
    path.write_bytes(bytes(spoiled))
    with suppress(InputError):
        read_picture(path)
