"""The PNG writer, read back by Pillow and OpenCV."""

import io
import struct
import threading
import zlib

import cv2
import numpy as np
import pytest
from fakes.stacks import ICC, random_pixels
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from layersplit.errors import Cancelled
from layersplit.export import deflate
from layersplit.export.png import _joined, write_png
from layersplit.export.work import working
from layersplit.run import Run


@pytest.fixture(autouse=True, scope="module", params=["isal", "zlib"])
def packer(request):
    """With the fast packer, and as on a machine that has no build of it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setattr(deflate, "_isal", None)
        elif deflate._isal is None:
            pytest.skip("the package isal has no build for this machine")
        yield request.param


def encoded(pixels, icc=None, run=None):
    file = io.BytesIO()
    with working(run or Run(), pixels.size) as work:
        write_png(file, pixels, icc=icc, work=work, sentence="Writing")
    return file.getvalue()


def decoded(content):
    bgra = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    return bgra[..., [2, 1, 0, 3]]


@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    seed=st.integers(0, 99999),
    icc=st.sampled_from([None, ICC]),
)
@example(size=(1, 1), dtype=np.uint8, seed=1, icc=None)
@example(size=(5000, 1), dtype=np.uint16, seed=2, icc=ICC)
@example(size=(1, 5000), dtype=np.uint8, seed=3, icc=None)
def test_every_value_is_in_the_file(size, dtype, seed, icc):
    pixels = random_pixels(np.random.default_rng(seed), *size, dtype)
    content = encoded(pixels, icc)
    assert np.array_equal(decoded(content), pixels)
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.info.get("icc_profile") == icc
        assert image.mode == "RGBA"


@pytest.mark.parametrize("kind", ["noise", "flat", "gradient", "stripes"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_of_many_bands_is_one_stream(kind, dtype):
    height, width = 1201, 1501
    pixels = np.full((height, width, 4), 200, dtype)
    if kind == "noise":
        pixels = np.random.default_rng(1).integers(0, 256, (height, width, 4)).astype(dtype)
    elif kind == "gradient":
        pixels[..., 0] = np.arange(width) % 256
        pixels[..., 1] = (np.arange(height) % 256)[:, None]
    elif kind == "stripes":
        pixels[::3] = 7
    assert np.array_equal(decoded(encoded(pixels)), pixels)


def test_pillow_reads_eight_bits_and_checks_every_checksum():
    pixels = np.random.default_rng(4).integers(0, 256, (900, 800, 4), dtype=np.uint8)
    with Image.open(io.BytesIO(encoded(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def chunks(content):
    place, found = 8, []
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, place + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        found.append((kind, body))
        place += 12 + length
    return found


def test_the_chunks_stand_in_the_order_that_the_standard_asks():
    pixels = np.zeros((3, 4, 4), np.uint8)
    kinds = [kind for kind, _ in chunks(encoded(pixels, ICC))]
    assert kinds[:2] == [b"IHDR", b"iCCP"]
    assert kinds[-1] == b"IEND"
    assert set(kinds[2:-1]) == {b"IDAT"}
    assert [kind for kind, _ in chunks(encoded(pixels))][1] == b"sRGB"


def test_flat_and_smooth_pictures_become_small():
    pixels = np.full((1000, 1000, 4), 255, np.uint8)
    assert len(encoded(pixels)) < 40_000
    pixels[..., 0] = np.arange(1000) // 4
    assert len(encoded(pixels)) < 80_000


def test_repeated_patterns_become_small():
    tile = np.random.default_rng(2).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    assert len(encoded(np.tile(tile, (40, 40, 1)))) < 100_000  # 1.6 MB of runs without a run


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_of_two_parts_are_joined(first, second):
    joined = _joined(zlib.adler32(first), zlib.adler32(second), len(second))
    assert joined == zlib.adler32(first + second)


def test_it_stops_when_it_is_cancelled():
    pixels = np.zeros((4000, 1000, 4), np.uint8)
    cancelled = threading.Event()

    def listen(_stage, fraction, _sentence):
        if fraction > 0.2:
            cancelled.set()

    with pytest.raises(Cancelled):
        encoded(pixels, run=Run(listen, cancelled))
