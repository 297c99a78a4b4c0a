"""Which profile a picture gets: kept, made from a grey one, or none."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from layersplit.pixels.profile_writer import gamma_curve, srgb_curve, srgb_profile, table_curve
from layersplit.reading import read_picture
from layersplit.reading.profile import DAMAGED, MISFIT, SAME_GREYS, document_profile

STEPS = np.arange(256) / 255


def grey_profile(curve, *, connection=b"XYZ "):
    """A minimal grey profile with one tone curve."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = {b"wtpt": white, b"kTRC": curve}
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = offset + len(body)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04200000, b"mntr", b"GRAY", connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def shown(icc, mode):
    """All greys as sRGB, by LittleCMS."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    srgb, exact = ImageCms.createProfile("sRGB"), ImageCms.Flags.NOOPTIMIZE
    transform = ImageCms.buildTransform(profile, srgb, mode, "RGB", flags=exact)
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :]).convert(mode)
    return np.asarray(ImageCms.applyTransform(ramp, transform)).astype(int)


CURVES = {
    "gamma 2.2": gamma_curve(2.2),
    "gamma 1.8, a number": b"curv" + bytes(4) + struct.pack(">IH", 1, round(1.8 * 256)) + bytes(2),
    "linear": b"curv" + bytes(4) + struct.pack(">I", 0),
    "dot gain, sampled": table_curve(np.linspace(0, 1, 256) ** 1.75),
    "Rec. 709": b"para" + struct.pack(
        ">IHH5i", 0, 3, 0,
        *[round(v * 65536) for v in (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_a_grey_profile_becomes_an_rgb_profile_that_shows_the_same(name):
    grey = grey_profile(CURVES[name])
    icc, notes = document_profile(grey, grey=True)
    assert notes == (SAME_GREYS,)
    assert np.abs(shown(icc, "RGB") - shown(grey, "L")).max() <= 1


def test_a_grey_profile_over_lightness_shows_the_same():
    grey = grey_profile(gamma_curve(1.3), connection=b"Lab ")
    icc, _ = document_profile(grey, grey=True)
    assert np.abs(shown(icc, "RGB") - shown(grey, "L")).max() <= 2


@pytest.mark.parametrize(
    "curve", [srgb_curve(), table_curve(((np.linspace(0, 1, 4096) + 0.055) / 1.055) ** 2.4)]
)
def test_a_grey_profile_like_srgb_needs_none(curve):
    if curve[:4] == b"curv":  # without the straight piece near black it is not sRGB
        assert document_profile(grey_profile(curve), grey=True)[0] is not None
    else:
        assert document_profile(grey_profile(curve), grey=True) == (None, ())


def test_a_grey_file_keeps_its_values_and_its_greys(tmp_path):
    grey = grey_profile(CURVES["gamma 2.2"])
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(stored).save(tmp_path / "in.png", icc_profile=grey)
    picture = read_picture(tmp_path / "in.png")
    assert np.array_equal(picture.pixels[..., 1], stored)
    assert picture.notes == (SAME_GREYS,)
    assert picture.icc[16:20] == b"RGB "


def test_an_rgb_profile_is_kept_for_grey_pixels_too():
    assert document_profile(srgb_profile(), grey=True) == (srgb_profile(), ())


def test_a_profile_of_another_kind_is_left_out_and_said():
    grey = grey_profile(CURVES["gamma 2.2"])
    assert document_profile(grey, grey=False) == (None, (MISFIT,))
    other = srgb_profile()[:16] + b"CMYK" + srgb_profile()[20:]
    assert document_profile(other, grey=False) == (None, (MISFIT,))


@pytest.mark.parametrize(
    "icc",
    [
        b"x",
        bytes(500),
        grey_profile(CURVES["linear"])[:140],
        grey_profile(b"none" + bytes(20)),
        grey_profile(b"para" + struct.pack(">IHH", 0, 9, 0)),
        grey_profile(b"para" + struct.pack(">IHH3i", 0, 1, 0, 2**31 - 1, 2**31 - 1, 2**31 - 1)),
        srgb_profile() + bytes(17 << 20),
    ],
)
def test_a_damaged_profile_is_left_out_and_said(icc):
    assert document_profile(icc, grey=True) == (None, (DAMAGED,))


@given(st.data())
def test_no_grey_profile_is_a_failure(data):
    icc = bytearray(grey_profile(data.draw(st.sampled_from(list(CURVES.values())))))
    for _ in range(data.draw(st.integers(1, 8))):
        icc[data.draw(st.integers(128, len(icc) - 1))] = data.draw(st.integers(0, 255))
    document_profile(bytes(icc), grey=True)
