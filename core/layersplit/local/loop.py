"""The model's own arithmetic: picture to latents, noise to layers, latents to pixels.

Same steps as diffusers' QwenImageLayeredPipeline 0.42.1, over the same classes, with what that
pipeline lacks: any size in multiples of 32, a look at the run before every block, one frame at a
time in the autoencoder, and no text encoder once the descriptions are known. Its images and ours
differ by at most 1/255 (tests/local/test_equality.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import QwenImageLayeredPipeline
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor

from layersplit.domain import U8
from layersplit.local.estimate import TOKEN_SIDE_PX
from layersplit.local.watch import transformer_steps, vae_steps, watched


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """One separation. ``width``, ``height``: multiples of 32. ``layers`` may be 0: one picture.

    ``described``: embeddings of the prompt, (1, tokens, text width); ``plain``: those of the
    negative prompt, or None for no guidance. ``guidance`` of 1 or less switches it off, too.
    ``normalised``: keep the length of the described prediction, as the authors' own program does.
    """

    width: int
    height: int
    layers: int
    steps: int
    guidance: float
    seed: int
    described: Tensor
    plain: Tensor | None
    normalised: bool = True

    @property
    def passes(self) -> int:
        """Passes of the transformer a step."""
        return 1 if self.plain is None or self.guidance <= 1 else 2


Tick = Callable[[float], None]
"""Called with the share that is done, 0..1, of the part that is running; may raise to stop."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Networks:
    """The stock parts that the arithmetic runs on."""

    transformer: Any
    vae: Any
    scheduler: Any


@torch.no_grad()
def separate(networks: Networks, picture: Image.Image, recipe: Recipe, tick: Tick) -> Tensor:
    """Latents of all frames for ``picture`` (RGBA, any size), on the device of the transformer.

    Returns (1, layers + 1, z, height / 8, width / 8), not normalised; frame 0 is the composite.
    """
    device, kind = recipe.described.device, recipe.described.dtype
    transformer, vae = networks.transformer, networks.vae
    channels = vae.config.z_dim
    pixels = VaeImageProcessor(vae_scale_factor=TOKEN_SIDE_PX).preprocess(
        _resized(picture, recipe), recipe.height, recipe.width
    )
    passes = recipe.steps * recipe.passes
    with watched(vae_steps(vae), lambda: tick(0.0)):
        seen = _encoded(vae, pixels.unsqueeze(2).to(device=device, dtype=kind))
    tall, wide = seen.shape[3:]
    condition = QwenImageLayeredPipeline._pack_latents(  # noqa: SLF001 - so that both stay equal
        seen.permute(0, 2, 1, 3, 4), 1, channels, tall, wide, 1
    )
    frames = recipe.layers + 1
    noise = randn_tensor(
        (1, frames, channels, tall, wide),
        generator=torch.Generator("cpu").manual_seed(recipe.seed),  # the same on every device
        device=device,
        dtype=kind,
    )
    latents = QwenImageLayeredPipeline._pack_latents(  # noqa: SLF001 - as above
        noise, 1, channels, tall, wide, frames
    )
    counted = _Counter(len(transformer_steps(transformer)) * passes, tick)
    with watched(transformer_steps(transformer), counted):
        latents = _denoised(networks, latents, condition, recipe)
    unpacked = QwenImageLayeredPipeline._unpack_latents(  # noqa: SLF001 - as above
        latents, recipe.height, recipe.width, recipe.layers, TOKEN_SIDE_PX // 2
    )
    return _scaled_back(vae, unpacked.to(vae.dtype))


