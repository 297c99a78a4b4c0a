"""Pictures and providers' answers for tests of the restoration, and what programs make of layers.

The emulations here are written apart from the product's, so that one checks the other.
"""

import numpy as np

from layersplit.domain import Arithmetic, ModelLayer, Picture
from layersplit.restore import restore
from layersplit.run import Run

ROUNDING = (Arithmetic.PER_LAYER, Arithmetic.ONCE)
"""The programs that round; one stack can be exact in both."""
DTYPES = (np.uint8, np.uint16, np.float32)


def full_of(dtype):
    return 1.0 if dtype == np.float32 else float(np.iinfo(dtype).max)


def noise_picture(seed, height, width, dtype=np.uint8, alpha="opaque"):
    """Every channel at random; floats reach below 0 and above 1."""
    random = np.random.default_rng(seed)
    full = full_of(dtype)
    values = random.random((height, width, 4))
    if dtype == np.float32:
        values[..., :3] = values[..., :3] * 1.6 - 0.3
    if alpha == "opaque":
        values[..., 3] = 1
    elif alpha == "ramp":
        kinds = random.integers(0, 4, (height, width))
        values[..., 3][kinds == 0] = 0
        values[..., 3][kinds == 1] = 1
    elif alpha == "none":
        values[..., 3] = 0
    pixels = values * full if full == 1 else np.rint(values * full)
    return Picture(pixels=pixels.astype(dtype))


def noise_layers(seed, count, height, width):
    random = np.random.default_rng(seed)
    return [
        ModelLayer(pixels=random.integers(0, 256, (height, width, 4)).astype(np.uint8))
        for _ in range(count)
    ]


def solid(height, width, colour, alpha=255):
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = alpha
    return pixels


def restored(picture, layers, **options):
    chosen = {"arithmetic": Arithmetic.PER_LAYER, "colours": "source", "run": Run(), **options}
    return restore(picture, layers, **chosen)


def placed(layer, picture):
    """A layer on the whole of the picture, in float64 channel units."""
    out = np.zeros(picture.pixels.shape)
    out[layer.bounds.slices] = layer.pixels
    return out


def flattened(layers, picture, arithmetic):
    """What the program of ``arithmetic`` shows, (h, w, 4) float64 in channel units.

    Krita: float32, stored after every layer; with 16-bit grey in integers. Elsewhere: float64,
    stored at the end.
    """
    if arithmetic is Arithmetic.CUT_OFF and picture.pixels.dtype == np.uint16:
        return _flattened_by_cutting_off(layers, picture)
    full = full_of(picture.pixels.dtype)
    each = arithmetic is not Arithmetic.ONCE
    kind = np.float32 if each else np.float64
    integers = picture.pixels.dtype != np.float32
    out = np.zeros(picture.pixels.shape, kind)
    for layer in layers:
        above = placed(layer, picture).astype(kind)
        share, below = above[..., 3:] / kind(full), out[..., 3:] / kind(full)
        united = share + below * (1 - share)
        weight = np.where(united > 0, share / np.where(united > 0, united, 1), 0)
        weight = np.where(below == 1, share, weight)
        out = np.concatenate(
            [weight * (above[..., :3] - out[..., :3]) + out[..., :3], united * kind(full)], axis=-1
        ).astype(kind)
        if each and integers:
            out = np.rint(out)
    return np.rint(out).astype(np.float64) if integers else out.astype(np.float64)


def _flattened_by_cutting_off(layers, picture):
    """Krita's integers for 16-bit grey, as measured in Krita 5.2.9, 5.3.4 and 6.0.4."""
    out = np.zeros(picture.pixels.shape, object)  # Python's integers do not overflow
    for layer in layers:
        above = placed(layer, picture).astype(int).astype(object)
        share, below = above[..., 3], out[..., 3]
        united = below + ((65535 - below) * share * 2 + 65535) // (2 * 65535)
        weight = (share * 65535 + united // 2) // np.where(united > 0, united, 1)
        step = (above[..., :3] - out[..., :3]) * weight[..., None]
        cut = np.where(step < 0, -(-step // 65535), step // 65535)
        shown = np.where((below == 0)[..., None], above[..., :3], out[..., :3] + cut)
        out = np.concatenate([shown, united[..., None]], axis=-1)
        out[united == 0] = 0
    return out.astype(np.float64)


def differences(layers, picture, arithmetic):
    """Greatest error of alpha and of premultiplied colour, both in channel units."""
    full = full_of(picture.pixels.dtype)
    shown, goal = flattened(layers, picture, arithmetic), picture.pixels.astype(np.float64)
    alpha = np.abs(shown[..., 3] - goal[..., 3]).max()
    colour = shown[..., :3] * shown[..., 3:] - goal[..., :3] * goal[..., 3:]
    return float(alpha), float(np.abs(colour).max() / full)
