"""The graph that a ComfyUI server runs, and what the server needs for it.

Flattened from the official template (Comfy-Org/workflow_templates,
templates/image_qwen_image_layered.json); the names of nodes and inputs are those of ComfyUI's
source (nodes.py, comfy_extras/nodes_qwen.py, comfy_extras/nodes_latent.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from layersplit.remote.service import Order

Graph = dict[str, dict[str, Any]]

NODES: Final = ("EmptyQwenImageLayeredLatentImage", "LatentCutToBatch", "ReferenceLatent")
"""The youngest nodes of the graph: a server that has them has the others."""
SOURCE: Final = "Hugging Face, Comfy-Org/Qwen-Image-Layered_ComfyUI"
SHIFT: Final = 1.0
SAVE: Final = "15"
SAMPLER: Final = "12"


@dataclass(frozen=True)
class ModelFile:
    """One file that the server must have.

    ``folder`` below ``models/``; ``node`` and ``field`` are where ComfyUI lists the names;
    ``parts``: words that the name of a usable file contains; ``example``: what to download.
    """

    folder: str
    node: str
    field: str
    parts: tuple[str, ...]
    example: str


DIFFUSION: Final = ModelFile(
    "diffusion_models",
    "UNETLoader",
    "unet_name",
    ("qwen", "image", "layered"),
    "qwen_image_layered_fp8mixed.safetensors",
)
ENCODER: Final = ModelFile(
    "text_encoders",
    "CLIPLoader",
    "clip_name",
    ("qwen", "2.5", "vl", "7b"),
    "qwen_2.5_vl_7b_fp8_scaled.safetensors",
)
DECODER: Final = ModelFile(
    "vae",
    "VAELoader",
    "vae_name",
    ("qwen", "image", "layered", "vae"),
    "qwen_image_layered_vae.safetensors",
)
FILES: Final = (DIFFUSION, ENCODER, DECODER)


def choose(file: ModelFile, names: Sequence[str]) -> str | None:
    """The server's own file for a part of the model: the recommended one, else any that fits."""
    fitting = [name for name in names if _fits(file, name)]
    exact = [name for name in fitting if name.replace("\\", "/").endswith(file.example)]
    return next(iter(exact or sorted(fitting, key=len)), None)


def _fits(file: ModelFile, name: str) -> bool:
    plain = name.lower().replace("-", "_")
    is_vae = "vae" in plain
    return all(part in plain for part in file.parts) and is_vae == (file is DECODER)


def lacking(files: Sequence[ModelFile]) -> str:
    """What to tell somebody whose server lacks the ``files``, all of them at once."""
    places = ", ".join(f"models/{file.folder}/{file.example}" for file in files)
    return f"it lacks {places} (from {SOURCE})."


def build(
    order: Order,
    *,
    picture: str,
    size: tuple[int, int],
    files: Mapping[ModelFile, str],
    defaults: tuple[int, float],
) -> Graph:
    """The graph in API format.

    ``picture``: its name on the server, already of ``size`` (width, height), multiples of 16.
    ``files``: the server's names. ``defaults``: steps and guidance where the order has none.
    The images come as one batch: the regenerated picture, then the layers, bottom first. The name
    under which they are saved is the order's own, so that no cached answer of the server is one
    without files.
    """
    width, height = size
    steps, guidance = defaults
    sampler = {
        "seed": order.seed or 0,
        "steps": order.steps or steps,
        "cfg": order.guidance or guidance,
        "sampler_name": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
    }
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "1": ("LoadImage", {"image": picture}),
        "2": ("UNETLoader", {"unet_name": files[DIFFUSION], "weight_dtype": "default"}),
        "3": (
            "CLIPLoader",
            {"clip_name": files[ENCODER], "type": "qwen_image", "device": "default"},
        ),
        "4": ("VAELoader", {"vae_name": files[DECODER]}),
        "5": ("ModelSamplingAuraFlow", {"model": ["2", 0], "shift": SHIFT}),
        "6": ("VAEEncode", {"pixels": ["1", 0], "vae": ["4", 0]}),
        "7": ("CLIPTextEncode", {"clip": ["3", 0], "text": order.prompt}),
        "8": ("CLIPTextEncode", {"clip": ["3", 0], "text": order.negative_prompt}),
        "9": ("ReferenceLatent", {"conditioning": ["7", 0], "latent": ["6", 0]}),
        "10": ("ReferenceLatent", {"conditioning": ["8", 0], "latent": ["6", 0]}),
        "11": (
            "EmptyQwenImageLayeredLatentImage",
            {"width": width, "height": height, "layers": order.layer_count, "batch_size": 1},
        ),
        SAMPLER: (
            "KSampler",
            {
                "model": ["5", 0],
                "positive": ["9", 0],
                "negative": ["10", 0],
                "latent_image": ["11", 0],
                **sampler,
            },
        ),
        "13": ("LatentCutToBatch", {"samples": [SAMPLER, 0], "dim": "t", "slice_size": 1}),
        "14": ("VAEDecode", {"samples": ["13", 0], "vae": ["4", 0]}),
        SAVE: ("SaveImage", {"images": ["14", 0], "filename_prefix": prefix(order.token)}),
    }
    return {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}


def prefix(token: str) -> str:
    """What the names of a job's files begin with."""
    return f"layersplit_{token[:12]}"
