"""The probe inside Krita: what the tests may ask of the running program. Imported by a plug-in."""

from __future__ import annotations

import base64
import os
from typing import Any, Dict, Generator, List

import probe
from krita import Extension, Krita

if int(Krita.instance().version().split(".")[0]) >= 6:
    from PyQt6.QtCore import QTimer
else:
    from PyQt5.QtCore import QTimer

APP = Krita.instance()
Steps = Generator[None, None, Any]


def ping() -> str:
    """Which Krita this is."""
    return APP.version()


def execute(code: str) -> Any:
    """Run ``code``; what it binds to ``value`` is the answer. For exploring, and for rare needs."""
    names: Dict[str, Any] = {"app": APP, "value": None}
    exec(code, names)  # noqa: S102 - the tests' own code
    return names["value"]


def execute_steps(code: str) -> Steps:
    """Like execute, for code that defines ``steps()``, a generator."""
    names: Dict[str, Any] = {"app": APP}
    exec(code, names)  # noqa: S102 - the tests' own code
    return (yield from names["steps"]())


class ProbeExtension(Extension):
    """Serves the probe from Krita's event loop."""

    def setup(self) -> None:
        """Krita asks for it."""

    def createActions(self, _window: Any) -> None:
        """Called once per window: the first one starts the timer."""
        if not probe.PATH or hasattr(self, "timer"):
            return
        self.server = probe.Server(
            {name: value for name, value in globals().items() if callable(value)}
        )
        self.timer = QTimer(self)
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.server.turn)
        self.timer.start()


APP.addExtension(ProbeExtension(APP))
