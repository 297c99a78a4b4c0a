"""The embedded splitter on pictures whose layers are known."""

import threading

import cv2
import numpy as np
import pytest
from fakes.posters import (
    HEIGHT,
    WIDTH,
    Drawing,
    best,
    divided,
    figure,
    ground,
    iou,
    layer,
    poster,
    scaled,
    written,
)

from layersplit.classic.splitter import split
from layersplit.domain import Bounds, Extent, Hints, Point, SplitRequest
from layersplit.errors import Cancelled
from layersplit.providers.base import Task
from layersplit.providers.classic import Classic
from layersplit.run import Run


@pytest.mark.parametrize("kind", ["flat", "gradient", "radial", "stripes", "paper"])
def test_a_poster_gives_figure_title_and_a_ground_without_remains(kind):
    drawing = poster(kind)
    result = divided(drawing.picture())
    fit, at = best(result, drawing.alpha("figure"))
    title_fit, title_at = best(result, drawing.alpha("title"))
    assert fit > 0.97
    assert title_fit > 0.95
    assert at != title_at
    hidden = np.maximum(drawing.alpha("figure"), drawing.alpha("title")) > 0
    away = np.abs(result.layers[0].pixels[..., :3] - drawing.layers["background"][..., :3] * 255.0)
    assert float(away[hidden].mean()) < (6 if kind == "paper" else 3)


def test_the_layers_are_named_where_they_are_known_and_say_how_sure_they_are():
    result = divided(poster("gradient").picture())
    assert result.layers[0].name == "background"
    assert result.layers[-1].name == "text"
    assert all(0 < one.confidence <= 1 for one in result.layers)


def test_small_print_is_a_layer_of_its_own_beside_the_title():
    drawing = poster("gradient")
    drawing.layers["print"] = written("every sunday from nine to five", 60, 515, 0.55)
    result = divided(drawing.picture())
    assert best(result, drawing.alpha("print"))[0] > 0.85
    assert best(result, drawing.alpha("print"))[1] != best(result, drawing.alpha("title"))[1]


def test_text_in_the_ground_colour_on_a_panel_is_text_and_no_hole():
    panel = layer(
        (40, 60, 110), lambda m: cv2.rectangle(m, scaled(60, 60), scaled(660, 480), 255, -1)
    )
    words = written("PALE WORDS", 120, 300, 2.0, (250, 236, 200))
    drawing = Drawing({"background": ground("flat"), "panel": panel, "words": words})
    result = divided(drawing.picture())
    assert best(result, drawing.alpha("words"))[0] > 0.9
    assert best(result, drawing.alpha("panel"))[0] > 0.98  # the panel goes on behind the words


def test_a_figure_before_a_disc_is_taken_apart_and_the_disc_is_whole():
    disc = layer((240, 190, 60), lambda m: cv2.circle(m, scaled(360, 270), 170 * 4, 255, -1))
    drawing = Drawing({"background": ground("gradient"), "disc": disc, "figure": figure(360, 320)})
    result = divided(drawing.picture())
    disc_fit, disc_at = best(result, drawing.alpha("disc"))
    figure_fit, figure_at = best(result, drawing.alpha("figure"))
    assert disc_fit > 0.98
    assert figure_fit > 0.95
    assert disc_at < figure_at


def test_a_figure_that_the_border_cuts_off_is_a_figure():
    drawing = Drawing({"background": ground("gradient"), "figure": figure(360, 450)})
    assert best(divided(drawing.picture()), drawing.alpha("figure"))[0] > 0.97


def test_a_floor_is_a_layer_that_goes_on_behind_what_stands_on_it():
    floor = layer(
        (90, 150, 80), lambda m: cv2.rectangle(m, scaled(0, 400), scaled(WIDTH, HEIGHT), 255, -1)
    )
    drawing = Drawing({"background": ground("flat"), "floor": floor, "figure": figure(300, 330)})
    result = divided(drawing.picture())
    assert best(result, drawing.alpha("floor"))[0] > 0.97
    assert best(result, drawing.alpha("figure"))[0] > 0.97


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
def test_the_number_of_layers_is_a_ceiling(count):
    drawing = poster("gradient")
    drawing.layers["print"] = written("every sunday", 60, 515, 0.55)
    result = divided(drawing.picture(), count=count)
    assert 1 <= len(result.layers) <= count
    if count >= 3:
        assert best(result, drawing.alpha("figure"))[0] > 0.97


def test_parts_on_a_transparent_document_need_no_background():
    drawing = poster("flat")
    picture = drawing.picture()
    alpha = np.maximum(drawing.alpha("figure"), drawing.alpha("title"))
    picture[..., 3] = np.rint(alpha * 255)
    result = divided(picture)
    assert len(result.layers) == 2
    assert all(one.name != "background" for one in result.layers)
    visible = result.layers[1].pixels[..., 3] / 255 * alpha
    parts = [drawing.alpha(name) for name in ("figure", "title")]
    assert max(iou(visible, part) for part in parts) > 0.95


