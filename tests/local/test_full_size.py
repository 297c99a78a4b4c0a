"""The planner's constants against the real classes at full width, without memory for them.

Tensors on the "meta" device have a shape and a type but no content, so every allocation of a pass
of the published sizes can be counted on any computer.
"""

import weakref

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from diffusers.models.transformers import transformer_qwenimage
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from layersplit.local.estimate import (
    PROMPT_TOKENS,
    Work,
    decode_bytes,
    pass_bytes,
    pass_flop,
    step_flop,
)
from layersplit.local.facts import QWEN_IMAGE_LAYERED as FACTS

BLOCKS = 2


class Allocations(TorchDispatchMode):
    """Bytes of all tensors that are alive, weights left out."""

    def __init__(self, network):
        super().__init__()
        self.peak = self.now = 0
        self._known = {p.untyped_storage()._cdata for p in network.parameters()}
        self._sizes = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage):
        key = storage._cdata
        if key in self._known or key in self._sizes:
            return
        self._sizes[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key):
        self.now -= self._sizes.pop(key, 0)


def empty(family, **settings):
    with init_empty_weights():
        network = family(**settings)
    for parameter in network.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    return network


@pytest.fixture(scope="module")
def transformer():
    network = empty(
        QwenImageTransformer2DModel,
        num_layers=BLOCKS,
        use_additional_t_cond=True,
        use_layer3d_rope=True,
    )
    network.pos_embed.pos_freqs = network.pos_embed.pos_freqs.to("meta")
    network.pos_embed.neg_freqs = network.pos_embed.neg_freqs.to("meta")
    return network


def arguments(side, layers):
    grid = side // 16
    tokens = grid * grid * (layers + 2)
    kind = {"dtype": torch.bfloat16, "device": "meta"}
    return {
        "hidden_states": torch.empty(1, tokens, 64, **kind),
        "timestep": torch.empty(1, **kind),
        "encoder_hidden_states": torch.empty(1, PROMPT_TOKENS, 3584, **kind),
        "img_shapes": [[(1, grid, grid)] * (layers + 2)],
        "additional_t_cond": torch.zeros(1, dtype=torch.long, device="meta"),
        "return_dict": False,
    }


CASES = [(640, 2), (640, 4), (640, 8), (1024, 4), (1024, 8)]


@pytest.mark.parametrize(("side", "layers"), CASES)
def test_a_pass_needs_the_memory_that_is_announced(transformer, monkeypatch, side, layers):
    # Fused attention keeps its output only; on "meta" the plain formula would be taken.
    monkeypatch.setattr(
        transformer_qwenimage,
        "dispatch_attention_fn",
        lambda query, _key, _value, **_: torch.empty_like(query),
    )
    with torch.no_grad(), Allocations(transformer) as counted:
        transformer(**arguments(side, layers))
    work = Work(width=side, height=side, layers=layers, steps=1)
    announced = pass_bytes(FACTS, work, 2, "plain")
    assert counted.peak == pytest.approx(announced, rel=0.05)
    assert counted.peak <= announced


@pytest.mark.parametrize(("side", "layers"), CASES)
def test_a_pass_has_the_operations_that_are_counted(transformer, side, layers):
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        transformer(**arguments(side, layers))
    work = Work(width=side, height=side, layers=layers, steps=1)
    full = counter.get_total_flops() / BLOCKS * FACTS.blocks
    assert full == pytest.approx(pass_flop(FACTS, work.tokens + PROMPT_TOKENS), rel=0.02)


@pytest.mark.parametrize(
    ("side", "layers", "petaflop"),
    [(640, 2, 0.24), (640, 4, 0.41), (640, 8, 0.82), (1024, 4, 1.57), (1024, 8, 3.61)],
)
def test_a_step_is_as_large_as_the_published_limit_says(side, layers, petaflop):
    work = Work(width=side, height=side, layers=layers, steps=1)
    assert step_flop(FACTS, work) / 1e15 == pytest.approx(petaflop, rel=0.02)


def test_decoding_a_frame_needs_the_memory_that_is_announced():
    vae = empty(
        AutoencoderKLQwenImage,
        base_dim=96,
        z_dim=16,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=2,
        temperal_downsample=[False, True, True],
        input_channels=4,
    )
    assert sum(p.numel() for p in vae.parameters()) == FACTS.vae.parameters
    with torch.no_grad(), Allocations(vae) as counted:
        latents = torch.empty(1, 16, 1, 80, 80, dtype=torch.bfloat16, device="meta")
        vae.decode(latents, return_dict=False)
    work = Work(width=640, height=640, layers=4, steps=1)
    announced = decode_bytes(FACTS, work, 2, tiled=False)
    assert 0.85 * announced < counted.peak <= announced


def test_the_transformer_has_the_size_that_the_planner_knows():
    network = empty(QwenImageTransformer2DModel, use_additional_t_cond=True, use_layer3d_rope=True)
    assert sum(p.numel() for p in network.parameters()) == FACTS.transformer.parameters
    matrices = sum(
        module.weight.numel()
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear) and "transformer_blocks" in name
    )
    assert matrices == FACTS.transformer.matrix_parameters