@torch.no_grad()
def decode(vae: Any, latents: Tensor, tick: Tick) -> list[U8]:
    """Frames 1.. of ``latents`` (all of them when there is only one) as (h, w, 4) u8, bottom first.

    One frame is decoded at a time, so the memory does not grow with the number of layers.
    """
    count = latents.shape[2]
    wanted = range(min(1, count - 1), count)
    layers: list[U8] = []
    for index in wanted:
        done = len(layers)
        with watched(vae_steps(vae), lambda done=done: tick(done / len(wanted))):  # type: ignore[misc]  # mypy has no types for default arguments of lambdas
            frame = vae.decode(latents[:, :, index : index + 1], return_dict=False)[0]
        share = (frame[0, :, 0] * 0.5 + 0.5).clamp(0, 1)
        values = share.permute(1, 2, 0).float().cpu().numpy()
        layers.append(np.rint(values * 255).astype(np.uint8))
    tick(1.0)
    return layers


class _Counter:
    """Blocks that were begun, as a share of all."""

    def __init__(self, total: int, tick: Tick) -> None:
        self._done, self._total, self._tick = 0, max(1, total), tick

    def __call__(self) -> None:
        """One more block begins."""
        self._tick(min(1.0, self._done / self._total))
        self._done += 1


def _resized(picture: Image.Image, recipe: Recipe) -> Image.Image:
    """Stretched to the model's size; Pillow multiplies by alpha while it does so."""
    size = (recipe.width, recipe.height)
    return picture.convert("RGBA").resize(size, resample=Image.Resampling.LANCZOS)


def _denoised(networks: Networks, latents: Tensor, condition: Tensor, recipe: Recipe) -> Tensor:
    """Noise tokens (1, n, 4z) to those of the layers; ``condition``: the picture's own tokens."""
    device = latents.device
    count = latents.shape[1]
    transformer, scheduler = networks.transformer, networks.scheduler
    grid = (1, recipe.height // TOKEN_SIDE_PX, recipe.width // TOKEN_SIDE_PX)
    shapes = [[grid] * (recipe.layers + 2)]
    is_picture = torch.zeros(1, device=device, dtype=torch.long)
    scheduler.set_timesteps(
        sigmas=np.linspace(1.0, 0.0, recipe.steps + 1)[:-1],
        device=device,
        mu=(condition.shape[1] / 256) ** 0.5,
    )
    scheduler.set_begin_index(0)

    def predicted(branch: str, words: Tensor, step: Tensor) -> Tensor:
        with transformer.cache_context(branch):
            out: Tensor = transformer(
                hidden_states=torch.cat([latents, condition], dim=1),
                timestep=step.expand(1).to(latents.dtype) / 1000,
                encoder_hidden_states=words,
                img_shapes=shapes,
                additional_t_cond=is_picture,
                return_dict=False,
            )[0]
        return out[:, :count]

    for step in scheduler.timesteps:
        described = predicted("cond", recipe.described, step)
        velocity = described
        if recipe.passes == 2 and recipe.plain is not None:
            plain = predicted("uncond", recipe.plain, step)
            velocity = plain + recipe.guidance * (described - plain)
            if recipe.normalised:
                wanted = torch.norm(described, dim=-1, keepdim=True)
                velocity = velocity * (wanted / torch.norm(velocity, dim=-1, keepdim=True))
        latents = scheduler.step(velocity, step, latents, return_dict=False)[0]
    return latents


def _encoded(vae: Any, pixels: Tensor) -> Tensor:
    """(1, 4, 1, h, w) in -1..1 to normalised latents (1, z, 1, h / 8, w / 8)."""
    mean, std = _statistics(vae, pixels)
    latents: Tensor = vae.encode(pixels).latent_dist.mode()
    return (latents - mean) / std


def _scaled_back(vae: Any, latents: Tensor) -> Tensor:
    mean, std = _statistics(vae, latents)
    return latents / (1.0 / std) + mean  # in the order of the stock pipeline, to the last bit


def _statistics(vae: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    shape = (1, vae.config.z_dim, 1, 1, 1)
    mean = torch.tensor(vae.config.latents_mean).view(shape).to(like.device, like.dtype)
    std = torch.tensor(vae.config.latents_std).view(shape).to(like.device, like.dtype)
    return mean, std
