"""Progress of a ComfyUI server by step, over its websocket. Only a convenience: polling decides.

The ``websockets`` package, because it is kept well, has no dependencies, and has a client that
works in a plain thread.
"""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # imported when a run listens
    from websockets.sync.client import ClientConnection

LOG: Final = logging.getLogger("layersplit.remote")
OPEN_S: Final = 5.0
LARGEST_FRAME_BYTES: Final = 16 * 1024**2
"""Previews come as binary frames; they are read and thrown away."""


class Progress:
    """How far one prompt is; 0 until the server says more."""

    def __init__(self, address: str, prompt_id: str) -> None:
        """Listen to ``address`` (ws:// or wss://) in a thread of its own, until ``close``."""
        self._address: Final = address
        self.prompt_id = prompt_id
        """Whose steps count; an older server tells it only after the submission."""
        self._fraction: float | None = None
        self._closed = False
        self._connection: ClientConnection | None = None
        self._ready = threading.Event()
        self._thread: Final = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_until_open(self, seconds: float) -> None:
        """Give the connection a moment, so that the first steps are heard."""
        self._ready.wait(seconds)

    @property
    def fraction(self) -> float | None:
        """Steps done, 0..1; None when nothing was heard."""
        return self._fraction

    def close(self) -> None:
        """Hang up, without waiting for the server's goodbye."""
        self._closed = True
        threading.Thread(target=self._hang_up, daemon=True).start()

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None:
            with suppress(Exception):  # it may be closing by itself
                connection.close()

    def _listen(self) -> None:
        try:
            from websockets.sync.client import connect  # noqa: PLC0415 - only for this

            with connect(
                self._address, open_timeout=OPEN_S, close_timeout=0.5, max_size=LARGEST_FRAME_BYTES
            ) as connection:
                self._connection = connection
                self._ready.set()
                while not self._closed:
                    self._hear(connection.recv())
        except Exception as error:  # noqa: BLE001 - without a websocket there is still polling
            LOG.info("no progress by step: %s", type(error).__name__)
        finally:
            self._ready.set()

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return
        try:
            self._note(json.loads(frame))
        except ValueError:
            return

    def _note(self, message: Any) -> None:
        match message:
            case {"type": "progress", "data": {"value": value, "max": most, **rest}}:
                if rest.get("prompt_id", self.prompt_id) == self.prompt_id and most:
                    self._fraction = max(0.0, min(1.0, float(value) / float(most)))
            case _:
                return
