"""A worker process as a test talks to it: lines out, lines in, with a deadline for everything."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue

from layersplit.bridge.environment import worker_environment
from layersplit.bridge.messages import (
    Failed,
    Hello,
    Options,
    Progress,
    RawPicture,
    Result,
    Split,
    decode_line,
    encode_line,
)

REAL = ["-m", "layersplit", "worker"]
TRICKY = [str(Path(__file__).with_name("tricky_worker.py"))]
SOON_S = 20


class WorkerProcess:
    """Started at once. Use it in ``with``: afterwards it is gone, whatever the test did."""

    def __init__(self, home: Path, program: list[str]) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-u", "-X", "utf8", *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(os.environ, home=str(home)),
        )
        self.lines: Queue[bytes] = Queue()
        self.said: list[bytes] = []
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._listen, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def send(self, *messages):
        self.send_bytes(b"".join(encode_line(message) for message in messages))

    def send_bytes(self, content):
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def next(self, *kinds, seconds=SOON_S):
        """The next message of these kinds; any kind when none is named."""
        deadline = time.monotonic() + seconds
        while True:
            message = decode_line(self.lines.get(timeout=max(0.01, deadline - time.monotonic())))
            if not kinds or isinstance(message, kinds):
                return message

    def answer(self, seconds=SOON_S):
        """The next end of a job, or a refused line."""
        return self.next(Result, Failed, seconds=seconds)

    def is_silent(self, seconds=0.2):
        try:
            self.lines.get(timeout=seconds)
        except Empty:
            return True
        return False

    def greeting(self):
        return self.next(Hello)

    def running(self):
        """Wait until a job has begun."""
        return self.next(Progress)

    def end_of_input(self):
        """Close its input; returns the seconds until the process is gone."""
        start = time.monotonic()
        self.process.stdin.close()
        self.process.wait(10)
        return time.monotonic() - start

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line)


def job(name, folder, trick="wait", **changes):
    """A request for a picture of 2 x 3 pixels."""
    options = changes.pop("options", Options(prompt=trick))
    return Split(name, str(folder), "krita", RawPicture(2, 3, **changes), options)
