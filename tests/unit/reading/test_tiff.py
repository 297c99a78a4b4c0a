"""TIFF files of every depth and layout, written by programs that we did not write."""

import io
import itertools
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
import tifffile
from fakes.tiff_files import tiff
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from layersplit.errors import InputError
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.reading import read_picture
from layersplit.reading.tiff import EXTRA, SEVERAL, STRAIGHTENED

RANDOM = np.random.default_rng(7)
FULL = {"u1": 255, "u2": 65535, "f4": 1.0}


def values(dtype, *shape):
    if dtype == "f4":
        return (RANDOM.random(shape) * 1.5 - 0.25).astype(np.float32)
    return RANDOM.integers(0, FULL[dtype] + 1, shape).astype(dtype)


def expected(stored, alpha):
    """RGBA of (h, w, n) samples."""
    out = np.full((*stored.shape[:2], 4), FULL[stored.dtype.str[1:]], stored.dtype)
    colours = 1 if stored.shape[2] <= 2 else 3
    out[..., :3] = stored[..., :colours]
    if alpha:
        out[..., 3] = stored[..., -1]
    return out


LAYOUTS = {
    "plain": {},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "strips": {"rowsperstrip": 5},
    "tiles": {"tile": (16, 32)},
    "deflate": {"compression": "zlib", "rowsperstrip": 7},
    "lzma, tiles": {"compression": "lzma", "tile": (16, 16)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize(("dtype", "count"), list(itertools.product(FULL, (1, 2, 3, 4))), ids=str)
def test_values_arrive_unchanged(tmp_path, dtype, count, planar, layout):
    stored = values(dtype, 37, 53, count)
    if count in (2, 4):
        stored[..., -1] = np.clip(stored[..., -1], 0, FULL[dtype])  # alpha
    data = np.moveaxis(stored, 2, 0) if planar == "separate" and count > 1 else stored
    path = tmp_path / "in.tif"
    tifffile.imwrite(
        path,
        np.ascontiguousarray(data if count > 1 else data[..., 0]),
        photometric="rgb" if count > 2 else "minisblack",
        planarconfig=planar if count > 1 else None,
        extrasamples=["unassalpha"] if count in (2, 4) else None,
        metadata=None,
        **LAYOUTS[layout],
    )
    picture = read_picture(path)
    assert np.array_equal(picture.pixels, expected(stored, alpha=count in (2, 4)))
    assert picture.pixels.dtype == stored.dtype
    assert picture.notes == ()


@pytest.mark.parametrize(("dtype", "count"), list(itertools.product(["u1", "u2"], (1, 3, 4))))
def test_lzw_with_differences_arrives_unchanged(tmp_path, dtype, count):
    stored = values(dtype, 60, 45, count)
    stored[20:40] = stored[20, 0]  # something to compress
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[count]
    path = tmp_path / "in.tif"
    assert cv2.imwrite(str(path), np.ascontiguousarray(stored[..., order]))
    with tifffile.TiffFile(path) as written:
        assert (written.pages[0].compression, written.pages[0].predictor) == (5, 2)
    assert np.array_equal(read_picture(path).pixels, expected(stored, alpha=count == 4))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_differences_are_undone_in_every_plane_and_byte_order(tmp_path, dtype):
    stored = values(dtype, 3, 31, 29)
    tifffile.imwrite(
        tmp_path / "in.tif",
        stored,
        photometric="rgb",
        planarconfig="separate",
        compression="zlib",
        predictor=True,
        byteorder=">",
        metadata=None,
    )
    seen = read_picture(tmp_path / "in.tif").pixels
    assert np.array_equal(seen[..., :3], np.moveaxis(stored, 0, 2))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("compression", ["packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd"])
def test_what_pillow_packs_arrives_unchanged(tmp_path, mode, compression):
    stored = values("u1", 40, 30, len(mode))
    stored[10:30] = stored[10, 0]
    flat = stored[..., 0] if mode == "L" else stored
    Image.fromarray(flat, mode).save(tmp_path / "in.tif", compression=compression)
    seen = read_picture(tmp_path / "in.tif").pixels
    assert np.array_equal(seen, expected(stored, alpha=mode.endswith("A")))


def test_the_floating_point_predictor_is_undone(tmp_path):
    stored = values("f4", 9, 17)
    # As the technical note says: all highest bytes of a row first, then differences of bytes.
    shuffled = stored.astype(">f4").view(np.uint8).reshape(9, 17, 4).swapaxes(1, 2).reshape(9, -1)
    differences = np.diff(shuffled, axis=1, prepend=np.zeros((9, 1), np.uint8)).astype(np.uint8)
    tags = {256: 17, 257: 9, 258: 32, 259: 8, 262: 1, 317: 3, 339: 3}
    (tmp_path / "in.tif").write_bytes(tiff(tags, zlib.compress(differences.tobytes())))
    assert np.array_equal(read_picture(tmp_path / "in.tif").pixels[..., 2], stored)


def test_premultiplied_colours_are_divided_by_alpha(tmp_path):
    for dtype, full in FULL.items():
        alpha = values(dtype, 20, 30)
        alpha[:5] = 0
        alpha = np.clip(alpha, 0, full)
        colour = np.clip(values(dtype, 20, 30, 3), 0, full)
        share = alpha[..., None] / full
        stored = colour * share
        stored = (stored if dtype == "f4" else np.rint(stored)).astype(dtype)
        path = tmp_path / f"{dtype}.tif"
        tifffile.imwrite(
            path, np.dstack([stored, alpha]), photometric="rgb", extrasamples=["assocalpha"]
        )
        picture = read_picture(path)
        assert picture.notes[0] == STRAIGHTENED
        assert np.array_equal(picture.pixels[..., 3], alpha)
        again = picture.pixels[..., :3] * share
        assert np.abs(again - stored).max() <= (1e-6 if dtype == "f4" else 0.5 + 1e-6)
        assert not picture.pixels[:5, :, :3].any()


def test_channels_that_are_not_transparency_are_left_out_and_said(tmp_path):
    stored = values("u2", 8, 9, 5)
    tifffile.imwrite(
        tmp_path / "in.tif", stored, photometric="rgb", extrasamples=["unspecified"] * 2
    )
    picture = read_picture(tmp_path / "in.tif")
    assert picture.notes == (EXTRA,)
    assert np.array_equal(picture.pixels[..., :3], stored[..., :3])
    assert np.all(picture.pixels[..., 3] == 65535)


def test_transparency_behind_other_channels_is_found(tmp_path):
    stored = values("u1", 8, 9, 5)
    tifffile.imwrite(
        tmp_path / "in.tif", stored, photometric="rgb", extrasamples=["unspecified", "unassalpha"]
    )
    assert np.array_equal(read_picture(tmp_path / "in.tif").pixels[..., 3], stored[..., 4])


def test_of_several_pages_the_first_is_used(tmp_path):
    first, second = values("u1", 8, 9, 3), values("u1", 12, 7, 3)
    with tifffile.TiffWriter(tmp_path / "in.tif") as file:
        file.write(first, photometric="rgb", metadata=None)
        file.write(second, photometric="rgb", metadata=None)
    picture = read_picture(tmp_path / "in.tif")
    assert picture.notes == (SEVERAL,)
    assert np.array_equal(picture.pixels[..., :3], first)


def test_a_thumbnail_is_no_page(tmp_path):
    small, whole = values("u1", 4, 5, 3), values("u1", 12, 7, 3)
    with tifffile.TiffWriter(tmp_path / "in.tif") as file:
        file.write(small, photometric="rgb", metadata=None, subfiletype=1)
        file.write(whole, photometric="rgb", metadata=None)
    picture = read_picture(tmp_path / "in.tif")
    assert picture.notes == ()
    assert np.array_equal(picture.pixels[..., :3], whole)


@pytest.mark.parametrize("dtype", FULL)
def test_white_may_be_zero(tmp_path, dtype):
    stored = values(dtype, 6, 7)
    tifffile.imwrite(tmp_path / "in.tif", stored, photometric="miniswhite", metadata=None)
    grey = read_picture(tmp_path / "in.tif").pixels[..., 0]
    assert np.array_equal(grey, FULL[dtype] - stored)


@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw", "packbits", "tiff_deflate"])
def test_black_and_white_is_read(tmp_path, compression):
    stored = RANDOM.integers(0, 2, (33, 41)).astype(bool)
    Image.fromarray(stored).save(tmp_path / "in.tif", compression=compression)
    grey = read_picture(tmp_path / "in.tif").pixels
    assert np.array_equal(grey[..., 1], stored * 255)
    assert np.all(grey[..., 3] == 255)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_a_palette_is_looked_up(tmp_path, compression):
    image = Image.fromarray(values("u1", 12, 17), "P")
    colours = values("u1", 256, 3)
    image.putpalette(colours.tobytes())
    image.save(tmp_path / "in.tif", compression=compression)
    seen = read_picture(tmp_path / "in.tif").pixels[..., :3]
    assert np.array_equal(seen, colours[np.asarray(image)])


def test_jpeg_inside_is_read_as_pillow_reads_it(tmp_path):
    smooth = cv2.resize(values("u1", 4, 5, 3), (64, 48), interpolation=cv2.INTER_CUBIC)
    Image.fromarray(smooth).save(tmp_path / "in.tif", compression="jpeg")
    seen = read_picture(tmp_path / "in.tif").pixels[..., :3]
    assert np.abs(seen.astype(int) - smooth).max() < 40


def test_other_depths_become_float_with_a_note(tmp_path):
    for dtype, full in (("f2", 1), ("f8", 1), ("u4", 2**32 - 1)):
        stored = (
            RANDOM.random((5, 6, 3)) if dtype[0] == "f" else RANDOM.integers(0, full, (5, 6, 3))
        )
        stored = stored.astype(dtype)
        tifffile.imwrite(tmp_path / "in.tif", stored, photometric="rgb", metadata=None)
        picture = read_picture(tmp_path / "in.tif")
        assert picture.pixels.dtype == np.float32
        assert np.allclose(picture.pixels[..., :3], stored / full, atol=1e-7)
        assert "converted" in picture.notes[0]


def test_not_a_number_is_mended_and_said(tmp_path):
    stored = RANDOM.random((5, 6, 4), dtype=np.float32)
    stored[0, 0, 0], stored[1, 1, 1], stored[2, 2, 3] = np.nan, np.inf, 7.0
    tifffile.imwrite(tmp_path / "in.tif", stored, photometric="rgb", extrasamples=["unassalpha"])
    picture = read_picture(tmp_path / "in.tif")
    assert picture.notes[0].startswith("3 values")
    assert picture.pixels[0, 0, 0] == 0
    assert picture.pixels[1, 1, 1] == 1
    assert picture.pixels[2, 2, 3] == 1
    assert np.array_equal(picture.pixels[3:], stored[3:])


def test_profile_and_orientation_are_taken_over(tmp_path):
    stored = values("u2", 5, 8, 3)
    tifffile.imwrite(
        tmp_path / "in.tif",
        stored,
        photometric="rgb",
        iccprofile=srgb_profile(),
        extratags=[(274, 3, 1, 6, True)],
    )
    picture = read_picture(tmp_path / "in.tif")
    assert picture.icc == srgb_profile()
    assert np.array_equal(picture.pixels[..., :3], np.rot90(stored, -1))


def test_the_orientation_of_a_file_for_pillow_is_applied_once(tmp_path):
    stored = np.zeros((16, 32), bool)
    stored[:, :5] = True
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / "in.tif", compression="group4", exif=exif)
    grey = read_picture(tmp_path / "in.tif").pixels[..., 0]
    assert np.array_equal(grey, np.rot90(stored, -1) * 255)


@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk_is_converted_and_said(tmp_path, bits):
    stored = np.zeros((4, 4, 4), f"u{bits // 8}")
    stored[..., 0] = np.iinfo(stored.dtype).max  # all cyan
    tifffile.imwrite(tmp_path / "in.tif", stored, photometric="separated", metadata=None)
    picture = read_picture(tmp_path / "in.tif")
    red, green, blue, alpha = picture.pixels[0, 0]
    assert red < 60
    assert blue > 120
    assert green > 100
    assert alpha == 255
    assert "CMYK" in picture.notes[0]


def test_cielab_is_converted_and_said(tmp_path):
    Image.new("LAB", (6, 5), (255, 128, 128)).save(tmp_path / "in.tif")
    picture = read_picture(tmp_path / "in.tif")
    assert picture.pixels[0, 0, :3].min() >= 250
    assert "CIELAB" in picture.notes[0]


@pytest.mark.parametrize(
    "size", [{256: 60_000, 257: 60_000}, {256: 65_536, 257: 2}, {256: 2**32 - 1, 257: 2**32 - 1}]
)
@pytest.mark.parametrize("compression", [1, 5, 7])
def test_a_huge_header_is_refused_before_anything_is_allocated(tmp_path, size, compression):
    tags = {**size, 258: 8, 259: compression, 262: 1}
    (tmp_path / "in.tif").write_bytes(tiff(tags, bytes(50)))
    with pytest.raises(InputError, match=f"{size[256]} x {size[257]} pixels"):
        read_picture(tmp_path / "in.tif")


def test_absurd_tiles_are_refused_before_anything_is_allocated(tmp_path):
    tile = {322: 2**31 - 16, 323: 2**31 - 16, 324: 8, 325: 50}
    tags = {256: 5, 257: 5, 258: 8, 259: 5, 262: 1, **tile}
    (tmp_path / "in.tif").write_bytes(tiff(tags, bytes(50)))
    with pytest.raises(InputError, match="damaged"):
        read_picture(tmp_path / "in.tif")


@pytest.mark.parametrize("odd", [{258: 12}, {258: 8, 339: 2}, {258: 8, 262: 9}, {259: 7, 258: 12}])
def test_a_rare_kind_is_refused_with_what_to_do(tmp_path, odd):
    (tmp_path / "in.tif").write_bytes(tiff({256: 5, 257: 5, 259: 1, 262: 1, **odd}, bytes(200)))
    with pytest.raises(InputError) as refused:
        read_picture(tmp_path / "in.tif")
    assert "PNG" in refused.value.remedy


def whole_files():
    stored = values("u2", 30, 40, 3)
    for options in ({}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16)}):
        file = io.BytesIO()
        tifffile.imwrite(file, stored, photometric="rgb", metadata=None, **options)
        yield file.getvalue()
    ok, lzw = cv2.imencode(".tif", stored)
    assert ok
    yield lzw.tobytes()


WHOLE = list(whole_files())


@given(which=st.sampled_from(range(len(WHOLE))), share=st.floats(0.0, 0.98))
def test_a_file_that_ends_early_is_refused(tmp_path_factory, which, share):
    path = tmp_path_factory.mktemp("cut") / "in.tif"
    path.write_bytes(WHOLE[which][: int(share * len(WHOLE[which]))])
    with pytest.raises(InputError):
        read_picture(path)


@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused_and_nothing_else(tmp_path_factory, data):
    spoiled = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(400, len(spoiled) - 1)))
        spoiled[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("bad") / "in.tif"
    path.write_bytes(bytes(spoiled))
    with suppress(InputError):
        read_picture(path)
