"""What the host may ask at any time, also while a job runs: providers, doctor.

Readiness can mean a look into the key ring, which may take its time; so a thread of its own
answers, one question after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from layersplit.bridge.messages import Doctor, DoctorReport, Message, ProviderList, Providers


class Questions:
    """Answers in the order of asking; a failure is an answer too."""

    def __init__(self, say: Callable[[Message], None]) -> None:
        self._say = say
        self._asked: SimpleQueue[Providers | Doctor] = SimpleQueue()
        threading.Thread(target=self._answer_all, name="questions", daemon=True).start()

    def ask(self, question: Providers | Doctor) -> None:
        """Queue a question; returns at once."""
        self._asked.put(question)

    def _answer_all(self) -> None:
        while True:
            question = self._asked.get()
            try:
                self._say(answer(question))
            except Exception as error:  # noqa: BLE001 - the host must not wait for ever
                from layersplit.log import open_log  # noqa: PLC0415 - rarely needed
                from layersplit.worker.work import failure  # noqa: PLC0415

                open_log()
                self._say(failure(error, None))


def answer(question: Providers | Doctor) -> ProviderList | DoctorReport:
    """Look it up; imports what that needs."""
    if isinstance(question, Providers):
        from layersplit.capabilities import CAPABILITIES  # noqa: PLC0415 - after the greeting
        from layersplit.providers import described  # noqa: PLC0415

        return ProviderList([described(name) for name in CAPABILITIES])
    from layersplit.doctor import examine  # noqa: PLC0415 - after the greeting

    return DoctorReport([[check.name, check.sentence] for check in examine()])
