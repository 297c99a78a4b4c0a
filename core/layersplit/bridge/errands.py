"""What a host has done outside a split: keeping a key, making the private environment.

Both take their time, so a host calls them in a thread of its own. They raise Refusal (or another
BridgeError) with sentences for the user, and Stopped.
"""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Callable, List, Optional

import layersplit
from layersplit.bridge import words
from layersplit.bridge.failures import BridgeError
from layersplit.bridge.installation import worker_launch
from layersplit.bridge.jsonfile import read_json
from layersplit.bridge.paths import install_record
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.session import NO_WINDOW

KEY_S = 60.0


def keep_key(provider: str, key: str) -> None:
    """Have the core keep ``key`` for ``provider``; it travels through a pipe, never as an argument.

    Raises Refusal with the core's own words, and BridgeError when there is no core.
    """
    launch = worker_launch()
    done = subprocess.run(  # noqa: S603 - the interpreter is from install.json
        [*launch.command[:-1], "key", "set", provider],
        input=key.encode("utf-8") + b"\n",
        env=dict(launch.environment),
        cwd=launch.folder,
        capture_output=True,
        timeout=KEY_S,
        check=False,
        creationflags=NO_WINDOW,
    )
    if done.returncode:
        fact, meaning, remedy = _three_lines(done.stderr.decode("utf-8", "replace"))
        raise Refusal(fact, meaning, remedy)


def set_up(report: Callable[[str], None], stop: threading.Event) -> None:
    """Make or repair the private environment, by the code of install.py.

    ``report`` gets what is being done, from this thread; ``stop`` ends it. Raises Refusal,
    BridgeError, OSError, or layersplit.bridge.setup.running.Stopped.
    """
    from layersplit.bridge.setup.flow import Options, Setup  # noqa: PLC0415 - large, and rare
    from layersplit.bridge.setup.source import Source  # noqa: PLC0415 - as above

    place = set_up_source()
    if place is None:
        raise Refusal(*words.nothing_to_set_up())
    Setup(Source(place), Options(only="core"), _Reporter(report), stop=stop).run()


def set_up_source() -> Optional[Path]:
    """What can be installed from here: a wheel that came with the plug-in, or the checkout.

    None when there is neither.
    """
    vendored = Path(layersplit.__file__).parent.parent
    wheels = sorted(vendored.glob("layersplit-*.whl"))
    if wheels:
        return wheels[-1]
    recorded = read_json(install_record()).get("source")
    if isinstance(recorded, str) and Path(recorded).exists():
        return Path(recorded)
    return None


class _Reporter:
    """Set-up's steps as single sentences."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    def now(self, title: str, text: str) -> None:
        self._report("%s: %s" % (title, text))

    def done(self, title: str, text: str) -> None:
        self._report("%s: %s" % (title, text) if title else text)


def _three_lines(text: str) -> "tuple[str, str, str]":
    lines: List[str] = [line.strip() for line in text.splitlines() if line.strip()][:3]
    lines += [""] * (3 - len(lines))
    return lines[0], lines[1], lines[2]


__all__ = ["BridgeError", "keep_key", "set_up", "set_up_source"]
