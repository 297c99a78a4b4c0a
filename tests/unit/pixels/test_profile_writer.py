"""The profiles that we build, as LittleCMS understands them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from layersplit.pixels.profile_writer import (
    SRGB_PRIMARIES,
    Primaries,
    gamma_curve,
    rgb_profile,
    srgb_profile,
    table_curve,
)

ALL_GREYS = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)


def to_srgb(pixels, icc):
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    return np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform)).astype(int)


def test_our_srgb_is_srgb():
    colours = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.abs(to_srgb(colours, srgb_profile()) - colours).max() == 0


def test_the_same_profile_has_the_same_bytes_and_a_readable_name():
    assert srgb_profile() == srgb_profile()
    assert ImageCms.getProfileName(ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))) == "sRGB\n"


def encoded(linear):
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("exponent", [1.0, 1.8, 2.2])
def test_a_gamma_means_that_power(exponent):
    icc = rgb_profile(SRGB_PRIMARIES, gamma_curve(exponent), "gamma")
    expected = 255 * encoded((ALL_GREYS / 255.0) ** exponent)
    assert np.abs(to_srgb(ALL_GREYS, icc) - expected).max() <= 1.0


def test_a_table_means_its_values():
    icc = rgb_profile(SRGB_PRIMARIES, table_curve(np.linspace(0, 1, 1024) ** 2.0), "table")
    expected = 255 * encoded((ALL_GREYS / 255.0) ** 2.0)
    assert np.abs(to_srgb(ALL_GREYS, icc) - expected).max() <= 1.0


def test_primaries_that_span_nothing_are_refused():
    for bad in ((0.3, 0.0), (0.64, 0.33)):
        flat = Primaries(white=(0.3127, 0.3290), red=(0.64, 0.33), green=bad, blue=(0.64, 0.33))
        with pytest.raises(ValueError, match=r"luminance|line"):
            rgb_profile(flat, gamma_curve(1.0), "flat")
