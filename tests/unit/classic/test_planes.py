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


SKY = ((20, 40, 100), (140, 90, 140), (245, 180, 140))
HILLS = (((95, 110, 140), 370), ((60, 85, 115), 425), ((30, 55, 85), 500))


def hills_and_sun():
    """Three ranges of hills, the rearmost cut off by the next one, before a sky with a sun."""
    y, x = np.indices((600, 600))
    sky = [np.interp(y, (0, 200, 380), stops) for stops in np.transpose(SKY)]
    sun = np.hypot(x - 420, y - 365) < 70
    picture = np.where(sun[..., None], (255, 230, 170), np.stack(sky, -1))
    ranges = []
    for colour, height in HILLS:
        line = height - 30 * np.sin(x / 90 + height) - 15 * np.sin(x / 37)
        if not ranges:
            line = line + np.maximum(120 - x, 0) * 1.5
        ranges.append(y > line)
        picture = np.where(ranges[-1][..., None], colour, picture)
    rgba = np.dstack([picture, np.full((600, 600), 255)])
    return np.rint(rgba).astype(np.uint8), sun, ranges


def iou(layer, mask):
    alpha = layer.pixels[..., 3] / 255
    return np.minimum(alpha, mask).sum() / np.maximum(alpha, mask).sum()


def test_ranges_of_hills_are_layers_and_the_sun_is_whole_behind_them():
    picture, sun, ranges = hills_and_sun()
    extent = Extent(width=600, height=600)
    found = split(picture, hints=Hints(), extent=extent, layer_count=None, run=Run()).layers
    assert len(found) == 5
    assert iou(found[1], sun) > 0.97
    front = ranges[2]
    assert iou(found[4], front) > 0.98
    assert iou(found[3], ranges[1] | front) > 0.98
    below = np.asarray(found[0].pixels[450:, :, :3], int)
    assert np.abs(below - picture[375, 10, :3]).max() < 20  # the sky goes on, not the hills


def test_a_ball_on_the_floor_is_before_the_floor():
    y, x = np.indices((400, 500))
    picture = np.where((y > 260)[..., None], (120, 90, 60), (200, 225, 240))
    ball = np.hypot(x - 250, y - 245) < 60
    picture = np.where(ball[..., None], (220, 40, 50), picture)
    rgba = np.dstack([picture, np.full((400, 500), 255)]).astype(np.uint8)
    extent = Extent(width=500, height=400)
    found = split(rgba, hints=Hints(), extent=extent, layer_count=None, run=Run()).layers
    assert iou(found[-1], ball) > 0.97
    assert iou(found[1], y > 260) > 0.97
