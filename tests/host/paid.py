"""A hosted service on loopback inside a root, and what it has seen."""

from __future__ import annotations

import json
from typing import Any, Final

from session import INSIDE, Session

TITLE: Final = "WaveSpeedAI"
KEY: Final = "sk-3f9a-DO-NOT-SHOW-77c1"
"""The one that tests/fakes/service_server.py wants."""
PRICE: Final = "About $0.20"
AGREEMENT: Final = "I agree that my pictures are sent to WaveSpeedAI"
SPENDS: Final = {"upload", "submit"}
PYTHON: Final = ".local/share/layersplit/venv/bin/python"


class PaidService:
    """Started beside ``session``, before its host, and gone with it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._file = session.work / "paid.json"
        self._file.unlink(missing_ok=True)
        start = f"~/{PYTHON} {INSIDE}/paid_service.py ~/paid.json >~/paid.log 2>&1 &"
        session.run("bash", "-c", start)
        session.wait_until("the service", self._file.exists)

    @property
    def environment(self) -> dict[str, str]:
        """What points the host's worker at it."""
        return {"LAYERSPLIT_WAVESPEED_URL": self._seen["url"]}

    @property
    def billed(self) -> int:
        """Jobs that cost money so far."""
        count: int = self._seen["billed"]
        return count

    @property
    def was_sent_something(self) -> bool:
        """Whether a picture went there, or a job."""
        return bool(SPENDS & set(self._seen["steps"]))

    @property
    def _seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return seen


def forget_the_user(session: Session) -> None:
    """No key, nothing agreed to: a test that is run once more begins as it did before."""
    data = session.work / ".local/share/layersplit"
    for file in (data / "keys.json", data / "settings.json"):
        file.unlink(missing_ok=True)


def files_with_the_key(session: Session) -> list[str]:
    """Where in Layersplit's data folder, and in the host's log, the key can be read."""
    data = session.work / ".local/share/layersplit"
    files = [path for path in data.rglob("*") if path.is_file() and "venv" not in path.parts]
    files.append(session.out / "host.log")
    return [path.name for path in files if KEY.encode() in path.read_bytes()]
