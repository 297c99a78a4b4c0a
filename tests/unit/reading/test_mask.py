"""Masks from any picture."""

import numpy as np
import pytest
from PIL import Image

from layersplit.domain import Extent
from layersplit.errors import InputError
from layersplit.reading import read_mask

EXTENT = Extent(width=40, height=30)


def marked(folder, image, extent=EXTENT):
    image.save(folder / "mask.png")
    return read_mask(folder / "mask.png", extent)


def white_box(size=(40, 30)):
    image = Image.new("L", size)
    image.paste(255, (size[0] // 4, size[1] // 3, size[0] // 2, 2 * size[1] // 3))
    return image


def test_white_is_inside(tmp_path):
    mask = marked(tmp_path, white_box())
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, np.asarray(white_box()))
    assert np.array_equal(marked(tmp_path, white_box().convert("RGB")), mask)
    assert np.array_equal(marked(tmp_path, white_box().convert("1")), mask)
    deep = Image.fromarray(np.asarray(white_box()).astype(np.uint16) * 257)
    assert np.array_equal(marked(tmp_path, deep), mask)


def test_alpha_counts_where_there_is_any(tmp_path):
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    image.paste((0, 0, 0, 200), (5, 6, 20, 12))
    mask = marked(tmp_path, image)
    assert mask.shape == (30, 40)
    assert mask[8, 10] == 200
    assert mask[20, 30] == 0


@pytest.mark.parametrize("size", [(80, 60), (20, 15), (41, 31), (400, 301)])
def test_another_size_of_the_same_shape_is_scaled(tmp_path, size):
    mask = marked(tmp_path, white_box(size))
    assert mask.shape == (30, 40)
    assert mask[15, 15] == 255
    assert mask[2, 2] == 0


@pytest.mark.parametrize("size", [(30, 40), (40, 40), (80, 30), (20, 20)])
def test_another_shape_is_refused(tmp_path, size):
    with pytest.raises(InputError, match=f"{size[0]} x {size[1]}"):
        marked(tmp_path, white_box(size))


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_mask(tmp_path / "absent.png", EXTENT)
