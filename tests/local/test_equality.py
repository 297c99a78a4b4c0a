"""Our loop against diffusers' own pipeline, over the same networks."""

import numpy as np
import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as stock_module
from local import tiny
from PIL import Image

from layersplit.local import loop, prompts
from layersplit.local.estimate import fitting_size

THEIR_SIZE = stock_module.calculate_dimensions


@pytest.fixture(scope="module")
def stock():
    """The stock pipeline; it knows two areas only, so the test maps both to 96 x 96."""
    stock_module.calculate_dimensions = lambda _area, ratio: THEIR_SIZE(96 * 96, ratio)
    yield tiny.pipeline()
    stock_module.calculate_dimensions = THEIR_SIZE


def recipe(stock, *, layers, guidance, normalised=True, size=(128, 64)):
    texts = [
        prompts.embed(words, stock.text_encoder, stock.tokenizer, lambda: None)
        for words in ("a picture", " ")
    ]
    return loop.Recipe(
        width=size[0],
        height=size[1],
        layers=layers,
        steps=5,
        guidance=guidance,
        seed=7,
        described=texts[0],
        plain=texts[1],
        normalised=normalised,
    )


def separated(stock, picture, **settings):
    networks = loop.Networks(
        transformer=stock.transformer, vae=stock.vae, scheduler=stock.scheduler
    )
    return loop.separate(
        networks, Image.fromarray(picture), recipe(stock, **settings), lambda _done: None
    )


def ours(stock, picture, **settings):
    latents = separated(stock, picture, **settings)
    return loop.decode(stock.vae, latents, lambda _done: None)


def theirs(stock, picture, guidance, normalised):
    """Images of the stock pipeline, and the latents that it gave to its autoencoder."""
    seen = []
    decode = stock.vae.decode

    def listen(latents, **options):
        seen.append(latents)
        return decode(latents, **options)

    stock.vae.decode = listen
    try:
        images = stock(
            Image.fromarray(picture),
            "a picture",
            negative_prompt=" ",
            true_cfg_scale=guidance,
            layers=3,
            num_inference_steps=5,
            resolution=640,
            cfg_normalize=normalised,
            generator=torch.Generator().manual_seed(7),
        ).images[0]
    finally:
        stock.vae.decode = decode
    return images, seen[0]


@pytest.mark.parametrize("guidance", [4.0, 1.0])
@pytest.mark.parametrize("normalised", [True, False])
def test_the_layers_are_those_of_the_stock_pipeline(stock, picture, guidance, normalised):
    settings = {"layers": 3, "guidance": guidance, "normalised": normalised}
    images, their_latents = theirs(stock, picture, guidance, normalised)
    # A tiny random decoder hardly shows its input, so that is compared, too.
    latents = separated(stock, picture, **settings)[0, :, 1:].transpose(0, 1).unsqueeze(2)
    torch.testing.assert_close(latents, their_latents, atol=1e-4, rtol=1e-4)
    layers = ours(stock, picture, **settings)
    assert len(layers) == len(images) == 3
    for mine, other in zip(layers, images, strict=True):
        assert mine.shape == (64, 128, 4)
        assert np.abs(mine.astype(int) - np.asarray(other)).max() <= 1


def test_any_size_in_multiples_of_32_works(stock, picture):
    layers = ours(stock, picture, layers=1, guidance=4.0, size=(160, 96))
    assert [layer.shape for layer in layers] == [(96, 160, 4)]


def test_no_layers_gives_the_one_picture(stock, picture):
    layers = ours(stock, picture, layers=0, guidance=1.0, size=(64, 64))
    assert [layer.shape for layer in layers] == [(64, 64, 4)]


@pytest.mark.parametrize(
    ("size", "resolution", "wanted"),
    [
        ((3000, 2000), 640, (768, 512)),
        ((640, 640), 640, (640, 640)),
        ((1920, 1080), 1024, (1376, 768)),
        ((800, 800), 800, (800, 800)),
        ((9000, 3), 640, (12800, 32)),
    ],
)
def test_the_model_sees_nearly_the_aspect_in_the_area_that_was_asked(size, resolution, wanted):
    assert fitting_size(*size, resolution) == wanted
    if min(size) > 100:
        assert wanted == THEIR_SIZE(resolution**2, size[0] / size[1])
