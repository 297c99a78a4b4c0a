"""Descriptions as the transformer reads them, computed once and kept on the disk.

A description costs the text encoder, the second largest part of the model. Its embeddings are small
(some 7 kB a word), so they are kept under the data folder's ``cache/local``, readable by the user
alone: the same words, or the same picture without words, need no text encoder again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import QwenImageLayeredPipeline
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from layersplit.bridge.paths import cache_folder
from layersplit.errors import SetupError
from layersplit.local.watch import text_steps, watched
from layersplit.log import LOG
from layersplit.private_files import write_private

KEPT: Final = 200
"""Descriptions on the disk; the least recently used go first. About 2 MB each at most."""
MAX_TOKENS: Final = 512
NEUTRAL: Final = "a clean, well composed picture"
"""Where a picture has no description and none can be written."""


@dataclass(frozen=True, kw_only=True)
class PromptCache:
    """Embeddings and captions of one model. ``key``: what the text encoder's answers depend on."""

    key: str

    def embeddings(self, words: str) -> Tensor | None:
        """(1, tokens, width) on the CPU, or None."""
        content = self._read("embeddings", words)
        if content is None:
            return None
        try:
            return load(content)["embeddings"]
        except (
            SafetensorError,
            ValueError,
            KeyError,
        ) as error:  # torn by a crash of the system: as if not there
            LOG.warning("A kept description is damaged: %s", error)
            return None

    def keep_embeddings(self, words: str, embeddings: Tensor) -> None:
        """Keep them; a full disk is no reason to fail."""
        self._write("embeddings", words, save({"embeddings": embeddings.cpu().contiguous()}))

    def caption(self, picture: bytes) -> str | None:
        """What was written about these pixels, or None."""
        content = self._read("caption", picture)
        return None if content is None else content.decode("utf-8")

    def keep_caption(self, picture: bytes, caption: str) -> None:
        """Keep it."""
        self._write("caption", picture, caption.encode("utf-8"))

    def _file(self, kind: str, subject: str | bytes) -> Path:
        raw = subject if isinstance(subject, bytes) else subject.encode("utf-8")
        digest = hashlib.sha256(self.key.encode() + b"\0" + kind.encode() + b"\0" + raw)
        return folder() / digest.hexdigest()

    def _read(self, kind: str, subject: str | bytes) -> bytes | None:
        file = self._file(kind, subject)
        try:
            content = file.read_bytes()
            file.touch()
        except OSError:
            return None
        return content

    def _write(self, kind: str, subject: str | bytes, content: bytes) -> None:
        try:
            write_private(self._file(kind, subject), content)
            _forget_oldest()
        except (OSError, SetupError) as error:
            LOG.warning("A description could not be kept: %s", error)


def folder() -> Path:
    """Where descriptions are kept."""
    return cache_folder() / "local"


@torch.no_grad()
def embed(words: str, text_encoder: Any, tokenizer: Any, tick: Callable[[], None]) -> Tensor:
    """(1, tokens, text width) in the encoder's type, on its device, as the stock pipeline makes it.

    ``tick``: called before each block, may raise to stop.
    """
    pipeline = QwenImageLayeredPipeline(
        scheduler=None,
        vae=None,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        processor=None,
        transformer=None,
    )
    with watched(text_steps(text_encoder), tick):
        embeddings, _ = pipeline.encode_prompt(
            words, device=text_encoder.device, max_sequence_length=MAX_TOKENS
        )
    result: Tensor = embeddings
    return result


def _forget_oldest() -> None:
    kept = sorted(folder().iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in kept[KEPT:]:
        file.unlink(missing_ok=True)
