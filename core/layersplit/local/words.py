"""What the text encoder sees: a short caption of the picture, and a name for each layer.

It is a Qwen2.5-VL model that was loaded for the description anyway; both are optional, short, and
stop within one word when the job is cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from transformers import StoppingCriteria, StoppingCriteriaList

from layersplit.domain import U8
from layersplit.local.sight import Sight

Tick = Callable[[float], None]
"""Called after every word with the share of the longest answer; may raise to stop."""

CAPTION_TOKENS: Final = 192
NAME_TOKENS: Final = 16
LONGEST_NAME: Final = 40
NAME_SIDE_PX: Final = 336
_BACKDROP: Final = 0.5
"""Grey behind a layer that is shown to be named: neither light nor dark things vanish."""

LANGUAGES: Final = {
    "cs": "Czech", "da": "Danish", "de": "German", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "hu": "Hungarian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "zh": "Chinese",
}  # fmt: skip

_CAPTION: Final = (
    "Describe this picture in two to four plain sentences: every object with its colour, material "
    "and place, how they overlap, the background, and any text in quotation marks. Describe only "
    "what can be seen.\n"
)
_NAME: Final = (
    "This is one layer cut out of a picture; grey is empty. Name what it shows in at most four "
    "words of {language}, such as '{example}'. Answer with the name only.\n"
)
_EXAMPLES: Final = {"German": "Frau in rotem Kleid", "French": "femme en robe rouge"}


def caption(picture: Image.Image, encoder: Any, sight: Sight, tick: Tick) -> str:
    """A description in English, at most CAPTION_TOKENS long and ended at a sentence."""
    text = _written(_CAPTION, picture, encoder, sight, tick, most_tokens=CAPTION_TOKENS)
    return whole_sentences(text)


def name_layer(layer: U8, language: str, encoder: Any, sight: Sight, tick: Tick) -> str | None:
    """A few words for ``layer`` ((h, w, 4) u8) in ``language`` ("de", "pt_BR"), or None."""
    shown = shown_layer(layer)
    if shown is None:
        return None
    spoken = LANGUAGES.get(re.split(r"[-_]", language)[0].lower(), "English")
    request = _NAME.format(language=spoken, example=_EXAMPLES.get(spoken, "woman in red dress"))
    return tidy_name(_written(request, shown, encoder, sight, tick, most_tokens=NAME_TOKENS))


def whole_sentences(text: str) -> str:
    """Without the sentence that the limit cut off, if there is a whole one before it."""
    text = re.sub(r"\s+", " ", text).strip()
    end = max((text.rfind(mark) for mark in ".!?。"), default=-1)
    return text[: end + 1] if end > 0 else text


def tidy_name(answer: str) -> str | None:
    """The first line without quotation marks and full stop; None when it is no name."""
    lines = answer.strip().splitlines()
    first = lines[0] if lines else ""
    name = re.sub(r"\s+", " ", first).strip(" \t.,:;!\"'`*“”„«»\u2018\u2019")
    letters = sum(character.isalpha() or character == " " for character in name)
    if not name or len(name) > LONGEST_NAME or letters < 0.8 * len(name):
        return None
    if "�" in name or len(name.split()) > 6:
        return None
    return name[0].upper() + name[1:]


def shown_layer(layer: U8) -> Image.Image | None:
    """The visible part over grey, small; None when there is nothing to see."""
    alpha = layer[..., 3]
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 25), np.flatnonzero(alpha.max(axis=0) > 25)
    if len(rows) == 0 or len(columns) == 0:
        return None
    cut = layer[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    share = cut[..., 3:]
    over = np.rint((cut[..., :3] * share + _BACKDROP * (1 - share)) * 255).astype(np.uint8)
    image = Image.fromarray(over)
    longest = max(image.size)
    size = [max(28, round(side * NAME_SIDE_PX / longest)) for side in image.size]
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)


class _Looks(StoppingCriteria):
    """Called after every word; raising from it ends the writing."""

    def __init__(self, tick: Tick, most_tokens: int) -> None:
        super().__init__()
        self._tick, self._most = tick, most_tokens
        self._written = 0

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        del scores
        self._written += 1
        self._tick(min(1.0, self._written / self._most))
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)


@torch.no_grad()
def _written(
    request: str,
    picture: Image.Image,
    encoder: Any,
    sight: Sight,
    tick: Tick,
    *,
    most_tokens: int,
) -> str:
    """What the model answers to ``request`` about ``picture``; always the same answer."""
    tick(0.0)
    inputs = sight.inputs(request, picture, encoder)
    written = encoder.generate(
        **inputs,
        max_new_tokens=most_tokens,
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
        stopping_criteria=StoppingCriteriaList([_Looks(tick, most_tokens)]),
    )
    return sight.text(written[0][inputs["input_ids"].shape[1] :])
