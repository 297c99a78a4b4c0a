"""Names say what a layer is, are unique, and speak the user's language."""

import numpy as np
import pytest

from layersplit.checks.names import name_layers
from layersplit.checks.words import WORDS, colour_word, place_word
from layersplit.domain import ModelLayer


def layer(colour=(220, 30, 30), where=(slice(0, 40), slice(0, 40)), name=None):
    pixels = np.zeros((120, 120, 4), np.uint8)
    pixels[(*where, slice(None))] = (*colour, 255)
    return ModelLayer(pixels=pixels, name=name)


EVERYWHERE = (slice(None), slice(None))
PICTURE = np.full((120, 120, 4), 255, np.uint8)
GROUND = layer((200, 200, 200), EVERYWHERE)


def names(*layers, language="en", picture=PICTURE):
    return name_layers(picture, layers, language=language)


def test_the_ground_is_the_background_and_things_have_colour_and_place():
    assert names(GROUND, layer()) == ("Background", "Red shape, top left")


def test_names_are_unique():
    found = names(GROUND, layer(), layer(), layer(name="Text"), layer(name="text"))
    assert len({name.casefold() for name in found}) == len(found)


@pytest.mark.parametrize(
    "given", ["layer_3", "Layer 2", "image0", "  ", "output-1", "", None, "12"]
)
def test_a_name_that_says_nothing_is_replaced(given):
    assert names(GROUND, layer(name=given))[1] == "Red shape, top left"


def test_a_name_that_says_something_stays():
    assert names(GROUND, layer(name="Girl with\n umbrella"))[1] == "Girl with umbrella"


def test_names_are_in_the_users_language_and_english_where_it_is_unknown():
    assert names(GROUND, layer(), language="de_AT.UTF-8")[0] == "Hintergrund"
    assert names(GROUND, layer(name="text"), language="de")[1] == "Text"
    assert names(GROUND, layer(), language="xx") == names(GROUND, layer(), language="en")


def test_every_language_has_every_word():
    assert {frozenset(table) for table in WORDS.values()} == {frozenset(WORDS["en"])}


@pytest.mark.parametrize("language", WORDS)
def test_a_name_reads_as_its_language_has_it(language):
    expected = {
        "en": "Red shape, top left",
        "de": "Form rot, oben links",
        "fr": "Forme en rouge, en haut à gauche",
        "es": "Forma en rojo, arriba a la izquierda",
        "ja": "赤の形、左上",
    }
    thing = layer((220, 30, 30), (slice(0, 40), slice(0, 40)))
    assert names(GROUND, thing, language=language)[1] == expected[language]


def test_the_same_layers_get_the_same_names():
    stack = (GROUND, layer(), layer((20, 20, 200), (slice(80, 120), slice(80, 120))))
    assert names(*stack) == names(*stack)


def test_on_a_transparent_document_the_bottom_is_a_thing_and_no_background():
    picture = PICTURE.copy()
    picture[60:, :, 3] = 0
    picture[:, 60:, 3] = 0
    assert names(layer((220, 30, 30), EVERYWHERE), picture=picture)[0] != "Background"


def test_an_empty_layer_has_a_name():
    assert all(names(layer(where=(slice(0, 0), slice(0, 0)))))


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ((1, 1, 1), "White"), ((0, 0, 0), "Black"), ((0.5, 0.5, 0.5), "Grey"), ((1, 0, 0), "Red"),
        ((0, 0.6, 0.1), "Green"), ((0.1, 0.2, 0.9), "Blue"), ((1, 0.9, 0), "Yellow"),
        ((0.4, 0.2, 0.05), "Brown"), ((1, 0.7, 0.8), "Pink"), ((1, 0.55, 0), "Orange"),
    ],
)  # fmt: skip
def test_colours_have_the_names_that_people_give_them(colour, word):
    assert colour_word(colour, "en") == word


def test_stripes_have_the_name_of_a_stripe_and_not_of_their_mixture():
    striped = layer((210, 40, 30), (slice(0, 40), slice(20, 100)))
    striped.pixels[:40:4, 20:100, :3] = striped.pixels[1:40:4, 20:100, :3] = 255
    assert names(GROUND, striped)[1] == "Red figure, top"


def test_places_are_named_by_thirds():
    assert place_word((0.5, 0.5), "en") == "centre"
    assert place_word((0.9, 0.1), "en") == "top right"
    assert place_word((0.5, 0.9), "de") == "unten"
