import numpy as np
from PIL import Image, ImageDraw

from layersplit.classic.splitter import split
from layersplit.domain import Extent, Hints
from layersplit.run import Run


def titled(text="HIGH AND LIGHT"):
    """Thin light letters on a dark hill before a sky, drawn large and reduced as artists do."""
    image = Image.new("RGB", (2400, 2400), (240, 170, 130))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 1500, 2400, 2400), fill=(30, 55, 85))
    draw.text((1200, 1950), text, font_size=230, fill=(255, 245, 225), anchor="mm")
    small = image.resize((600, 600), Image.Resampling.LANCZOS).convert("RGBA")
    return np.asarray(small)


def test_letters_on_a_plane_are_measured_against_the_plane():
    picture = titled()
    hints, extent = Hints(), Extent(width=600, height=600)
    layers = split(picture, hints=hints, extent=extent, layer_count=None, run=Run()).layers
    texts = [layer for layer in layers if layer.name == "text"]
    assert len(texts) == 1
    assert texts[0].pixels[texts[0].pixels[..., 3] > 250][:, :3].mean() > 200
