"""What can go wrong on the host's side, as one exception whose words come from texts.py.

BridgeError          code + fact, meaning, remedy; ``failed(job)`` is the message for it
  x JobFolderError   a picture could not be handed over, or a layer file is not what it says
  x InstallError     the private environment is missing, damaged or cannot be made
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from layersplit.bridge.messages import Failed
from layersplit.bridge.texts import failed

__all__ = ["BridgeError", "InstallError", "JobFolderError"]


class BridgeError(Exception):
    """A failure with three sentences, as the core's errors. ``words``: a key of texts.SENTENCES."""

    def __init__(self, words: str, **facts: object) -> None:
        self._message = failed(words, None, **facts)
        self.code = self._message.code
        self.sentences = tuple(self._message.sentences)
        super().__init__(self.sentences[0])

    def failed(self, job: Optional[str] = None) -> Failed:
        """The message that a host shows for it."""
        return replace(self._message, job=job)


class JobFolderError(BridgeError):
    """The job folder cannot be written, or what lies in it does not fit its description."""


class InstallError(BridgeError):
    """There is no worker to start, or set-up could not make one."""
