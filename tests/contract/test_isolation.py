"""A box in front of any engine: the subject comes in front, and everything still adds up."""

from dataclasses import replace

import numpy as np
import pytest
from fakes.services import FAST, picture

import layersplit.split
from layersplit.domain import Arithmetic, Bounds, Hints, Picture, SplitRequest
from layersplit.pixels.compositing import composite
from layersplit.providers import provider
from layersplit.run import Run
from layersplit.split import split_picture

WIDTH, HEIGHT = 240, 160


@pytest.mark.parametrize("arithmetic", list(Arithmetic))
def test_the_boxed_subject_is_in_front_and_the_layers_add_up(server, monkeypatch, arithmetic):
    monkeypatch.setattr(
        layersplit.split, "provider", lambda name: replace(provider(name), timing=FAST)
    )
    pixels = picture(WIDTH, HEIGHT)
    disc = (pixels[..., :3] == (230, 90, 40)).all(-1)
    box = Bounds(x=60, y=20, width=120, height=120)
    request = SplitRequest(
        provider=server.name, layer_count=3, hints=Hints(boxes=(box,)), arithmetic=arithmetic
    )
    stack, report = split_picture(Picture(pixels=pixels), request, run=Run())
    together = composite(stack.layers, stack.extent.bounds, arithmetic)
    assert np.array_equal(together, pixels)
    assert report.reconstruction.max_abs == 0
    subject = np.zeros((HEIGHT, WIDTH), bool)
    for layer in stack.layers[1:]:
        inside = layer.pixels[..., 3] > 127
        if not (inside & ~disc[layer.bounds.slices]).sum() > 0.1 * inside.sum():
            subject[layer.bounds.slices] |= inside
    assert (subject & disc).sum() > 0.9 * disc.sum()
    front = stack.layers[-1]
    assert disc[front.bounds.slices][front.pixels[..., 3] > 127].mean() > 0.9
