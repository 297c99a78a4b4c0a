"""OpenRaster files, unpacked and read back as other programs do it."""

import io
import xml.etree.ElementTree as ET
import zipfile

import cv2
import numpy as np
import pytest
from fakes.stacks import (
    ICC,
    in_file,
    merged,
    picture_for,
    profile_in_file,
    raster,
    stack_of,
    stacks,
)
from hypothesis import given, settings
from PIL import Image

from layersplit.domain import Extent, Picture
from layersplit.export import write
from layersplit.export.write import AS_SRGB_NOTE
from layersplit.pixels.profile_writer import srgb_profile
from layersplit.run import Run


def written(folder, stack, report=None):
    out = write(
        stack,
        picture_for(stack),
        folder / "out.ora",
        run=Run(),
        report={} if report is None else report,
    )
    return zipfile.ZipFile(out)


def png(archive, name):
    content = np.frombuffer(archive.read(name), np.uint8)
    return cv2.imdecode(content, cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]


def elements(archive):
    """The layers of stack.xml, bottom first."""
    root = ET.fromstring(archive.read("stack.xml"))  # noqa: S314 - the file is ours
    return root, root.findall("./stack/layer")[::-1]


@given(stacks())
@settings(max_examples=50)  # every file is forced to the disk
def test_the_layers_are_in_the_file_bit_for_bit(tmp_path_factory, stack):
    with written(tmp_path_factory.mktemp("ora"), stack) as archive:
        root, layers = elements(archive)
        assert (root.get("w"), root.get("h")) == (str(stack.extent.width), str(stack.extent.height))
        assert len(layers) == len(stack)
        for layer, element in zip(stack, layers, strict=True):
            assert np.array_equal(png(archive, element.get("src")), raster(layer))
            assert (int(element.get("x")), int(element.get("y"))) == (layer.x, layer.y)
            assert element.get("name")
            assert element.get("composite-op") == "svg:src-over"
        assert np.array_equal(png(archive, "mergedimage.png"), in_file(merged(stack)))
        for name in archive.namelist():
            if name.endswith(".png") and "Thumb" not in name:
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    assert image.info.get("icc_profile") == profile_in_file(stack)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1, 1, (1, 1)),
        (256, 200, (256, 200)),
        (257, 300, None),
        (1, 3000, None),
        (900, 600, (256, 170)),
    ],
)
def test_the_thumbnail_is_small_and_8_bit(tmp_path, width, height, expected):
    pixels = np.full((height, width, 4), 65535, np.uint16)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=width, height=height))
    with written(tmp_path, stack) as archive:
        small = png(archive, "Thumbnails/thumbnail.png")
    assert small.dtype == np.uint8
    assert max(small.shape[:2]) <= 256
    assert expected is None or small.shape[1::-1] == expected
    assert small.min() == 255


def test_the_file_says_what_it_is_in_its_first_bytes(tmp_path):
    stack = stack_of((np.zeros((4, 5, 4), np.uint8), 0, 0), extent=Extent(width=5, height=4))
    with written(tmp_path, stack) as archive:
        first = archive.infolist()[0]
        assert first.filename == "mimetype"
        assert first.compress_type == zipfile.ZIP_STORED
        assert not first.extra
        assert archive.testzip() is None
        assert all(not entry.flag_bits & 8 for entry in archive.infolist())  # sizes in front
    content = (tmp_path / "out.ora").read_bytes()
    assert content[30:54] == b"mimetypeimage/openraster"


def test_the_top_layer_is_the_first_element(tmp_path):
    rasters = [(np.full((3, 3, 4), value, np.uint8), 0, 0) for value in (10, 20, 30)]
    with written(tmp_path, stack_of(*rasters, extent=Extent(width=3, height=3))) as archive:
        root, _ = elements(archive)
        top = root.find("./stack/layer")
        assert top.get("name") == "layer 2"
        assert png(archive, top.get("src"))[0, 0, 0] == 30


def test_the_thumbnail_shows_the_colours_in_srgb(tmp_path):
    pixels = np.full((600, 900, 4), 255, np.uint8)
    pixels[..., :3] = 100
    stack = stack_of((pixels, 0, 0), extent=Extent(width=900, height=600), icc=ICC)
    with written(tmp_path, stack) as archive:
        small = png(archive, "Thumbnails/thumbnail.png")
    linear = (100 / 255) ** 1.9
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(small[5, 5, :3] - expected).max() <= 1


def test_a_source_that_adds_up_is_the_merged_image(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=50, height=40))
    source = picture_for(stack)
    other = np.where(source.pixels > 100, 0, source.pixels)
    report = {"reconstruction": {"max_abs": 0, "psnr_db": None}}
    pretended = type(source)(pixels=other)
    write(stack, pretended, tmp_path / "a.ora", run=Run(), report=report)
    report["reconstruction"]["max_abs"] = 1
    write(stack, pretended, tmp_path / "b.ora", run=Run(), report=report)
    with zipfile.ZipFile(tmp_path / "a.ora") as exact, zipfile.ZipFile(tmp_path / "b.ora") as near:
        assert np.array_equal(png(exact, "mergedimage.png"), other)
        assert np.array_equal(png(near, "mergedimage.png"), merged(stack))


def test_a_region_alone_is_not_taken_for_the_whole_picture(tmp_path):
    part = np.full((5, 5, 4), 255, np.uint8)
    stack = stack_of((part, 3, 3), extent=Extent(width=20, height=20))
    source = Picture(pixels=np.full((20, 20, 4), 255, np.uint8))
    report = {"reconstruction": {"max_abs": 0}}
    write(stack, source, tmp_path / "out.ora", run=Run(), report=report)
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        assert np.array_equal(png(archive, "mergedimage.png"), merged(stack))


@pytest.mark.parametrize(
    ("dtype", "icc", "said"),
    [(np.uint8, None, False), (np.uint8, srgb_profile(), False), (np.uint8, ICC, True),
     (np.uint16, None, True)],
)  # fmt: skip
def test_what_programs_make_of_deep_and_wide_documents_is_said(tmp_path, dtype, icc, said):
    stack = stack_of((np.zeros((4, 5, 4), dtype), 0, 0), extent=Extent(width=5, height=4), icc=icc)
    report = {}
    written(tmp_path, stack, report).close()
    assert (AS_SRGB_NOTE in report["notes"]) == said


def test_the_same_stack_has_the_same_bytes(tmp_path):
    stack = stack_of((np.zeros((4, 5, 4), np.uint8), 0, 0), extent=Extent(width=5, height=4))
    written(tmp_path, stack).close()
    first = (tmp_path / "out.ora").read_bytes()
    written(tmp_path, stack).close()
    assert (tmp_path / "out.ora").read_bytes() == first
