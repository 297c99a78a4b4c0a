"""Description in, names out: everything for which the text encoder is asked during a run."""

from __future__ import annotations

from typing import Final

import torch
from PIL import Image

from layersplit.domain import U8
from layersplit.local import prompts, words
from layersplit.local.job import Job
from layersplit.local.model import Model
from layersplit.local.timeline import Timeline

NEGATIVE: Final = " "
"""Without one the stock pipeline switches guidance off without a word."""


def embeddings_for(
    job: Job, model: Model, timeline: Timeline, picture: Image.Image
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Embeddings of the description and of the negative prompt, from the disk where they are."""
    cache = prompts.PromptCache(key=f"{model.key}|{model.plan.text}|{model.kind}")
    description = _description(job, model, timeline, picture, cache)
    wanted = [description]
    if job.work.passes == 2:
        wanted.append(job.task.negative_prompt.strip() or NEGATIVE)
    found = []
    for text in wanted:
        embeddings = cache.embeddings(text)
        if embeddings is None:
            encoder = model.text_encoder(timeline.at)
            timeline.enter("text", "Reading the description")
            embeddings = prompts.embed(
                text, encoder, model.sight.tokenizer, lambda: timeline.at(1.0)
            )
            cache.keep_embeddings(text, embeddings)
        found.append(embeddings)
    return found[0], found[1] if len(found) == 2 else None


def _description(
    job: Job,
    model: Model,
    timeline: Timeline,
    picture: Image.Image,
    cache: prompts.PromptCache,
) -> str:
    """What the user wrote, else what the model sees, else a neutral sentence."""
    if job.task.prompt.strip():
        return job.task.prompt.strip()
    if not model.plan.writes_captions:
        return prompts.NEUTRAL
    seen = picture.convert("RGBA").resize(job.size, Image.Resampling.LANCZOS)
    key = seen.tobytes() + repr(seen.size).encode()
    written = None if job.task.fresh else cache.caption(key)
    if written is None:
        encoder = model.text_encoder(timeline.at)
        timeline.enter("text", "Describing the picture")
        written = words.caption(seen, encoder, model.sight, timeline.at)
        cache.keep_caption(key, written)
    return written or prompts.NEUTRAL


def names_for(job: Job, model: Model, timeline: Timeline, layers: list[U8]) -> list[str | None]:
    """Names from the text encoder where it is at hand and wanted."""
    encoder = model.naming_encoder if job.options.names else None
    if encoder is None:
        return [None] * len(layers)
    count = len(layers)
    names = []
    for index, layer in enumerate(layers):
        timeline.enter("names", f"Naming layer {index + 1} of {count}")

        def tick(done: float, index: int = index) -> None:
            timeline.at((index + done) / count)

        language = job.task.language
        names.append(words.name_layer(layer, language, encoder, model.sight, tick))
    return names
