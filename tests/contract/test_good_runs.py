"""What every hosted provider does when nothing goes wrong."""

import numpy as np
from fakes import scene
from fakes.services import picture, split


def test_layers_arrive_in_the_services_order_and_add_up_to_what_was_sent(server):
    answer = split(server, layer_count=4)
    layers = [layer.pixels for layer in answer.layers]
    assert len(layers) == 4
    sent = scene.layers_of(picture(), 4)
    if server.name != "comfyui":  # there the client chooses the size
        for layer, expected in zip(layers, sent, strict=True):
            assert np.array_equal(layer, expected)
    assert server.billed == 1
    assert server.submissions == 1
