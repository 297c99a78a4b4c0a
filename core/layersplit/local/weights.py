"""Which files are the model: a folder, a single weight file beside a folder, or a name.

``--model`` takes

- a folder as diffusers lays it out (``model_index.json`` and one folder for each part);
- a ``.gguf`` or ``.safetensors`` file with the transformer alone; the other parts come from the
  folder around it, or from the fetched model;
- ``full``, ``4bit`` or the name of a repository: what was fetched under that name.

Without ``--model``: the setting ``local.model``, else whatever was fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from layersplit.errors import SetupError
from layersplit.local import catalogue
from layersplit.local.headers import broken

PIPELINE: Final = "QwenImageLayeredPipeline"
PARTS: Final = ("transformer", "text_encoder", "vae", "scheduler", "tokenizer", "processor")
CLASSES: Final = {
    "transformer": "QwenImageTransformer2DModel",
    "vae": "AutoencoderKLQwenImage",
    "scheduler": "FlowMatchEulerDiscreteScheduler",
}
"""What the part's config.json must call itself."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Where each part lies. ``transformer_file``: a single file instead of the part's own."""

    title: str
    parts: Mapping[str, Path]
    transformer_file: Path | None = None

    def config(self, part: str) -> dict[str, Any]:
        """The part's configuration; raises SetupError when it cannot be read."""
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        return _json(self.parts[part] / name)

    @property
    def files(self) -> list[Path]:
        """Every file of every part."""
        places = [*self.parts.values(), *([self.transformer_file] if self.transformer_file else [])]
        return sorted(
            file
            for place in places
            for file in (place.iterdir() if place.is_dir() else [place])
            if file.is_file()
        )

    @property
    def key(self) -> str:
        """Says which weights these are, so that a changed file is not taken for the old one."""
        return "|".join(f"{f}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in self.files)

    @property
    def size_bytes(self) -> int:
        """On the disk."""
        return sum(file.stat().st_size for file in self.files)


def find_weights(named: str | None) -> Weights:
    """The model that the user means; raises SetupError with the way to get it."""
    if named is None:
        for entry in catalogue.CATALOGUE.values():
            fetched = _fetched(entry)
            if fetched is not None:
                return fetched
        raise catalogue.not_here(catalogue.CATALOGUE["full"])
    path = Path(named).expanduser()
    if path.is_dir():
        return _folder(path.resolve(), named)
    if path.is_file():
        return _single_file(path.resolve())
    known = catalogue.find(named)
    if known is None:
        raise SetupError(
            f"There is no model at '{named}'.",
            meaning="Nothing was loaded.",
            remedy="Name a folder, a .gguf or .safetensors file, or 'full' or '4bit' for a "
            "model that Layersplit fetches.",
        )
    fetched = _fetched(known)
    if fetched is None:
        raise catalogue.not_here(known)
    return fetched


def _fetched(entry: catalogue.Entry) -> Weights | None:
    """What was fetched as ``entry``, by Layersplit or by another program into the hub's cache."""
    parts: dict[str, Path] = {}
    for source in entry.sources:
        folder = catalogue.complete_folder(source)
        if folder is None:
            return None
        for part in source.parts:
            parts[part] = folder / part if source.in_folders else folder
    return _checked(Weights(title=entry.name, parts=parts))


def _folder(folder: Path, title: str) -> Weights:
    if not (folder / "model_index.json").is_file():
        raise SetupError(
            f"The folder {folder} holds no model.",
            meaning="It has no model_index.json, so it is not laid out as diffusers expects.",
            remedy="Name the folder that contains model_index.json and the folder 'transformer'.",
        )
    called = _json(folder / "model_index.json").get("_class_name")
    if called != PIPELINE:
        raise wrong_model(folder, f"it is a {called}, and a {PIPELINE} is needed")
    missing = [part for part in PARTS if not (folder / part).is_dir()]
    if missing:
        raise broken(folder, f"the part '{missing[0]}' is missing")
    return _checked(Weights(title=title, parts={part: folder / part for part in PARTS}))


def _single_file(file: Path) -> Weights:
    if file.suffix not in (".gguf", ".safetensors"):
        raise SetupError(
            f"{file.name} is neither a .gguf nor a .safetensors file.",
            meaning="Other formats can run code when they are opened, so they are not.",
            remedy="Name a folder, or a file in one of these formats.",
        )
    around = next(
        (folder for folder in file.parents[:2] if (folder / "model_index.json").is_file()), None
    )
    base = _folder(around, str(around)) if around else _base_parts()
    return Weights(title=file.name, parts=base.parts, transformer_file=file)


def _base_parts() -> Weights:
    """The parts beside the transformer, from whatever was fetched."""
    for entry in catalogue.CATALOGUE.values():
        fetched = _fetched(entry)
        if fetched is not None:
            return fetched
    raise SetupError(
        "A single file holds the transformer only; the text encoder and the rest are missing.",
        meaning="They were neither found around the file nor fetched before.",
        remedy="Put the file into a folder of the whole model, or fetch one: "
        f"{catalogue.COMMAND} 4bit",
    )


def _checked(weights: Weights) -> Weights:
    """Refuse other architectures by their configuration, before any weight is read."""
    for part, wanted in CLASSES.items():
        called = weights.config(part).get("_class_name")
        if called != wanted:
            raise wrong_model(weights.parts[part], f"its {part} is a {called}, not a {wanted}")
    transformer = weights.config("transformer")
    if not (transformer.get("use_layer3d_rope") and transformer.get("use_additional_t_cond")):
        raise wrong_model(
            weights.parts["transformer"], "it is a Qwen-Image model, but not the Layered one"
        )
    if weights.config("vae").get("input_channels") != 4:
        raise wrong_model(weights.parts["vae"], "its autoencoder does not know transparency")
    kinds = weights.config("text_encoder").get("architectures") or ["nothing"]
    if "Qwen2_5_VLForConditionalGeneration" not in kinds:
        raise wrong_model(weights.parts["text_encoder"], f"its text encoder is a {kinds[0]}")
    return weights


def wrong_model(place: Path, reason: str) -> SetupError:
    """A model of another kind, however complete."""
    return SetupError(
        f"The model at {place} cannot split pictures: {reason}.",
        meaning="Only Qwen-Image-Layered and models with its parts work.",
        remedy="Name a folder or file of Qwen-Image-Layered with --model.",
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise broken(file, "it is missing") from error
    except ValueError as error:
        raise broken(file, "it is no JSON") from error
    if not isinstance(content, dict):
        raise broken(file, "it is no JSON object")
    return content
