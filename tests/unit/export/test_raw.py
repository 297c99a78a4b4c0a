"""Raw layers for a host, read back as the host reads them."""

import threading

import numpy as np
import pytest
from fakes.stacks import DTYPES, stacks
from hypothesis import given
from hypothesis import strategies as st

from layersplit.domain import Layer, LayerStack
from layersplit.errors import Cancelled
from layersplit.export.raw import write_layers
from layersplit.run import Run

DEPTHS = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def as_held(stack, depth):
    """``stack`` in the dtype that the core holds for ``depth``."""
    dtype = np.float32 if depth == "f16" else DEPTHS[depth]
    layers = tuple(
        Layer(name=layer.name, pixels=(layer.pixels * 1).astype(dtype), x=layer.x, y=layer.y)
        for layer in stack
    )
    return LayerStack(extent=stack.extent, layers=layers)


@given(
    stack=stacks(dtypes=DTYPES[:1]),
    depth=st.sampled_from(sorted(DEPTHS)),
    order=st.sampled_from(["rgba", "bgra"]),
)
def test_the_host_gets_the_layers_bit_for_bit(tmp_path_factory, stack, depth, order):
    folder = tmp_path_factory.mktemp("job")
    held = as_held(stack, depth)
    files = write_layers(held, folder, order, depth)
    assert [file.file for file in files] == [f"layer-{n}.raw" for n in range(len(stack))]
    for layer, file in zip(held, files, strict=True):
        x, y, width, height = file.bounds
        assert (x, y) == (layer.x, layer.y)
        content = np.fromfile(folder / file.file, DEPTHS[depth]).reshape(height, width, 4)
        seen = content[..., [2, 1, 0, 3]] if order == "bgra" else content
        if layer.bounds.is_empty:
            assert seen.shape == (1, 1, 4)
            assert not seen.any()
        else:
            assert np.array_equal(seen, layer.pixels)
        assert file.name


def one_layer(pixels):
    return LayerStack(
        extent=Layer(name="", pixels=pixels).bounds and _extent(pixels),
        layers=(Layer(name="a", pixels=pixels), Layer(name="b", pixels=pixels)),
    )


def _extent(pixels):
    from layersplit.domain import Extent  # noqa: PLC0415

    return Extent(width=pixels.shape[1], height=pixels.shape[0])


def test_half_floats_do_not_overflow(tmp_path):
    write_layers(one_layer(np.full((2, 2, 4), 1e9, np.float32)), tmp_path, "rgba", "f16")
    assert np.isfinite(np.fromfile(tmp_path / "layer-0.raw", np.float16)).all()


def test_another_depth_than_the_stack_s_is_a_fault(tmp_path):
    with pytest.raises(ValueError, match="u16"):
        write_layers(one_layer(np.zeros((2, 2, 4), np.uint8)), tmp_path, "rgba", "u16")


def test_a_cancel_leaves_nothing(tmp_path):
    cancelled = threading.Event()
    run = Run(lambda *_: cancelled.set(), cancelled)
    with pytest.raises(Cancelled):
        write_layers(one_layer(np.zeros((2, 2, 4), np.uint8)), tmp_path, "rgba", "u8", run=run)
    assert list(tmp_path.iterdir()) == []
