import numpy as np

from layersplit.domain import Bounds, Extent, Hints, Layer, Picture, Point, SplitRequest
from layersplit.region import embed, hinted_region

EXTENT = Extent(width=2000, height=1000)


def region_of(**hints):
    return hinted_region(SplitRequest(provider="fal", hints=Hints(**hints)), EXTENT)


def test_without_hints_the_whole_picture_is_sent():
    assert region_of() is None


def test_a_box_is_sent_with_its_surround():
    box = Bounds(x=900, y=400, width=200, height=100)
    region = region_of(boxes=(box,))
    assert region is not None
    assert region.intersection(box) == box
    assert (region.x, region.y) == (830, 330)


def test_a_mask_is_sent_with_its_surround_and_cut_at_the_border():
    mask = np.zeros((1000, 2000), np.uint8)
    mask[:100, :200] = 255
    assert region_of(mask=mask) == Bounds(x=0, y=0, width=270, height=170)


def test_a_lone_point_takes_a_quarter_of_the_side_around_it():
    region = region_of(points=(Point(x=0, y=0),))
    assert region is not None
    assert region.x == region.y == 0
    assert region.width * region.height < EXTENT.area


def test_a_region_that_is_nearly_everything_is_not_worth_a_crop():
    assert region_of(boxes=(Bounds(x=100, y=50, width=1800, height=900),)) is None


def test_the_embedded_splitter_always_sees_the_whole_picture():
    hints = Hints(boxes=(Bounds(x=900, y=400, width=200, height=100),))
    assert hinted_region(SplitRequest(provider="classic", hints=hints), EXTENT) is None


def test_the_bottom_of_a_region_grows_to_the_whole_picture():
    rng = np.random.default_rng(1)
    picture = Picture(pixels=rng.integers(0, 256, (20, 30, 4), dtype=np.uint8))
    region = Bounds(x=5, y=4, width=10, height=8)
    bottom = Layer(name="Background", pixels=np.full((8, 10, 4), 7, np.uint8), x=5, y=4)
    front = Layer(name="Figure", pixels=np.full((2, 3, 4), 9, np.uint8), x=6, y=5)
    grown, kept = embed((bottom, front), picture, region)
    assert kept is front
    assert grown.bounds == picture.extent.bounds
    assert (grown.pixels[region.slices] == 7).all()
    outside = np.ones((20, 30), bool)
    outside[region.slices] = False
    assert np.array_equal(grown.pixels[outside], picture.pixels[outside])
