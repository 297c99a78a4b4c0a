"""What a host has done outside a split: a key, a model, the private environment.

They take their time, so a host calls them in a thread of its own. They raise Refusal (or another
BridgeError) with sentences for the user, and Stopped.
"""

from __future__ import annotations

import math
import subprocess
import threading
from pathlib import Path
from typing import Callable, List, Optional, Sequence

import layersplit
from layersplit.bridge import words
from layersplit.bridge.failures import BridgeError
from layersplit.bridge.installation import worker_launch
from layersplit.bridge.jsonfile import read_json
from layersplit.bridge.paths import install_record, settings_file
from layersplit.bridge.refusal import Refusal
from layersplit.bridge.session import NO_WINDOW
from layersplit.bridge.spoken import spoken

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


def set_up(
    report: Callable[[str], None], stop: threading.Event, part: Optional[str] = None
) -> None:
    """Make or repair the private environment, by the code of install.py.

    ``report`` gets what is being done, from this thread; ``stop`` ends it. ``part``: an optional
    part that is added. Raises Refusal, BridgeError, OSError, or
    layersplit.bridge.setup.running.Stopped.
    """
    from layersplit.bridge.setup.flow import Options, Setup  # noqa: PLC0415 - large, and rare
    from layersplit.bridge.setup.source import Source  # noqa: PLC0415 - as above

    place = set_up_source()
    if place is None:
        raise Refusal(*words.nothing_to_set_up())
    options = Options(only="core", extras=() if part is None else (part,))
    Setup(Source(place), options, _Reporter(report), stop=stop).run()


def take_model(
    named: str, fetchable: Sequence[str], report: Callable[[str], None], stop: threading.Event
) -> None:
    """Have ``local`` take the weights ``named`` from now on, and fetch them first if need be.

    ``named``: a folder, a file, a name, or empty for whatever was fetched; ``fetchable``: names
    that may be fetched. ``report`` and ``stop`` as in set_up. Raises Refusal with the core's own
    words, BridgeError, OSError or Stopped.
    """
    from layersplit.bridge.setup.running import Programs  # noqa: PLC0415 - as in set_up

    launch = worker_launch()
    home = {"LAYERSPLIT_HOME": launch.environment["LAYERSPLIT_HOME"]}
    run = Programs(extra=home, stop=stop, deadline_s=math.inf)
    model = [*launch.command[:-1], "model"]
    use = [*model, "use", *(["--", named] if named else [])]
    done = run(use)
    if done.status and named in fetchable:
        lines: List[str] = []

        def tell(line: str) -> None:
            fraction, mark, sentence = line.rstrip().partition("\t")
            if mark:
                report(sentence)
            else:
                lines.append(fraction)

        fetched = run([*model, "fetch", "--lines", "--", named], on_line=tell)
        if fetched.status:
            raise Refusal(*_three_lines("\n".join(lines)))
        done = run(use)
    if done.status:
        raise Refusal(*_three_lines(done.output))


def chosen_model() -> str:
    """What the settings name; empty for whatever was fetched."""
    section = read_json(settings_file()).get("local")
    named = section.get("model") if isinstance(section, dict) else None
    return named if isinstance(named, str) else ""


def set_up_source() -> Optional[Path]:
    """What can be installed from here: the sources that came in the plug-in's zip, or the checkout.

    None when there is neither.
    """
    from layersplit.bridge.setup.source import PARCEL  # noqa: PLC0415 - rarely needed

    parcel = Path(layersplit.__file__).parent.parent / PARCEL
    if (parcel / "pyproject.toml").is_file():
        return parcel
    recorded = read_json(install_record()).get("source")
    if isinstance(recorded, str) and Path(recorded).exists():
        return Path(recorded)
    return None


class _Reporter:
    """Set-up's steps as single sentences."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    def now(self, title: str, text: str) -> None:
        self._report("%s: %s" % (spoken(title), spoken(text)))

    def done(self, title: str, text: str) -> None:
        self._report("%s: %s" % (spoken(title), spoken(text)) if title else spoken(text))


def _three_lines(text: str) -> "tuple[str, str, str]":
    lines: List[str] = [line.strip() for line in text.splitlines() if line.strip()][:3]
    lines += [""] * (3 - len(lines))
    return spoken(lines[0]), spoken(lines[1]), spoken(lines[2])


__all__ = ["BridgeError", "chosen_model", "keep_key", "set_up", "set_up_source", "take_model"]
