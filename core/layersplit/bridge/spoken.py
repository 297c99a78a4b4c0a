"""The worker's sentences in the user's language.

The worker speaks English, with the facts already in its sentences. So each catalogue has, beside
gettext's file, a list of its sentences as patterns: ``Asking {0} for the layers``. The facts that a
pattern finds are put into the translation; a sentence that no pattern knows stays English.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from typing import List, Pattern, Tuple

from layersplit.bridge.messages import Failed, Message, Progress
from layersplit.bridge.texts import CATALOGUES, language, translated

FILE = "sentences.json"
"""``[[pattern, translation], ...]`` beside LC_MESSAGES, the most particular patterns first."""
_FACT = re.compile(r"\{(\d+)\}")
_ADDITION = r"((?:, | \(| and ).*|)"
"""A fact right behind another one: nothing, or something that is set off from it."""


def in_users_language(message: Message) -> Message:
    """``message`` with its sentences translated; everything else as it is."""
    if isinstance(message, Progress):
        return replace(message, sentence=spoken(message.sentence))
    if isinstance(message, Failed):
        return replace(message, sentences=[spoken(sentence) for sentence in message.sentences])
    return message


def spoken(sentence: str) -> str:
    """An English sentence of the worker, in the user's language where that is possible."""
    said = translated(sentence)
    if said != sentence or not sentence:
        return said
    for pattern, words in _patterns(language()):
        found = pattern.fullmatch(sentence)
        if found is not None:
            # a fact may be a sentence too
            return words.format(*(spoken(fact) for fact in found.groups()))
    return sentence


@lru_cache(maxsize=None)
def _patterns(tag: str) -> List[Tuple[Pattern[str], str]]:
    for name in (tag, tag.split("_", maxsplit=1)[0]):
        try:
            with (CATALOGUES / name / FILE).open(encoding="utf-8") as stream:
                pairs = json.load(stream)
        except (OSError, ValueError):
            continue
        return [(_pattern_of(english), words) for english, words in pairs]
    return []


def _pattern_of(english: str) -> Pattern[str]:
    """``{0}`` stands for any text; the others must be there to the letter."""
    parts = _FACT.split(english)  # text, number, text, number ... text
    pattern = re.escape(parts[0])
    for number in range(1, len(parts), 2):
        follows_a_fact = number > 1 and not parts[number - 1]
        pattern += (_ADDITION if follows_a_fact else "(.*?)") + re.escape(parts[number + 1])
    return re.compile(pattern, re.DOTALL)
