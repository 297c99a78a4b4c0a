"""Every kind of image in the real GIMP, through the PDB: the group alone gives the picture."""

from __future__ import annotations

import numpy as np
import pytest
from gimp_host import GimpHost
from pictures import deep, poster, sticker, to_grey

ADOBE = "/usr/share/color/icc/krita/ClayRGB-elle-V2-g22.icc"
U16, F16, F32 = np.uint16, np.float16, np.float32
BALL = [30, 100, 160, 170]
"""Around the ball of the poster, with some sky."""


@pytest.mark.parametrize("profile", [None, ADOBE], ids=["sRGB", "wide gamut"])
@pytest.mark.parametrize("curve", ["NON_LINEAR", "LINEAR", "PERCEPTUAL"])
def test_an_image_of_eight_bits_is_exact(gimp: GimpHost, curve: str, profile: str | None) -> None:
    pixels, precision = poster(), f"U8_{curve}"
    gimp.new_image("eight", pixels, precision, profile=profile)
    gimp.split("eight")
    (group,) = gimp.groups("eight")
    assert len(group["children"]) >= 3
    assert np.array_equal(gimp.picture("eight", pixels, precision, top=True), pixels)


@pytest.mark.parametrize("curve", ["NON_LINEAR", "LINEAR", "PERCEPTUAL"])
def test_an_image_of_sixteen_bits_is_off_by_one_at_most(gimp: GimpHost, curve: str) -> None:
    pixels, precision = deep(poster(), U16), f"U16_{curve}"
    gimp.new_image("sixteen", pixels, precision)
    gimp.split("sixteen")
    got = gimp.picture("sixteen", pixels, precision, top=True)
    assert np.abs(got.astype(np.int64) - pixels.astype(np.int64)).max() <= 1


@pytest.mark.parametrize(
    ("precision", "dtype", "allowed"),
    [
        ("HALF_NON_LINEAR", F16, 2e-3),
        ("FLOAT_LINEAR", F32, 2e-6),
        ("FLOAT_NON_LINEAR", F32, 2e-6),
        ("U32_NON_LINEAR", F32, 2e-6),
        ("DOUBLE_LINEAR", F32, 2e-6),
    ],
)
def test_an_image_of_floats_is_as_exact_as_floats_are(
    gimp: GimpHost, precision: str, dtype: type, allowed: float
) -> None:
    pixels = deep(poster(), dtype)
    gimp.new_image("float", pixels, precision)
    gimp.split("float")
    got = gimp.picture("float", pixels, precision, top=True)
    assert np.abs(got.astype(np.float64) - pixels.astype(np.float64)).max() <= allowed


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_NON_LINEAR"])
def test_a_grey_image_stays_grey_and_exact(gimp: GimpHost, precision: str) -> None:
    deeper = poster() if precision.startswith("U8") else deep(poster(), U16)
    pixels = to_grey(deeper)
    gimp.new_image("grey", pixels, precision, kind="grey")
    gimp.split("grey")
    got = gimp.picture("grey", pixels, precision, top=True)
    allowed = 0 if precision.startswith("U8") else 1
    assert np.abs(got.astype(np.int64) - pixels.astype(np.int64)).max() <= allowed
    assert gimp.call("base_type", "grey") == "gray"


def test_an_indexed_image_becomes_rgb_and_shows_the_same(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("indexed", pixels, kind="indexed")
    before = gimp.picture("indexed", pixels)
    gimp.split("indexed")
    assert np.array_equal(gimp.picture("indexed", pixels, top=True), before)


def test_a_transparent_picture_looks_the_same_before_and_after(gimp: GimpHost) -> None:
    pixels = sticker()
    gimp.new_image("sticker", pixels)
    gimp.split("sticker")
    assert [node["visible"] for node in gimp.tree("sticker")] == [False, True]
    got = gimp.picture("sticker", pixels)
    assert np.array_equal(got[..., 3], pixels[..., 3])
    shown = pixels[..., 3] > 0
    assert np.abs(got[shown].astype(int) - pixels[shown]).max() <= 1


def test_a_rectangle_is_split_in_its_place_and_the_rest_is_untouched(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("box", pixels)
    gimp.call("select", "box", BALL, False)
    gimp.split("box")
    assert np.array_equal(gimp.picture("box", pixels), pixels)
    x, y, width, height = BALL
    inside = (slice(y, y + height), slice(x, x + width))
    alone = gimp.picture("box", pixels, top=True).copy()
    assert np.array_equal(alone[inside], pixels[inside])
    alone[inside] = 0
    assert not alone[..., 3].any()
    assert not gimp.groups("box")[0]["mask"]


def test_a_round_selection_masks_the_group(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("round", pixels)
    gimp.call("select", "round", BALL, True)
    where = gimp.selection("round", pixels)
    gimp.split("round", scope="selection")
    assert gimp.groups("round")[0]["mask"]
    assert np.array_equal(gimp.picture("round", pixels), pixels)
    alone = gimp.picture("round", pixels, top=True)
    assert np.array_equal(alone[..., 3], where)
    assert np.array_equal(alone[where == 255], pixels[where == 255])


def test_a_layer_is_split_above_itself_with_its_transparency(gimp: GimpHost) -> None:
    pixels = sticker()
    gimp.new_image("layer", pixels)
    gimp.call("add_paper", "layer")
    gimp.call("change_layer", "layer", ["Picture"], 70.0, "MULTIPLY")
    before = gimp.picture("layer", pixels)
    gimp.split("layer", ["Picture"], scope="layer")
    assert [node["name"] for node in gimp.tree("layer")] == ["Paper", "Picture", "Picture (layers)"]
    group = gimp.tree("layer")[-1]
    assert (group["opacity"], group["mode"]) == (70, "multiply")
    assert not gimp.tree("layer")[1]["visible"]
    assert np.abs(gimp.picture("layer", pixels).astype(int) - before).max() <= 1


def test_a_layer_of_a_split_can_be_split_again(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("twice", pixels)
    gimp.split("twice")
    group = gimp.groups("twice")[0]
    rearmost = group["children"][0]["name"]
    gimp.split("twice", [group["name"], rearmost], scope="layer")
    inner = gimp.groups("twice")[0]["children"]
    assert [node["name"] for node in inner[:2]] == [rearmost, f"{rearmost} (layers)"]
    assert np.array_equal(gimp.picture("twice", pixels, top=True), pixels)


def test_a_group_is_split_as_what_it_shows(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("group", pixels)
    gimp.split("group")
    group = gimp.groups("group")[0]["name"]
    gimp.split("group", [group], scope="layer")
    assert [node["name"] for node in gimp.groups("group")] == [group, f"{group} (layers)"]
    assert np.array_equal(gimp.picture("group", pixels, top=True), pixels)


def test_a_script_hears_in_words_what_is_wrong(gimp: GimpHost) -> None:
    gimp.new_image("wrong", poster())
    success, error = gimp.call("split", "wrong", {"provider": "fal"}, None)
    assert not success
    assert "key" in error
    assert len(gimp.tree("wrong")) == 1


def test_saved_and_opened_again_the_layers_are_the_same(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("saved", pixels)
    gimp.split("saved")
    tree = gimp.tree("saved")
    gimp.call("save", "saved", "/work/Größe ✓.xcf")
    gimp.call("load", "again", "/work/Größe ✓.xcf")
    assert gimp.tree("again") == tree
    assert np.array_equal(gimp.picture("again", pixels, top=True), pixels)
