"""A hosted service beside a host: the WaveSpeedAI of tests/fakes, on the root's loopback.

    paid_service.py FILE

keeps in FILE, as JSON, its address, the steps of the jobs that were asked of it, and how many jobs
it has billed. It runs with the Python of Layersplit's private environment, which has what the
picture needs, and ends with the root.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.append("/repository/tests")

from fakes.wavespeed_server import WaveSpeedServer


def main(file: Path) -> None:
    """Serve until the root ends."""
    server = WaveSpeedServer()
    while True:
        seen = {"url": server.url, "steps": server.steps(), "billed": server.billed}
        part = file.with_suffix(".part")
        part.write_text(json.dumps(seen), encoding="utf-8")
        part.replace(file)
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
