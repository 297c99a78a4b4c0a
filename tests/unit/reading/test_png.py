"""PNG files of every kind: the values arrive unchanged, colours mean what the file says."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from fakes.png_files import (
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGB_ALPHA,
    SIGNATURE,
    chunk,
    header,
    png,
)
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from layersplit.errors import InputError
from layersplit.pixels.profile_writer import SRGB_PRIMARIES, gamma_curve, rgb_profile
from layersplit.reading import read_picture

RANDOM = np.random.default_rng(5)
SAMPLES = {GREY: 1, RGB: 3, GREY_ALPHA: 2, RGB_ALPHA: 4}
ICC = rgb_profile(SRGB_PRIMARIES, gamma_curve(1.7), "test")


def read(folder, content):
    path = folder / "in.png"
    path.write_bytes(content)
    return read_picture(path)


def expected(samples, colour_type, bits):
    """RGBA of ``samples`` by the words of the standard."""
    top = (1 << bits) - 1
    full = 65535 if bits == 16 else 255
    out = np.full((*samples.shape[:2], 4), full, np.uint16 if bits == 16 else np.uint8)
    colours = 3 if colour_type in (RGB, RGB_ALPHA) else 1
    out[..., :3] = samples[..., :colours].astype(np.int64) * full // top
    if colour_type in (GREY_ALPHA, RGB_ALPHA):
        out[..., 3] = samples[..., -1]
    return out


@pytest.mark.parametrize(
    ("colour_type", "bits"),
    [(GREY, 1), (GREY, 2), (GREY, 4), *[(t, b) for t in SAMPLES for b in (8, 16)]],
)
def test_values_arrive_unchanged(tmp_path, colour_type, bits):
    samples = RANDOM.integers(0, 1 << bits, (13, 21, SAMPLES[colour_type]))
    picture = read(tmp_path, png(samples, colour_type, bits))
    assert np.array_equal(picture.pixels, expected(samples, colour_type, bits))
    assert picture.pixels.dtype == (np.uint16 if bits == 16 else np.uint8)
    assert picture.icc is None
    assert picture.notes == ()
    assert picture.title == "in"


@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 40)),
    colour_type=st.sampled_from(sorted(SAMPLES)),
    bits=st.sampled_from([8, 16]),
    seed=st.integers(0, 9999),
)
def test_any_size_arrives_unchanged(tmp_path_factory, size, colour_type, bits, seed):
    shape = (*size, SAMPLES[colour_type])
    samples = np.random.default_rng(seed).integers(0, 1 << bits, shape)
    picture = read(tmp_path_factory.mktemp("png"), png(samples, colour_type, bits))
    assert np.array_equal(picture.pixels, expected(samples, colour_type, bits))


def test_interlaced_files_arrive_unchanged(tmp_path):
    stored = RANDOM.integers(0, 256, (19, 23, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(stored).save(file, "PNG")
    plain = file.getvalue()
    # Adam7 by hand: seven small pictures, one after the other.
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
    passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, across in passes:
        for row in stored[top::down, left::across]:
            rows += b"\0" + row.tobytes()
    head = struct.pack(">IIBBBBB", 23, 19, 8, RGB, 0, 0, 1)
    laced = SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")
    assert np.array_equal(read(tmp_path, laced).pixels, read(tmp_path, plain).pixels)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_with_transparent_entries_is_looked_up(tmp_path, bits):
    count = 1 << bits
    colours = RANDOM.integers(0, 256, (count, 3), dtype=np.uint8)
    alpha = RANDOM.integers(0, 256, count // 2, dtype=np.uint8)  # the rest is opaque
    indices = RANDOM.integers(0, count, (9, 14, 1))
    content = png(
        indices, PALETTE, bits, chunk(b"PLTE", colours.tobytes()), chunk(b"tRNS", alpha.tobytes())
    )
    table = np.full((count, 4), 255, np.uint8)
    table[:, :3] = colours
    table[: len(alpha), 3] = alpha
    assert np.array_equal(read(tmp_path, content).pixels, table[indices[..., 0]])


@pytest.mark.parametrize(
    ("colour_type", "bits"), [(GREY, 1), (GREY, 4), (GREY, 8), (GREY, 16), (RGB, 8), (RGB, 16)]
)
def test_the_named_colour_is_transparent_and_no_other(tmp_path, colour_type, bits):
    samples = RANDOM.integers(0, 1 << bits, (11, 17, SAMPLES[colour_type]))
    samples[3, 4] = samples[8, 9]
    key = struct.pack(f">{samples.shape[2]}H", *samples[3, 4])
    picture = read(tmp_path, png(samples, colour_type, bits, chunk(b"tRNS", key)))
    same = np.all(samples == samples[3, 4], axis=2)
    wanted = expected(samples, colour_type, bits)
    wanted[same, 3] = 0
    assert np.array_equal(picture.pixels, wanted)


def test_an_rgb_profile_is_kept_byte_for_byte(tmp_path):
    samples = RANDOM.integers(0, 256, (5, 6, 3))
    icc = chunk(b"iCCP", b"name\0\0" + zlib.compress(ICC))
    picture = read(tmp_path, png(samples, RGB, 8, icc, chunk(b"gAMA", struct.pack(">I", 45455))))
    assert picture.icc == ICC
    assert np.array_equal(picture.pixels[..., :3], samples)


@pytest.mark.parametrize(
    "packed",
    [
        b"name\0\0" + zlib.compress(bytes(200 << 20), 1),
        b"name\0\0" + zlib.compress(ICC)[:50],
        b"name\0\0not zlib",
        b"name",
        b"name\0\0" + zlib.compress(b"short"),
    ],
    ids=["a bomb", "cut", "no zlib", "nothing", "no profile"],
)
def test_a_damaged_profile_is_left_out_and_said(tmp_path, packed):
    samples = RANDOM.integers(0, 256, (5, 6, 3))
    picture = read(tmp_path, png(samples, RGB, 8, chunk(b"iCCP", packed)))
    assert picture.icc is None
    assert "profile" in picture.notes[0]
    assert np.array_equal(picture.pixels[..., :3], samples)


def test_text_of_any_size_is_not_unpacked(tmp_path):
    samples = RANDOM.integers(0, 256, (5, 6, 3))
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(300 << 20), 1))
    picture = read(tmp_path, png(samples, RGB, 8, bomb, bomb))
    assert np.array_equal(picture.pixels[..., :3], samples)


SRGB_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
WIDE_CHRM = struct.pack(">8I", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)


def gamma(value):
    return chunk(b"gAMA", struct.pack(">I", value))


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (chunk(b"sRGB", b"\0"), gamma(10_000)),
        (gamma(45455),),
        (gamma(45455), chunk(b"cHRM", SRGB_CHRM)),
        (chunk(b"cICP", bytes([1, 13, 0, 1])),),
        (gamma(0),),
        (gamma(5),),
        (chunk(b"gAMA", b"\0"),),
    ],
    ids=["nothing", "sRGB", "gAMA", "gAMA and cHRM", "cICP", "no gamma", "absurd gamma", "short"],
)
def test_what_means_srgb_needs_no_profile(tmp_path, chunks):
    picture = read(tmp_path, png(RANDOM.integers(0, 256, (5, 6, 3)), RGB, 8, *chunks))
    assert picture.icc is None
    assert picture.notes == ()


@pytest.mark.parametrize(
    "chunks",
    [
        (gamma(100_000),),
        (gamma(45455), chunk(b"cHRM", WIDE_CHRM)),
        (chunk(b"cHRM", WIDE_CHRM),),
        (chunk(b"cICP", bytes([12, 13, 0, 1])),),
        (chunk(b"cICP", bytes([9, 8, 0, 1])), chunk(b"sRGB", b"\0")),
    ],
    ids=["linear", "wide", "wide alone", "Display P3", "linear BT.2020"],
)
def test_other_colours_get_a_profile_that_says_the_same(tmp_path, chunks):
    samples = RANDOM.integers(0, 256, (5, 6, 3))
    picture = read(tmp_path, png(samples, RGB, 8, *chunks))
    assert np.array_equal(picture.pixels[..., :3], samples)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc))
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    shown = np.asarray(ImageCms.applyTransform(Image.new("RGB", (1, 1), (60, 60, 200)), transform))
    assert np.abs(shown.astype(int) - (60, 60, 200)).max() > 2
    assert len(picture.notes) == 1


@pytest.mark.parametrize("chrm", [bytes(32), struct.pack(">8I", *[30000] * 8)])
def test_impossible_primaries_are_left_out_and_said(tmp_path, chrm):
    picture = read(tmp_path, png(RANDOM.integers(0, 256, (5, 6, 3)), RGB, 8, chunk(b"cHRM", chrm)))
    assert picture.icc is None
    assert "primaries" in picture.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation):
    samples = RANDOM.integers(0, 256, (5, 8, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = exif.tobytes()[6:]
    picture = read(tmp_path, png(samples, RGB, 8, chunk(b"eXIf", block)))
    turns = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
             5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1),
             7: lambda a: np.rot90(a.swapaxes(0, 1), 2), 8: np.rot90}  # fmt: skip
    assert np.array_equal(picture.pixels[..., :3], turns[orientation](samples))


def test_broken_exif_is_passed_over(tmp_path):
    samples = RANDOM.integers(0, 256, (5, 8, 3))
    for block in (b"", b"MM\0*\xff\xff\xff\xff", b"garbage" * 9):
        picture = read(tmp_path, png(samples, RGB, 8, chunk(b"eXIf", block)))
        assert np.array_equal(picture.pixels[..., :3], samples)


def test_an_animation_gives_its_first_frame_and_a_note(tmp_path):
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    picture = read_picture(tmp_path / "a.png")
    assert np.array_equal(picture.pixels[0, 0], [255, 0, 0, 255])
    assert "first frame" in picture.notes[0]


WHOLE = {bits: png(RANDOM.integers(0, 1 << bits, (30, 40, 3)), RGB, bits) for bits in (8, 16)}


@pytest.mark.parametrize("bits", [8, 16])
@given(share=st.floats(0.0, 0.999))
def test_a_file_that_ends_early_is_refused(tmp_path_factory, bits, share):
    whole = WHOLE[bits]
    with pytest.raises(InputError):
        read(tmp_path_factory.mktemp("cut"), whole[: int(share * len(whole))])


@pytest.mark.parametrize("bits", [8, 16])
@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused_and_nothing_else(tmp_path_factory, bits, data):
    spoiled = bytearray(WHOLE[bits])
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(InputError):
        read(tmp_path_factory.mktemp("bad"), bytes(spoiled))


def test_too_little_data_behind_right_checksums_is_refused(tmp_path):
    short = zlib.compress(bytes(50))
    for bits in (8, 16):
        content = SIGNATURE + header(40, 30, bits) + chunk(b"IDAT", short) + chunk(b"IEND")
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path, content)


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (65_536, 1), (20_001, 20_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_huge_header_is_refused_before_anything_is_allocated(tmp_path, width, height):
    content = (
        SIGNATURE + header(width, height) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND")
    )
    with pytest.raises(InputError, match=f"{width} x {height} pixels"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("colour_type", "bits"), [(RGB, 4), (1, 8), (PALETTE, 16), (RGB, 0), (7, 8)]
)
def test_impossible_headers_are_refused(tmp_path, colour_type, bits):
    content = SIGNATURE + header(4, 4, bits, colour_type) + chunk(b"IDAT") + chunk(b"IEND")
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path, content)
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path, SIGNATURE + header(0, 4) + chunk(b"IDAT") + chunk(b"IEND"))
