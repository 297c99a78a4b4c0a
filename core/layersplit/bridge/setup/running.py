"""Programs that set-up starts: their output line by line, with a way to stop them."""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Mapping, Optional, Protocol

from layersplit.bridge.environment import worker_environment
from layersplit.bridge.session import NO_WINDOW

KEPT_LINES = 400


class Stopped(Exception):  # noqa: N818 - stopping on request is no error
    """The user stopped the set-up."""


@dataclass(frozen=True)
class Finished:
    """How a program ended and what it said, standard error included."""

    status: int
    output: str


class Runner(Protocol):
    """Starts a program and waits for it; tests give their own."""

    def __call__(
        self, command: List[str], *, on_line: Optional[Callable[[str], None]] = None
    ) -> Finished:
        """Run ``command``; ``on_line`` gets each line as it comes. Raises OSError and Stopped."""
        ...


@dataclass
class Programs:
    """The real runner. ``extra``: variables to add; ``stop``: set from another thread to end it."""

    extra: Mapping[str, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    deadline_s: float = 3600.0

    def __call__(
        self, command: List[str], *, on_line: Optional[Callable[[str], None]] = None
    ) -> Finished:
        """Run ``command`` without the host's or another Python's variables."""
        if self.stop.is_set():
            raise Stopped
        process = subprocess.Popen(  # noqa: S603 - commands are built here
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(),
            creationflags=NO_WINDOW,
        )
        over = threading.Event()
        guard = threading.Thread(target=self._guard, args=(process, over), daemon=True)
        guard.start()
        lines: List[str] = []
        try:
            assert process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
            with process.stdout as stream:
                for raw in stream:
                    line = raw.decode("utf-8", "replace").rstrip()
                    lines.append(line)
                    del lines[:-KEPT_LINES]
                    if on_line is not None:
                        on_line(line)
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            over.set()
        if self.stop.is_set():
            raise Stopped
        return Finished(status, "\n".join(lines))

    def _environment(self) -> Dict[str, str]:
        environment = worker_environment(os.environ)
        # A user's settings for pip that would send packages elsewhere; mirrors and proxies stay.
        for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV",
                     "PIP_NO_DEPS", "PIP_DRY_RUN"):  # fmt: skip
            environment.pop(name, None)
        # pip asks rustc for its version, and rustup would make a folder in the home for that.
        environment.setdefault("RUSTUP_HOME", os.devnull)
        environment.update(PIP_USER="0", **self.extra)
        return environment

    def _guard(self, process: "subprocess.Popen[bytes]", over: threading.Event) -> None:
        """End the program when it is stopped or takes for ever."""
        waited_s = 0.0
        while not over.wait(0.1):
            waited_s += 0.1
            if self.stop.is_set() or waited_s > self.deadline_s:
                process.kill()
                return
