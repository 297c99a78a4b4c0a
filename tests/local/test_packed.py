"""Packed weights: how far they are off, and checkpoints that bitsandbytes packed."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from layersplit.local.packed import Int8Linear, Nf4Linear, nf4_levels, pack_layers

RECORDING = Path(__file__).parent / "recordings" / "bitsandbytes_nf4.safetensors"


@pytest.fixture
def layer():
    torch.manual_seed(1)
    made = torch.nn.Linear(256, 96, dtype=torch.bfloat16)
    made.weight.data.normal_(0, 0.02)
    return made


@pytest.mark.parametrize(("family", "most"), [(Int8Linear, 0.012), (Nf4Linear, 0.1)])
def test_products_are_off_by_little(layer, family, most):
    packed = family(layer)
    packed.pack(layer.weight.detach())
    value = torch.randn(50, 256, dtype=torch.bfloat16)
    exact, got = layer(value).float(), packed(value).float()
    error = ((got - exact).norm() / exact.norm()).item()
    assert error < most
    assert got.dtype == exact.dtype


@pytest.mark.parametrize(("family", "most"), [(Int8Linear, 1.05), (Nf4Linear, 0.6)])
def test_they_take_the_memory_that_the_planner_counts(layer, family, most):
    packed = family(layer)
    packed.pack(layer.weight.detach())
    size = packed.weight.nbytes + packed.scale.nbytes
    assert size <= most * layer.weight.numel()


def test_rows_of_zeros_stay_zeros(layer):
    layer.weight.data.zero_()
    for family in (Int8Linear, Nf4Linear):
        packed = family(layer)
        packed.pack(layer.weight.detach())
        value = torch.randn(3, 256, dtype=torch.bfloat16)
        assert torch.equal(packed(value), layer.bias.expand(3, -1))


def test_the_levels_are_those_of_the_paper():
    published = (
        -1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0,
        0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0,
    )  # fmt: skip
    assert nf4_levels() == pytest.approx(published, abs=1e-4)


@pytest.mark.parametrize("name", ["double", "single"])
def test_weights_that_bitsandbytes_packed_are_read_as_it_reads_them(name):
    """Recorded with bitsandbytes 0.50.2: a layer of 96 x 64, with and without packed scales."""
    stored = {
        key.removeprefix(f"{name}."): value
        for key, value in load_file(RECORDING).items()
        if key.startswith(f"{name}.")
    }
    packed = Nf4Linear(torch.nn.Linear(64, 96, bias=False))
    packed.take("weight", stored)
    got = packed(torch.eye(64)).T
    torch.testing.assert_close(got, stored["unpacked"].float(), atol=2e-4, rtol=4e-3)


def test_another_layout_is_refused():
    stored = {
        key.removeprefix("single."): value
        for key, value in load_file(RECORDING).items()
        if key.startswith("single.")
    }
    with pytest.raises(ValueError, match="another shape"):
        Nf4Linear(torch.nn.Linear(96, 64)).take("weight", stored)


def test_bytes_that_are_packed_into_larger_numbers_are_refused():
    stored = {
        key.removeprefix("single."): value
        for key, value in load_file(RECORDING).items()
        if key.startswith("single.")
    }
    stored["weight"] = stored["weight"].reshape(-1).view(torch.bfloat16)
    with pytest.raises(ValueError, match="Expected bytes"):
        Nf4Linear(torch.nn.Linear(64, 96)).take("weight", stored)


def test_layers_that_do_not_fill_blocks_stay_as_they_are():
    network = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.Linear(64, 2))
    pack_layers(network, ["0", "1"], "nf4")
    assert isinstance(network[0], torch.nn.Linear)
    assert isinstance(network[1], Nf4Linear)