def test_hints_choose_and_cut_the_object():
    drawing = poster("gradient")
    box = Bounds(x=350, y=225, width=160, height=250)
    result = divided(drawing.picture(), Hints(boxes=(box,)))
    assert len(result.layers) == 2
    assert iou(result.layers[1].pixels[..., 3] / 255, drawing.alpha("figure")) > 0.95


def test_the_last_box_is_the_front_most_and_the_count_stays_a_ceiling():
    drawing = poster("gradient")
    boxes = (Bounds(x=20, y=20, width=560, height=90), Bounds(x=350, y=225, width=160, height=250))
    both = divided(drawing.picture(), Hints(boxes=boxes))
    assert len(both.layers) == 3
    assert iou(both.layers[2].pixels[..., 3] / 255, drawing.alpha("figure")) > 0.9
    assert len(divided(drawing.picture(), Hints(boxes=boxes), count=2).layers) == 2


def test_a_textured_scene_gets_low_confidence_and_advice():
    random = np.random.default_rng(1)
    noise = cv2.resize(random.integers(0, 256, (140, 180, 3), dtype=np.uint8), (WIDTH, HEIGHT))
    picture = np.dstack([noise, np.full((HEIGHT, WIDTH), 255, np.uint8)])
    result = divided(picture)
    assert all(one.confidence < 0.5 for one in result.layers)
    assert any("rough selection" in note for note in result.notes)


def test_the_same_picture_gives_the_same_layers():
    picture = poster("paper").picture()
    first, second = divided(picture), divided(picture)
    assert len(first.layers) == len(second.layers)
    for one, other in zip(first.layers, second.layers, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def _degenerate() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)

    def noise(height, width):
        return random.integers(0, 256, (height, width, 4), dtype=np.uint8)

    def solid(height, width, alpha=255):
        return np.full((height, width, 4), (120, 90, 200, alpha), np.uint8)

    dot = solid(90, 120)
    dot[40, 60, :3] = 0
    halves = np.hstack([solid(90, 60), 255 - solid(90, 60, 0)])
    return {
        "1 x 1": solid(1, 1), "1 x 900": noise(1, 900), "900 x 1": noise(900, 1),
        "2 x 3": noise(2, 3), "8 x 8": noise(8, 8), "9 x 700": noise(9, 700),
        "one colour": solid(90, 120),
        "transparent": solid(90, 120, 0), "half transparent": solid(90, 120, 128),
        "noise": noise(90, 120), "a dot": dot, "two halves": halves,
    }  # fmt: skip


@pytest.mark.parametrize("kind", _degenerate())
@pytest.mark.parametrize("hinted", [False, True])
def test_no_picture_is_too_odd(kind, hinted):
    picture = _degenerate()[kind]
    height, width = picture.shape[:2]
    hints = Hints(
        boxes=(Bounds(x=0, y=0, width=max(1, width // 2), height=height),),
        points=(Point(x=width - 1, y=height - 1), Point(x=0, y=0, foreground=False)),
        mask=np.full((height, width), 255, np.uint8),
    )
    result = divided(picture, hints if hinted else Hints())
    assert 1 <= len(result.layers) <= 10
    assert all(one.pixels.shape == picture.shape for one in result.layers)


def _task(picture: np.ndarray) -> Task:
    extent = Extent(width=picture.shape[1], height=picture.shape[0])
    return Task(request=SplitRequest(), extent=extent, hints=Hints(), reduced=lambda _: picture)


def test_the_provider_is_always_ready_and_knows_its_order():
    provider = Classic()
    assert provider.unready() is None
    answer = provider.split(_task(poster("flat").picture()), Run())
    assert answer.order_is_certain
    assert len(answer.layers) == 3


def test_a_stopped_run_stops():
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled):
        Classic().split(_task(poster("flat").picture()), Run(cancelled=stopped))


def before_a_ground(*, is_photo):
    """A disc before a blurred, uneven ground, as a camera sees it; or a drawn one with grain."""
    random = np.random.default_rng(5)
    y, x = np.indices((360, 480))
    thing = (np.hypot(x - 250, y - 200) < 80).astype(np.float32)[..., None]
    if is_photo:
        ground = np.full((360, 480, 3), (90, 130, 80), np.float32)
        for _ in range(14):  # lights out of focus
            at, size, colour = random.uniform((0, 0), (480, 360)), 40, random.uniform(60, 190, 3)
            spot = np.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / size**2))[..., None]
            ground = ground + (colour - ground) * spot * 0.7
        thing = cv2.GaussianBlur(thing, (0, 0), 3)[..., None]
    else:
        ground = np.float32((240, 220, 150)) + random.normal(0, 2, (360, 480, 3))
    rgb = ground + (np.float32((200, 60, 50)) - ground) * thing
    return np.dstack([np.clip(rgb, 0, 255), np.full((360, 480), 255)]).astype(np.uint8)


@pytest.mark.parametrize("is_photo", [True, False])
def test_a_blurred_ground_is_believed_less_than_a_drawn_one(is_photo):
    found = split(
        before_a_ground(is_photo=is_photo),
        hints=Hints(),
        extent=Extent(width=480, height=360),
        layer_count=None,
        run=Run(),
    )
    assert len(found.layers) > 1
    assert (found.layers[0].confidence < 0.6) is is_photo
    assert bool(found.notes) is is_photo
