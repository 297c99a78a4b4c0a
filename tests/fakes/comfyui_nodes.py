"""Node definitions of ComfyUI, as far as the layered graph uses them, and its way of checking.

Names, types, limits and defaults are those of nodes.py, comfy_extras/nodes_qwen.py,
nodes_latent.py and nodes_model_advanced.py.
"""

from __future__ import annotations

from typing import Any

INT, FLOAT, STRING, COMBO = "INT", "FLOAT", "STRING", "COMBO"
LARGEST = 16384

NODES: dict[str, dict[str, Any]] = {
    "LoadImage": {"in": {"image": (COMBO, "input")}, "out": ["IMAGE", "MASK"]},
    "UNETLoader": {
        "in": {
            "unet_name": (COMBO, "diffusion_models"),
            "weight_dtype": (COMBO, ["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"]),
        },
        "out": ["MODEL"],
    },
    "CLIPLoader": {
        "in": {
            "clip_name": (COMBO, "text_encoders"),
            "type": (COMBO, ["stable_diffusion", "flux2", "qwen_image", "wan"]),
        },
        "optional": {"device": (COMBO, ["default", "cpu"])},
        "out": ["CLIP"],
    },
    "VAELoader": {"in": {"vae_name": (COMBO, "vae")}, "out": ["VAE"]},
    "ModelSamplingAuraFlow": {
        "in": {"model": ("MODEL",), "shift": (FLOAT, 0.0, 100.0)},
        "out": ["MODEL"],
    },
    "VAEEncode": {"in": {"pixels": ("IMAGE",), "vae": ("VAE",)}, "out": ["LATENT"]},
    "CLIPTextEncode": {"in": {"clip": ("CLIP",), "text": (STRING,)}, "out": ["CONDITIONING"]},
    "ReferenceLatent": {
        "in": {"conditioning": ("CONDITIONING",)},
        "optional": {"latent": ("LATENT",)},
        "out": ["CONDITIONING"],
    },
    "EmptyQwenImageLayeredLatentImage": {
        "in": {
            "width": (INT, 16, LARGEST, 16),
            "height": (INT, 16, LARGEST, 16),
            "layers": (INT, 0, LARGEST, 1),
            "batch_size": (INT, 1, 4096, 1),
        },
        "out": ["LATENT"],
    },
    "KSampler": {
        "in": {
            "model": ("MODEL",),
            "positive": ("CONDITIONING",),
            "negative": ("CONDITIONING",),
            "latent_image": ("LATENT",),
            "seed": (INT, 0, 0xFFFFFFFFFFFFFFFF, 1),
            "steps": (INT, 1, 10000, 1),
            "cfg": (FLOAT, 0.0, 100.0),
            "sampler_name": (COMBO, ["euler", "euler_ancestral", "dpmpp_2m"]),
            "scheduler": (COMBO, ["simple", "normal", "beta"]),
            "denoise": (FLOAT, 0.0, 1.0),
        },
        "out": ["LATENT"],
    },
    "LatentCut": {
        "in": {
            "samples": ("LATENT",),
            "dim": (COMBO, ["x", "y", "t"]),
            "index": (INT, -LARGEST, LARGEST, 1),
            "amount": (INT, 1, LARGEST, 1),
        },
        "out": ["LATENT"],
    },
    "LatentCutToBatch": {
        "in": {
            "samples": ("LATENT",),
            "dim": (COMBO, ["t", "x", "y"]),
            "slice_size": (INT, 1, LARGEST, 1),
        },
        "out": ["LATENT"],
    },
    "VAEDecode": {"in": {"samples": ("LATENT",), "vae": ("VAE",)}, "out": ["IMAGE"]},
    "SaveImage": {
        "in": {"images": ("IMAGE",), "filename_prefix": (STRING,)},
        "out": [],
        "is_output": True,
    },
}


def node_errors(graph: dict, folders: dict[str, list[str]]) -> dict[str, Any] | None:
    """The body of the refusal of ``graph``, or None when it is accepted."""
    unknown = [node["class_type"] for node in graph.values() if node["class_type"] not in NODES]
    if unknown:
        return _refusal("missing_node_type", f"Node '{unknown[0]}' not found.", {})
    if not any(NODES[node["class_type"]].get("is_output") for node in graph.values()):
        return _refusal("prompt_no_outputs", "Prompt has no outputs", {})
    errors = {
        name: {"errors": found, "dependent_outputs": ["15"], "class_type": node["class_type"]}
        for name, node in graph.items()
        if (found := _node(node, graph, folders))
    }
    if not errors:
        return None
    return _refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", errors)


def _refusal(kind: str, message: str, errors: dict) -> dict[str, Any]:
    error = {"type": kind, "message": message, "details": "", "extra_info": {}}
    return {"error": error, "node_errors": errors}


def _node(node: dict, graph: dict, folders: dict[str, list[str]]) -> list[dict]:
    definition = NODES[node["class_type"]]
    wanted, optional = definition["in"], definition.get("optional", {})
    errors = [
        _error("required_input_missing", "Required input is missing", name)
        for name in wanted
        if name not in node["inputs"]
    ]
    for name, value in node["inputs"].items():
        kind = {**wanted, **optional}.get(name)
        assert kind is not None, f"{node['class_type']} has no input {name}"
        errors += _value(name, value, kind, graph, folders, node["class_type"])
    return errors


def _value(name, value, kind, graph, folders, owner) -> list[dict]:
    if isinstance(value, list):
        source, index = value
        made = NODES[graph[source]["class_type"]]["out"]
        if made[index] != kind[0]:
            return [_error("return_type_mismatch", "Return type mismatch", name)]
        return []
    match kind:
        case ("COMBO", options):
            known = folders.get(options, []) if isinstance(options, str) else options
            if value in known:
                return []
            if owner == "LoadImage":
                said = f"image - Invalid image file: {value}"
                return [_error("custom_validation_failed", said, name)]
            said = f"{name}: '{value}' not in {known}"
            return [_error("value_not_in_list", "Value not in list", name, said)]
        case ("INT", least, most, step):
            assert isinstance(value, int), (name, value)
            assert (value - max(least, 0)) % step == 0 or step == 1, (name, value)
            return _limits(name, value, least, most)
        case ("FLOAT", least, most):
            return _limits(name, value, least, most)
        case ("STRING",):
            assert isinstance(value, str), (name, value)
            return []
        case _:
            return [_error("invalid_input_type", "Not linked", name)]


def _limits(name, value, least, most) -> list[dict]:
    if value < least:
        return [_error("value_smaller_than_min", "Value smaller than min", name)]
    if value > most:
        return [_error("value_bigger_than_max", "Value bigger than max", name)]
    return []


def _error(kind: str, message: str, name: str, details: str = "") -> dict:
    return {"type": kind, "message": message, "details": details or name,
            "extra_info": {"input_name": name}}  # fmt: skip


def object_info(name: str, folders: dict[str, list[str]]) -> dict[str, Any]:
    """What ``/object_info/NAME`` answers; empty for an unknown node."""
    if name not in NODES:
        return {}
    required = {}
    for field, kind in NODES[name]["in"].items():
        options = (
            folders.get(kind[1], []) if kind[0] == COMBO and isinstance(kind[1], str) else None
        )
        required[field] = [options] if options is not None else [kind[0]]
    return {name: {"input": {"required": required}, "name": name}}
