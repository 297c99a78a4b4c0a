"""Between document values and sRGB: our curves and matrices against LittleCMS."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from layersplit.domain import Picture
from layersplit.pixels.colour import document_colours, reduced_srgb
from layersplit.pixels.profile import matrix_profile
from layersplit.pixels.profile_writer import (
    SRGB_PRIMARIES,
    Primaries,
    gamma_curve,
    rgb_profile,
    srgb_profile,
)

WIDE = Primaries(white=(0.3127, 0.3290), red=(0.68, 0.32), green=(0.265, 0.69), blue=(0.15, 0.06))
PROFILES = {
    "wide gamut, gamma 2.2": rgb_profile(WIDE, gamma_curve(2.2), "wide"),
    "linear sRGB": rgb_profile(SRGB_PRIMARIES, gamma_curve(1.0), "linear"),
    "gamma 1.8": rgb_profile(SRGB_PRIMARIES, gamma_curve(1.8), "old"),
}


def colours(count=4000):
    return np.random.default_rng(0).random((1, count, 3)).astype(np.float32)


def through_littlecms(values, source, target):
    transform = ImageCms.buildTransform(
        source, target, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    image = Image.fromarray(np.rint(values * 255).astype(np.uint8))
    return np.asarray(ImageCms.applyTransform(image, transform), np.float32) / 255


@pytest.mark.parametrize("name", PROFILES)
def test_to_srgb_agrees_with_littlecms(name):
    profile = ImageCms.getOpenProfile(io.BytesIO(PROFILES[name]))
    values = np.rint(colours() * 255) / 255
    ours = document_colours(PROFILES[name]).to_srgb(values.astype(np.float32))
    theirs = through_littlecms(values, profile, ImageCms.createProfile("sRGB"))
    assert np.abs(ours - theirs).max() < 1.6 / 255


@pytest.mark.parametrize("name", PROFILES)
def test_there_and_back_is_the_same_colour(name):
    conversion = document_colours(PROFILES[name])
    inside = conversion.from_srgb(colours())
    again = conversion.from_srgb(conversion.to_srgb(inside))
    assert np.abs(again - inside).max() < 2e-3


@pytest.mark.parametrize("icc", [None, srgb_profile(), b"", b"no profile at all" * 20])
def test_srgb_and_damaged_profiles_change_nothing(icc):
    conversion = document_colours(icc)
    values = colours() * 1.5 - 0.2
    assert np.array_equal(conversion.to_srgb(values), values)
    assert np.array_equal(conversion.from_srgb(values), values)


def test_a_profile_that_lies_about_its_tags_is_no_profile():
    cut = bytearray(PROFILES["gamma 1.8"])
    cut[128:132] = (2**31).to_bytes(4, "big")
    assert matrix_profile(bytes(cut)) is None
    assert matrix_profile(PROFILES["gamma 1.8"][:300]) is None


def test_a_profile_of_another_model_than_rgb_changes_nothing():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    conversion = document_colours(lab.tobytes())
    values = colours(10)
    assert np.array_equal(conversion.to_srgb(values), values)


def test_the_reduced_picture_is_srgb_whatever_the_document():
    grey = np.full((64, 64, 4), 255, np.uint8)
    grey[..., :3] = 55  # linear: 0.216, which is 128 in sRGB
    got = reduced_srgb(Picture(pixels=grey, icc=PROFILES["linear sRGB"]), 100)
    assert got.shape == (10, 10, 4)
    assert np.abs(got[..., :3].astype(int) - 128).max() <= 1
    assert (got[..., 3] == 255).all()


def test_dark_linear_floats_are_not_banded():
    ramp = np.ones((4, 256, 4), np.float32)
    ramp[..., :3] = (np.linspace(0, 0.02, 256, dtype=np.float32))[None, :, None]
    got = reduced_srgb(Picture(pixels=ramp, icc=PROFILES["linear sRGB"]), 4 * 256)
    assert len(np.unique(got[0, :, 0])) > 35


def test_transparent_places_are_zero():
    pixels = np.full((20, 20, 4), 200, np.uint8)
    pixels[:10, :, 3] = 0
    got = reduced_srgb(Picture(pixels=pixels), 400)
    assert not got[:10].any()
    assert (got[10:, :, 3] == 200).all()
