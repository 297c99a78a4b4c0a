#!/usr/bin/python3
"""A worker that goes wrong, in the place of the interpreter in install.json.

The file /work/trick says how. It answers with two layers of the picture's size; then

    short     the second layer's file is too short       missing    it is not there
    dies      it ends by a signal in the middle          refuses    a failure in three sentences
    deaf      it does not hear Cancel                    old        another protocol
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, "/repository/core")

from layersplit.bridge.messages import (
    PROTOCOL,
    Failed,
    Hello,
    LayerFile,
    Progress,
    ProviderList,
    Providers,
    Result,
    Split,
    decode_line,
    encode_line,
)

ROW = {"name": "classic", "title": "Offline splitter", "ready": True, "layers": [1, 10]}
SENTENCES = ["The picture is too beautiful.", "It was not split.", "Take another one."]


def say(message: object) -> None:
    """One line to the host."""
    sys.stdout.buffer.write(encode_line(message))
    sys.stdout.buffer.flush()


def split(request: Split, trick: str) -> None:
    """Do the job, badly."""
    say(Progress(request.job, "provider", 0.3, "Looking for text"))
    if trick == "dies":
        os.kill(os.getpid(), signal.SIGSEGV)
    if trick == "deaf":
        time.sleep(600)
    if trick == "refuses":
        say(Failed(request.job, "refused", SENTENCES))
        return
    picture, folder = request.picture, Path(request.folder)
    whole = folder / "source.raw"
    (folder / "layer-0.raw").write_bytes(whole.read_bytes())
    if trick == "short":
        (folder / "layer-1.raw").write_bytes(whole.read_bytes()[:-5])
    bounds = [0, 0, picture.width, picture.height]
    layers = [LayerFile(f"layer-{n}.raw", f"Layer {n}", bounds) for n in range(2)]
    say(Result(request.job, layers, {"layers": []}))


def main() -> None:
    """Serve one host."""
    trick = Path("/work/trick").read_text(encoding="utf-8")
    say(Hello(PROTOCOL + (trick == "old"), "0", ["classic"]))
    for line in sys.stdin.buffer:
        message = decode_line(line)
        if isinstance(message, Providers):
            say(ProviderList([ROW]))
        elif isinstance(message, Split):
            split(message, trick)


if __name__ == "__main__":
    main()
