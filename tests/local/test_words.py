"""Captions and names: what is shown to the model, and what is made of its answers."""

import numpy as np
import pytest
from local import tiny
from PIL import Image

from layersplit.local import words
from layersplit.local.sight import IMAGE_MARK, Sight, over_white


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Woman in red dress", "Woman in red dress"),
        ('"title text".', "Title text"),
        ("  blue square\nIt is blue.", "Blue square"),
        ("Frau in rotem Kleid!", "Frau in rotem Kleid"),
        ("蓝色方块", "蓝色方块"),
        ("", None),
        ("\n\n", None),
        ("12#4%%((", None),
        ("��", None),
        ("the layer shows a woman who is wearing a dress", None),
        ("x" * 41, None),
    ],
)
def test_an_answer_becomes_a_name_or_nothing(answer, name):
    assert words.tidy_name(answer) == name


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("A cat. It is black. It sits on", "A cat. It is black."),
        ("A cat\n on  a mat", "A cat on a mat"),
        ("Is it? Yes", "Is it?"),
        ("", ""),
    ],
)
def test_a_caption_ends_with_a_whole_sentence(text, kept):
    assert words.whole_sentences(text) == kept


def test_a_layer_is_shown_over_grey_where_it_is():
    layer = np.zeros((100, 200, 4), np.uint8)
    layer[20:40, 50:130] = (255, 0, 0, 255)
    shown = words.shown_layer(layer)
    assert shown.size == (336, 84)
    assert shown.getpixel((168, 42)) == (255, 0, 0)


def test_what_is_half_transparent_is_shown_as_that():
    layer = np.full((50, 50, 4), (255, 255, 255, 128), np.uint8)
    assert words.shown_layer(layer).getpixel((100, 100)) == pytest.approx((191,) * 3, abs=1)


def test_an_empty_layer_has_no_name():
    assert words.shown_layer(np.zeros((10, 10, 4), np.uint8)) is None


def test_hidden_colours_are_not_described():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[..., 0] = 255
    assert over_white(Image.fromarray(pixels)).getpixel((1, 1)) == (255, 255, 255)


def test_the_encoder_gets_what_the_stock_processor_makes():
    """One mark for each 28 x 28 pixels, between the marks of a picture, marked as such."""
    tokenizer = tiny.tokenizer()
    sight = Sight(images=tiny.images(), tokenizer=tokenizer)
    inputs = sight.inputs("What?", Image.new("RGB", (64, 64)), tiny.text_encoder(tokenizer))
    text = tokenizer.decode(inputs["input_ids"][0])
    assert f"What?<|vision_start|>{IMAGE_MARK * 4}<|vision_end|><|im_end|>" in text
    assert inputs["mm_token_type_ids"].sum() == 4
    assert inputs["pixel_values"].shape[0] == 16
