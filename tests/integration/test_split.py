"""The use case with a provider whose answer is known: what becomes of it."""

import cv2
import numpy as np
import pytest
from fakes.synthetic import Synthetic

from layersplit import providers
from layersplit.domain import (
    Arithmetic,
    Bounds,
    Extent,
    Hints,
    ModelLayer,
    Picture,
    Point,
    SplitRequest,
)
from layersplit.errors import Cancelled, InputError, ProviderError
from layersplit.pixels.compositing import composite
from layersplit.run import Run
from layersplit.split import split_picture

WIDTH, HEIGHT = 900, 600
SMALL = (480, 320)


def flat(colour):
    return np.full((HEIGHT, WIDTH, 4), (*colour, 255), np.uint8)


def shape(colour, draw):
    layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    layer[..., :3] = colour
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    draw(alpha)
    layer[..., 3] = alpha
    return layer


GROUND = flat((40, 70, 130))
DISC = shape((220, 90, 40), lambda a: cv2.circle(a, (400, 320), 190, 255, -1, cv2.LINE_AA))
CARD = shape((240, 220, 90), lambda a: cv2.rectangle(a, (480, 180), (760, 500), 255, -1))
BLANK = np.zeros((HEIGHT, WIDTH, 4), np.uint8)


def over(*layers):
    out = layers[0].astype(np.float64)
    for layer in layers[1:]:
        alpha = layer[..., 3:] / 255.0
        out[..., :3] += (layer[..., :3] - out[..., :3]) * alpha
    return np.rint(out).astype(np.uint8)


PICTURE = Picture(pixels=over(GROUND, DISC, CARD), title="Card")


def returned(*layers):
    return [
        ModelLayer(pixels=cv2.resize(one, SMALL, interpolation=cv2.INTER_AREA)) for one in layers
    ]


@pytest.fixture
def answering(monkeypatch):
    monkeypatch.setitem(providers.PROVIDERS, "fal", "fakes.synthetic:Synthetic")
    monkeypatch.setattr(Synthetic, "tasks", [])

    def answer(*layers, picture=PICTURE, run=None, region=None, **request):
        monkeypatch.setattr(Synthetic, "layers", returned(*layers))
        return split_picture(
            picture, SplitRequest(provider="fal", **request), run=run or Run(), region=region
        )

    return answer


def assert_adds_up(stack, picture=PICTURE, bounds=None, arithmetic=Arithmetic.PER_LAYER):
    bounds = bounds or picture.extent.bounds
    seen = composite(stack.layers, bounds, arithmetic)
    assert np.array_equal(seen, picture.pixels[bounds.slices])


@pytest.mark.parametrize("arithmetic", list(Arithmetic))
def test_a_good_answer_stays_in_its_order_and_adds_up(answering, arithmetic):
    stack, report = answering(GROUND, DISC, CARD, arithmetic=arithmetic)
    assert (report.reordered, report.dropped) == (False, ())
    assert len(stack) == 3
    assert report.reconstruction.max_abs == 0
    assert (report.cost_usd, report.job) == (0.05, "j-1")
    assert_adds_up(stack, arithmetic=arithmetic)
    disc = stack.layers[1].bounds
    assert abs(disc.x - 210) <= 8  # two pixels of the provider
    assert abs(disc.bottom - 511) <= 8


def test_a_wrong_order_is_mended_and_said(answering):
    stack, report = answering(CARD, DISC, GROUND)
    assert report.reordered
    assert_adds_up(stack)
    areas = [layer.bounds.width * layer.bounds.height for layer in stack]
    assert areas[0] == WIDTH * HEIGHT
    assert stack.layers[2].bounds.right > 700  # the card is in front of the disc


@pytest.mark.parametrize("place", [0, 3], ids=["first", "last"])
def test_the_regenerated_picture_is_never_a_layer(answering, place):
    layers = [GROUND, DISC, CARD]
    layers.insert(place, over(GROUND, DISC, CARD))
    stack, report = answering(*layers)
    assert [(d.reason, d.index) for d in report.dropped] == [("full-picture", place)]
    assert len(stack) == 3
    assert_adds_up(stack)


def test_blanks_and_copies_are_left_out_and_reported(answering):
    stack, report = answering(GROUND, BLANK, DISC, CARD, CARD)
    assert {d.reason for d in report.dropped} == {"blank", "duplicate"}
    assert len(stack) == 3
    assert_adds_up(stack)


def test_fewer_layers_than_asked_are_said_and_no_error(answering):
    _, report = answering(GROUND, DISC, layer_count=4)
    assert any("4 layers were asked for" in note for note in report.notes)


def test_no_layer_at_all_is_a_failure_of_the_provider(answering):
    with pytest.raises(ProviderError) as failure:
        answering()
    assert failure.value.may_have_cost


def test_a_region_is_split_alone_and_lies_at_its_place(answering):
    region = Bounds(x=300, y=150, width=400, height=300)

    def cut(layer):
        return layer[region.slices]

    stack, _ = answering(cut(GROUND), cut(DISC), cut(CARD), region=region)
    assert Synthetic.tasks[0].extent == Extent(width=400, height=300)
    assert all(layer.bounds.intersection(region) == layer.bounds for layer in stack)
    assert_adds_up(stack, bounds=region)


def test_a_hinted_region_is_what_is_sent_and_the_whole_picture_adds_up(answering):
    box = Bounds(x=600, y=250, width=100, height=100)
    stack, _ = answering(GROUND, hints=Hints(boxes=(box,)))
    sent = Synthetic.tasks[0].extent
    assert sent.area < 0.2 * PICTURE.extent.area
    assert Synthetic.tasks[0].hints.boxes[0].width == 100
    assert_adds_up(stack)


def test_nothing_is_asked_when_the_request_cannot_be_done(answering):
    with pytest.raises(InputError, match="1 to 10 layers, not 11"):
        answering(GROUND, layer_count=11)
    with pytest.raises(InputError, match="outside the picture"):
        answering(GROUND, hints=Hints(points=(Point(x=WIDTH, y=0),)))
    with pytest.raises(InputError, match="out of range"):
        answering(GROUND, steps=0)
    assert Synthetic.tasks == []


def test_a_cancelled_run_stops_before_the_provider_is_asked(answering):
    run = Run()
    run.cancelled.set()
    with pytest.raises(Cancelled):
        answering(GROUND, run=run)
    assert Synthetic.tasks == []
