import argparse

import pytest

from layersplit.cli.arguments import box, layer_count, point
from layersplit.domain import Bounds, Point


def test_auto_means_that_the_provider_decides():
    assert layer_count("auto") is None
    assert layer_count("4") == 4


@pytest.mark.parametrize("text", ["0", "-1", "four", "", "1.5"])
def test_a_wrong_number_of_layers_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        layer_count(text)


def test_a_box_is_two_opposite_corners_in_any_order():
    assert box("10,20,40,60") == Bounds(x=10, y=20, width=30, height=40)
    assert box("40,60,10,20") == box("10,20,40,60")


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,x", "5,5,5,9", ""])
def test_a_box_without_an_inside_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        box(text)


def test_a_point_marks_the_subject_unless_it_says_background():
    assert point("3,4") == Point(x=3, y=4)
    assert point("3,4,0") == Point(x=3, y=4, foreground=False)
