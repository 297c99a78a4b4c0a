"""Runs inside a root: an X server, a window manager, one host program, and orders from outside.

Orders are JSON lines on standard input, answers JSON lines on standard output: ``{"do": name,
...arguments}`` gives ``{"value": ...}`` or ``{"error": text}``. It ends, and the root's namespaces
with it, when standard input ends. Standard library only: it runs with the root's own Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

OUT = Path(sys.argv[1])
SOCKET = "/tmp/run/probe"  # noqa: S108 - /tmp is private to these namespaces
PATIENCE_S = 180.0
"""A cold start on a machine that is busy takes more than a minute."""


class Desktop:
    """What the orders act on."""

    def __init__(self, width: int, height: int) -> None:
        read, write = os.pipe()
        subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as ready:
            os.environ["DISPLAY"] = ":" + ready.readline().strip()
        os.environ["XDG_CURRENT_DESKTOP"] = "X-Generic"
        bus = subprocess.run(
            ["dbus-daemon", "--session", "--fork", "--print-address"],
            capture_output=True,
            text=True,
            check=True,
        )
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.strip()
        subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
        self.host: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], environment: dict[str, str], log: str) -> int:
        """Start the host program; returns its process id."""
        Path(SOCKET).unlink(missing_ok=True)
        self.host = subprocess.Popen(
            command,
            env={**os.environ, "LAYERSPLIT_PROBE": SOCKET, **environment},
            stdin=subprocess.DEVNULL,
            stdout=(OUT / log).open("wb"),
            stderr=subprocess.STDOUT,
        )
        return self.host.pid

    def wait_for_probe(self) -> None:
        """Until the host's probe answers."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert self.host is not None
            if self.host.poll() is not None:
                raise RuntimeError(f"The host ended with status {self.host.returncode}")
            try:
                self.call("ping")
            except (FileNotFoundError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def call(self, function: str, *arguments: object) -> object:
        """Have the probe inside the host run one of its functions; returns what it returns."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(SOCKET)
            connection.sendall(json.dumps([function, *arguments]).encode() + b"\n")
            line = connection.makefile("rb").readline()
        if not line:
            raise ConnectionError("The probe closed the connection")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def wait_for_end(self, seconds: float) -> int | None:
        """The host's exit status, or None when it still runs after ``seconds``."""
        assert self.host is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.host.wait(seconds)
        return None

    def kill(self, signal_name: str) -> None:
        """Send the host a signal."""
        assert self.host is not None
        self.host.send_signal(signal.Signals[signal_name])

    def run(self, command: list[str], environment: dict[str, str], seconds: float) -> list[object]:
        """Run a command to its end: [exit status, standard output, standard error]."""
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        return [done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")]

    def processes(self, word: str) -> list[int]:
        """Ids of the living processes whose command line contains ``word``."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if word in line and int(folder.name) != os.getpid():
                    found.append(int(folder.name))
        return found

    def screenshot(self, name: str, window: str | None) -> None:
        """Save the screen, or the window with this id, as NAME.png."""
        command = ["import", "-window", window or "root", str(OUT / f"{name}.png")]
        subprocess.run(command, check=True)


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(
        os.dup(1), "w", encoding="utf-8"
    )  # ours alone; everybody else's goes to stderr
    os.dup2(2, 1)
    desktop = Desktop(int(sys.argv[2]), int(sys.argv[3]))
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"value": getattr(desktop, order.pop("do"))(*order.pop("arguments"))}
        except Exception as error:  # noqa: BLE001 - every failure is the caller's to judge
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
