"""The probe inside GIMP: runs as a batch of the console plug-in and serves until it is told to stop."""

from __future__ import annotations

import select
from typing import Any, Dict

import probe
from gi.repository import Gegl, Gimp

stopped = False


def ping() -> str:
    """Which GIMP this is."""
    return Gimp.version()


def stop() -> None:
    """End the batch."""
    global stopped  # noqa: PLW0603 - one probe, one process
    stopped = True


def execute(code: str) -> Any:
    """Run ``code``; what it binds to ``value`` is the answer. For exploring, and for rare needs."""
    names: Dict[str, Any] = {"Gimp": Gimp, "Gegl": Gegl, "value": None}
    exec(code, names)  # noqa: S102 - the tests' own code
    return names["value"]


def serve() -> None:
    """Answer requests until ``stop``."""
    Gegl.init(None)
    server = probe.Server({name: value for name, value in globals().items() if callable(value)})
    while not stopped:
        select.select([server], [], [], 0.5)
        server.turn()
        while server.is_busy:
            server.turn()
