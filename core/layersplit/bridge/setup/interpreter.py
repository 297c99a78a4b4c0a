"""Which Python the private environment is made from.

The one that runs install.py, when it is new enough; else the newest that this machine has. Inside a
host ``sys.executable`` may be the host itself, so there only the machine is searched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Mapping, Optional, Tuple

from layersplit.bridge.environment import worker_environment
from layersplit.bridge.failures import InstallError
from layersplit.bridge.sandbox import sandbox

OLDEST = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
ASK_S = 20.0
_QUESTION = """
import importlib.util, json, sys
found = importlib.util.find_spec
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps({
    "version": list(sys.version_info[:3]), "path": base, "is_base": sys.prefix == sys.base_prefix,
    "venv": found("venv") is not None, "ensurepip": found("ensurepip") is not None,
    "pip": found("pip") is not None,
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python of this machine and what it can do. ``path`` is that of the base, not of a venv."""

    path: str
    version: Tuple[int, int, int]
    has_venv: bool = True
    has_ensurepip: bool = True
    has_pip: bool = True

    @property
    def text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def find_interpreter(
    env: Mapping[str, str], home: Path, *, prefer: Optional[str], self_contained: bool = False
) -> Interpreter:
    """The Python to use; raises InstallError when there is none that is new enough.

    ``prefer``: the running interpreter, or None inside a host. ``self_contained``: one below
    ``home`` is better, because a sandboxed host sees the home folder but not the system's Python.
    """
    seen = []
    for path in candidates(env, home, prefer=prefer, self_contained=self_contained):
        interpreter = ask(path)
        if interpreter is None:
            continue
        if interpreter.version[:2] >= OLDEST:
            return interpreter
        seen.append(interpreter.text)
    found = "found only %s" % ", ".join(dict.fromkeys(seen)) if seen else "found none"
    inside = sandbox()
    if inside is not None:
        raise InstallError("install-old-python/in a sandbox", found=found, sandbox=inside)
    raise InstallError("install-old-python", found=found)


def candidates(
    env: Mapping[str, str], home: Path, *, prefer: Optional[str], self_contained: bool
) -> Iterator[str]:
    """Paths that may be a Python, the best first; they may not exist."""
    if self_contained:
        yield from _below_home(home)
    if prefer:
        yield prefer
    for name in NAMES:
        found = shutil.which(name, path=env.get("PATH"))
        if found:
            yield found
    if sys.platform == "win32":
        programs = Path(env.get("LOCALAPPDATA", str(home))) / "Programs" / "Python"
        yield from _newest(programs, "Python3*/python.exe")
    elif sys.platform == "darwin":
        yield from _newest(Path("/Library/Frameworks/Python.framework/Versions"), "3.*/bin/python3")
        yield from _newest(Path("/opt/homebrew/bin"), "python3.*")
    if not self_contained:
        yield from _below_home(home)


def _below_home(home: Path) -> Iterator[str]:
    yield from _newest(home / ".local" / "share" / "uv" / "python", "cpython-3*/bin/python3")
    yield from _newest(home / ".pyenv" / "versions", "3.*/bin/python3")


def _newest(folder: Path, pattern: str) -> List[str]:
    """Matches with the highest version first."""

    def version(path: Path) -> List[int]:
        digits = "".join(c if c.isdigit() else " " for c in path.relative_to(folder).parts[0])
        return [int(number) for number in digits.split()]

    return [str(path) for path in sorted(folder.glob(pattern), key=version, reverse=True)]


def ask(path: str) -> Optional[Interpreter]:
    """What the Python at ``path`` says of itself; None when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Python of this machine
            [path, "-I", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(os.environ),
            timeout=ASK_S,
            check=True,
        )
        said = json.loads(answer.stdout.decode("utf-8", "surrogateescape"))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    major, minor, micro = said["version"]
    base = str(said["path"])
    if not said["is_base"] and base != path:
        return ask(base)  # a virtual environment: it may go away, and its pip with it
    return Interpreter(
        path=base,
        version=(major, minor, micro),
        has_venv=said["venv"],
        has_ensurepip=said["ensurepip"],
        has_pip=said["pip"],
    )
