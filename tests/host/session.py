"""One running desktop in a root, as the tests see it: start a host, press keys, ask, look."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parent.parent
INSIDE: Final = "/repository/tests/host/inside"
HOME: Final = (HERE / "run_in_root.sh").read_text(encoding="utf-8").split("HOME=")[1].split()[0]
"""The user's home inside the root, where ``run_in_root.sh`` has it."""
SCREEN: Final = ("1500", "940")
T = TypeVar("T")


class HostError(Exception):
    """An order failed inside the root; the text is the traceback there."""


class Session:
    """A desktop inside ``root`` with HOME ``work``, alive until :meth:`close`.

    ``mounts``: where in the root a folder of this machine is seen, to that folder.
    """

    def __init__(
        self,
        root: Path,
        work: Path,
        wheels: Path,
        *,
        name: str,
        mounts: Mapping[str, Path] | None = None,
    ) -> None:
        self.work = work
        self.name = name
        self.out = work / "out" / name
        self.out.mkdir(parents=True, exist_ok=True)
        self._log = (self.out / "driver.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(HERE / "run_in_root.sh", root, work, REPOSITORY, wheels),
                *("python3", f"{INSIDE}/driver.py", f"/work/out/{name}", *SCREEN),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            env={
                **os.environ,
                "MOUNTS": "\n".join(f"{at}\t{place}" for place, at in (mounts or {}).items()),
            },
        )

    def do(self, order: str, *arguments: object) -> Any:
        """Have the driver do ``order`` (see inside/driver.py)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": order, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise HostError(f"The driver ended; see {self.out}/driver.log")
        answer = json.loads(line)
        if "error" in answer:
            raise HostError(answer["error"])
        return answer["value"]

    def call(self, function: str, *arguments: object) -> Any:
        """Have the probe inside the host run ``function``."""
        return self.do("call", function, *arguments)

    def run(self, *command: str, seconds: float = 120, **environment: str) -> tuple[int, str, str]:
        """Run a command beside the host."""
        status, output, errors = self.do("run", command, environment, seconds)
        return status, output, errors

    def start(self, *command: str, **environment: str) -> None:
        """Start the host and wait until its probe answers."""
        self.do("start", command, environment, "host.log")
        self.do("wait_for_probe")

    def press(self, keys: str, *, window: str | None = None) -> None:
        """Press keys, as xdotool writes them, in the focused window or in ``window``."""
        focus = ["windowfocus", "--sync", window] if window else []
        self.run("xdotool", *focus, "key", keys)

    def windows(self, name: str) -> list[str]:
        """Ids of the visible windows whose title matches ``name``."""
        return self.run("xdotool", "search", "--onlyvisible", "--name", name)[1].split()

    def screenshot(self, name: str, window: str | None = None) -> Path:
        """Save what is on the screen, or one window."""
        self.do("screenshot", name, window)
        return self.out / f"{name}.png"

    def wait_until(self, what: str, condition: Callable[[], T], seconds: float = 30) -> T:
        """What ``condition`` returns once that is true."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                self.screenshot("failed")
                raise HostError(
                    f"Waited {seconds} s in vain for: {what} (see {self.out}/failed.png)"
                )
            time.sleep(0.05)
        return value

    def close(self) -> None:
        """End everything inside."""
        with self._process as process, self._log:  # both close their files
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
