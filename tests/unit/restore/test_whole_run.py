"""What `restore` does around the arithmetic: names, places, progress, cancel, files, threads."""

import threading

import cv2
import numpy as np
import pytest
from fakes.answers import flattened, noise_layers, noise_picture, restored, solid

from layersplit.domain import Arithmetic, ModelLayer
from layersplit.errors import Cancelled
from layersplit.restore import strips
from layersplit.restore.measure import measure
from layersplit.run import Run


def boxed(height, width, box, colour, name=None):
    """A layer that is opaque inside ``box`` (x, y, w, h) only."""
    pixels = solid(height, width, colour, alpha=0)
    x, y, w, h = box
    pixels[y : y + h, x : x + w, 3] = 255
    return ModelLayer(pixels=pixels, name=name)


def scene():
    """A picture of flat areas, and the answer that describes it at half the size."""
    picture = noise_picture(1, 200, 300)
    picture.pixels[..., :3] = (200, 180, 40)
    picture.pixels[40:100, 60:160, :3] = (10, 60, 200)
    layers = [
        ModelLayer(pixels=solid(100, 150, (200, 180, 40)), name="ground"),
        boxed(100, 150, (30, 20, 50, 30), (10, 60, 200), name="box"),
    ]
    return picture, layers


def test_layers_keep_name_and_confidence_and_lie_at_their_place():
    picture, layers = scene()
    layers[1] = ModelLayer(pixels=layers[1].pixels, name="box", confidence=0.7)
    ground, box = restored(picture, layers)
    assert (ground.name, box.name, box.confidence) == ("ground", "box", 0.7)
    assert ground.bounds.as_list() == [0, 0, 300, 200]
    assert box.bounds.as_list() == [60, 40, 100, 60]
    assert (box.pixels[..., 3] == 255).all()
    assert (box.pixels[..., :3] == (10, 60, 200)).all()


def test_what_an_object_hides_is_filled_with_the_models_colour():
    picture, layers = scene()
    ground, _ = restored(picture, layers)
    hidden = ground.pixels[40:100, 60:160, :3].astype(int)
    assert np.abs(hidden - (200, 180, 40)).max() <= 2


def test_layers_without_content_are_left_out_but_not_the_bottom():
    picture, layers = scene()
    blank = ModelLayer(pixels=solid(100, 150, (9, 9, 9), alpha=0), name="blank")
    assert [layer.name for layer in restored(picture, [layers[0], blank, layers[1]])] == [
        "ground",
        "box",
    ]
    assert [layer.name for layer in restored(picture, [blank])] == ["blank"]


def test_layers_without_names_are_numbered():
    picture, layers = scene()
    bare = [ModelLayer(pixels=layer.pixels) for layer in layers]
    assert [layer.name for layer in restored(picture, bare)] == ["Layer 1", "Layer 2"]


def test_progress_rises_to_one_and_names_the_stage():
    picture, layers = scene()
    heard = []
    restored(picture, layers, run=Run(lambda *message: heard.append(message)))
    fractions = [fraction for _, fraction, _ in heard]
    assert {stage for stage, _, _ in heard} == {"restore"}
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_cancel_is_heard_between_tiles(monkeypatch):
    monkeypatch.setattr(strips, "TILE_PX", 32)
    cancelled = threading.Event()
    done = []

    def listen(stage, fraction, sentence):
        done.append((stage, fraction, sentence))
        if fraction and fraction > 0.1:
            cancelled.set()

    picture, layers = noise_picture(2, 400, 400), noise_layers(3, 3, 200, 200)
    with pytest.raises(Cancelled):
        restored(picture, layers, run=Run(listen, cancelled))
    assert done[-1][1] < 0.5


def test_opencv_gets_its_threads_back_after_success_and_after_cancel():
    before = cv2.getNumThreads()
    picture, layers = scene()
    restored(picture, layers)
    assert cv2.getNumThreads() == before
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled):
        restored(picture, layers, run=Run(cancelled=stopped))
    assert cv2.getNumThreads() == before


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_scratch_folder_holds_the_same_layers_as_files(tmp_path, dtype, monkeypatch):
    monkeypatch.setattr(strips, "TILE_PX", 64)
    picture, layers = noise_picture(4, 150, 170, dtype), noise_layers(5, 3, 75, 85)
    layers[1].pixels[:30, :, 3] = 0
    in_memory = restored(picture, layers)
    in_files = restored(picture, layers, scratch=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    for ours, theirs in zip(in_memory, in_files, strict=True):
        assert ours.bounds == theirs.bounds
        assert np.array_equal(ours.pixels, theirs.pixels)
    del in_files


@pytest.mark.parametrize("side", [48, 96])
def test_the_result_does_not_depend_on_the_tiles_beyond_rounding(side, monkeypatch):
    """Distances are estimated by a raster scan, so single pixels near ties may differ a little."""
    picture, layers = scene()
    picture.pixels[...] = cv2.GaussianBlur(picture.pixels, (0, 0), 1.2)
    whole = restored(picture, layers)
    monkeypatch.setattr(strips, "TILE_PX", side)
    monkeypatch.setattr(strips, "HALOS_PER_TILE", 1)
    tiled = restored(picture, layers)
    for one, other in zip(whole, tiled, strict=True):
        assert one.bounds == other.bounds
        difference = np.abs(one.pixels.astype(int) - other.pixels)
        assert np.quantile(difference, 0.999) <= 1


def test_the_providers_colours_stay_when_they_are_asked_for():
    picture, layers = scene()
    picture.pixels[..., :3] = np.minimum(picture.pixels[..., :3], 150)
    ground, box = restored(picture, layers, colours="model")
    assert np.abs(ground.pixels[..., :3].astype(int) - (200, 180, 40)).max() <= 1
    assert np.abs(box.pixels[5:-5, 5:-5, :3].astype(int) - (10, 60, 200)).max() <= 1
    assert box.bounds.as_list() == [60, 40, 100, 60]


def test_the_measure_is_zero_for_restored_layers_and_not_for_others():
    picture, layers = scene()
    for arithmetic in Arithmetic:
        exact = measure(picture, restored(picture, layers), arithmetic, Run())
        assert (exact.max_abs, exact.psnr_db) == (0, None)
        model = restored(picture, layers, colours="model")
        model[0].pixels[0, 0, 0] -= 51
        wrong = measure(picture, model, arithmetic, Run())
        shown = flattened(model, picture, arithmetic)
        assert wrong.max_abs == pytest.approx(np.abs(shown - picture.pixels).max(), abs=0.01)
        assert wrong.psnr_db is not None
        assert 20 < wrong.psnr_db < 90
