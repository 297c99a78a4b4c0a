"""Memory for streamed blocks: everything arrives, little is wasted, a refusal is no end."""

import pytest
import torch

from layersplit.local.packed import pack_layers
from layersplit.local.slabs import Slabs, settle


@pytest.fixture
def blocks():
    torch.manual_seed(1)
    return torch.nn.ModuleList(
        torch.nn.Sequential(torch.nn.Linear(64, 65), torch.nn.LayerNorm(65)) for _ in range(7)
    )


def plain(count):
    return torch.empty(count, dtype=torch.uint8)


def test_everything_lies_in_slabs_and_is_what_it_was(blocks):
    value = torch.randn(3, 64)
    expected = [block(value) for block in blocks]
    slabs = Slabs(plain, 1 << 16)
    assert settle(blocks, slabs)
    storages = {tensor.untyped_storage().data_ptr() for tensor in blocks.parameters()}
    assert len(storages) * (1 << 16) == slabs.total_bytes
    assert all(torch.equal(a, block(value)) for a, block in zip(expected, blocks, strict=True))


def test_packed_weights_of_several_types_keep_their_types(blocks):
    weights = [block[0].weight.detach().clone() for block in blocks]
    for block, weight in zip(blocks, weights, strict=True):
        pack_layers(block, ["0"], "nf4")
        block[0].pack(weight)
    value = torch.randn(3, 64)
    expected = [block(value) for block in blocks]
    assert settle(blocks, Slabs(plain, 1 << 14))
    assert all(torch.equal(a, block(value)) for a, block in zip(expected, blocks, strict=True))


def test_little_is_wasted_and_no_slab_is_rounded_up():
    """The matrices of the real model; torch would round each of them up, by 1.8."""
    sizes = [18_874_368] * 8 + [75_497_472] * 4 + [113_246_208] * 2
    made = []

    def allocate(count):
        made.append(count)
        return torch.empty(count, dtype=torch.uint8, device="meta")

    slabs = Slabs(allocate)
    for size in sizes * 60:
        slabs.place(torch.empty(size, dtype=torch.uint8, device="meta"))
    assert all(count & (count - 1) == 0 for count in made)
    assert slabs.total_bytes <= 1.03 * sum(sizes * 60)


def test_a_tensor_larger_than_a_slab_gets_one_of_its_own():
    slabs = Slabs(plain, 1 << 10)
    large = torch.arange(1000)
    assert torch.equal(slabs.place(large), large)
    assert slabs.total_bytes == 1 << 13


def test_where_the_system_gives_no_more_the_rest_stays_where_it_is(blocks):
    value = torch.randn(3, 64)
    expected = [block(value) for block in blocks]
    given = []

    def allocate(count):
        if given:
            raise RuntimeError("CUDA error: out of memory")
        given.append(count)
        return plain(count)

    assert not settle(blocks, Slabs(allocate, 1 << 15))
    assert all(torch.equal(a, block(value)) for a, block in zip(expected, blocks, strict=True))
