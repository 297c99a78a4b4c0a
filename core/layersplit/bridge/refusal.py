"""Something that a host cannot do for the user, with the three sentences that say so."""

from __future__ import annotations

from typing import Optional

from layersplit.bridge.messages import Failed


class Refusal(Exception):  # noqa: N818 - a host declines; nothing went wrong
    """Raised before anything was started or touched. The sentences are already translated."""

    def __init__(self, fact: str, meaning: str, remedy: str) -> None:
        super().__init__(fact)
        self.sentences = (fact, meaning, remedy)

    def failed(self, job: Optional[str] = None) -> Failed:
        """The message that a host shows for it."""
        return Failed(job=job, code="input", sentences=list(self.sentences))
