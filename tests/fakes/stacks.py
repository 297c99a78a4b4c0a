"""Layer stacks of every kind for tests of what is written, and what a file must hold of them."""

import numpy as np
from hypothesis import strategies as st

from layersplit.domain import Arithmetic, Extent, Layer, LayerStack, Picture
from layersplit.pixels.compositing import composite
from layersplit.pixels.profile_writer import (
    SRGB_PRIMARIES,
    gamma_curve,
    rgb_profile,
    srgb_profile,
)

ICC = rgb_profile(SRGB_PRIMARIES, gamma_curve(1.9), "tests")
NAMES = (
    "Background", "", "   ", "a\x00b\x1b[31m\nc", "x" * 300, "<b>&\"'", "../../etc/passwd", "CON",
    "🎈 Ballon", "🎈" * 200, "名前", "\ud800 lone", "\u2028\uffff", "a/b\\c:d*e?f", "é" * 256,
)  # fmt: skip
DTYPES = (np.uint8, np.uint16, np.float32)


def random_pixels(random, height, width, dtype):
    """Any values, with transparent, full and partial alpha, in runs and in noise."""
    if dtype == np.float32:
        pixels = (random.random((height, width, 4)) * 1.4 - 0.2).astype(np.float32)
        pixels[..., 3] = np.clip(pixels[..., 3], 0, 1)
    else:
        pixels = random.integers(0, np.iinfo(dtype).max + 1, (height, width, 4)).astype(dtype)
    kind = random.integers(0, 4)
    if kind == 0:
        pixels[:] = pixels[0, 0]
    elif kind == 1:
        pixels[: height // 2] = 0
    elif kind == 2:
        pixels[..., 3] = 1 if dtype == np.float32 else np.iinfo(dtype).max
    return pixels


@st.composite
def stacks(draw, dtypes=DTYPES, largest_side=40):
    """Stacks of 1 to 10 layers anywhere around a small document."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sides = st.integers(1, largest_side)
    extent = Extent(width=draw(sides), height=draw(sides))
    dtype = draw(st.sampled_from(dtypes))
    layers = []
    for _ in range(draw(st.integers(1, 10))):
        height, width = draw(st.tuples(st.integers(0, 30), st.integers(0, 30)))
        place = st.integers(-35, 45)
        layers.append(
            Layer(
                name=draw(st.sampled_from(NAMES) | st.text(max_size=12)),
                pixels=random_pixels(random, max(1, height), max(1, width), dtype)[:height, :width],
                x=draw(place),
                y=draw(place),
            )
        )
    icc = draw(st.sampled_from([None, ICC]))
    return LayerStack(extent=extent, layers=tuple(layers), icc=icc, title="A title")


def stack_of(*layers, extent, icc=None, title="Picture"):
    """A stack with one name for each raster: ``layers`` are (pixels, x, y)."""
    return LayerStack(
        extent=extent,
        layers=tuple(
            Layer(name=f"layer {n}", pixels=p, x=x, y=y) for n, (p, x, y) in enumerate(layers)
        ),
        icc=icc,
        title=title,
    )


def picture_for(stack):
    """A source picture that fits to the stack: its own composite."""
    return Picture(pixels=merged(stack), icc=stack.icc, title=stack.title)


def merged(stack):
    """What the layers look like together."""
    return composite(stack.layers, stack.extent.bounds, Arithmetic.PER_LAYER)


def in_file(pixels):
    """The samples that a file must hold: integers unchanged, floats as 16 bits."""
    if pixels.dtype == np.float32:
        return np.rint(np.clip(pixels, 0, 1) * np.float32(65535)).astype(np.uint16)
    return pixels


def profile_in_file(stack):
    """The profile that a file must hold: sRGB is spelled out with 16 bits only."""
    deep = in_file(stack.layers[0].pixels).dtype == np.uint16
    return stack.icc or (srgb_profile() if deep else None)


def raster(layer):
    """The same for a layer; one without pixels is one transparent pixel."""
    if layer.bounds.is_empty:
        return in_file(np.zeros((1, 1, 4), layer.pixels.dtype))
    return in_file(layer.pixels)
