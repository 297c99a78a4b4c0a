"""Putting packages into the private environment, with whatever installer this machine has."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Mapping

from layersplit.bridge.failures import InstallError
from layersplit.bridge.hostlog import note
from layersplit.bridge.setup.interpreter import Interpreter
from layersplit.bridge.setup.running import Runner

PYTHON_OPTION_SINCE = (22, 3)
"""pip's version from which it can work on another environment (--python)."""
DISTRIBUTION_WHEELS = Path("/usr/share/python-wheels")
"""Where Debian and its children keep pip for ensurepip, also when pip itself is not installed."""


@dataclass(frozen=True)
class Installer:
    """A command that installs into the environment; requirements are added to it."""

    name: str
    command: List[str]


def installers(
    python: str, interpreter: Interpreter, run: Runner, beside: Path
) -> Iterator[Installer]:
    """Installers that work for the environment of ``python``, the quickest first.

    ``beside``: the folder of install.py, where a person may have put pip.pyz.
    """
    quiet = ["--disable-pip-version-check", "--no-input"]
    options = ["install", "--no-warn-script-location", "--progress-bar", "off", *quiet]
    if interpreter.has_pip and _is_new_enough([interpreter.path, "-I", "-m", "pip"], run):
        yield Installer("pip", [interpreter.path, "-I", "-m", "pip", "--python", python, *options])
    if interpreter.has_ensurepip and _works([python, "-I", "-m", "ensurepip", "--upgrade"], run):
        yield Installer("ensurepip", [python, "-I", "-m", "pip", *options])
    if _works([python, "-I", "-m", "pip", "--version"], run):
        yield Installer("its own pip", [python, "-I", "-m", "pip", *options])
    for wheel in sorted(DISTRIBUTION_WHEELS.glob("pip-*.whl"), reverse=True):
        yield Installer("the system's pip wheel", [python, str(wheel / "pip"), *options])
    if (beside / "pip.pyz").is_file():
        yield Installer("pip.pyz", [python, "-I", str(beside / "pip.pyz"), *options])
    uv = shutil.which("uv")
    if uv:
        yield Installer("uv", [uv, "pip", "install", "--python", python])


def _is_new_enough(pip: List[str], run: Runner) -> bool:
    finished = run([*pip, "--version"])
    found = re.match(r"pip (\d+)\.(\d+)", finished.output)
    return found is not None and tuple(map(int, found.groups())) >= PYTHON_OPTION_SINCE


def _works(command: List[str], run: Runner) -> bool:
    return run(command).status == 0


def cache_options(env: Mapping[str, str], home: Path) -> List[str]:
    """Use the cache of the user's pip if there is one, and leave none behind if there is none."""
    if sys.platform == "win32":
        folder = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "pip" / "Cache"
    elif sys.platform == "darwin":
        folder = home / "Library" / "Caches" / "pip"
    else:
        folder = Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "pip"
    chosen = env.get("PIP_CACHE_DIR") or env.get("PIP_NO_CACHE_DIR")
    return [] if chosen or folder.is_dir() else ["--no-cache-dir"]


def install_packages(
    installer: Installer, requirements: List[str], run: Runner, say: Callable[[str], None]
) -> None:
    """Install; raises InstallError with what went wrong in words."""
    finished = run([*installer.command, *requirements], on_line=lambda line: _progress(line, say))
    if finished.status != 0:
        note("%s failed:\n%s" % (installer.name, finished.output))
        raise explained(installer, finished.output)


def _progress(line: str, say: Callable[[str], None]) -> None:
    """The lines of pip that mean something to a person."""
    words = line.strip()
    found = re.match(r"Downloading (\S+?)(?:-\d\S*)? \(([\d.]+ \S+)\)", words)
    if found:
        say("Fetching %s (%s)" % (found.group(1).rsplit("/", 1)[-1], found.group(2)))
    elif words.startswith("Installing collected packages"):
        say("Writing the packages")
    elif words.startswith(("Installing build dependencies", "Preparing metadata", "Building")):
        say("Preparing Layersplit")


OFFLINE = (
    "NewConnectionError", "ConnectTimeoutError", "Temporary failure in name resolution",
    "Name or service not known", "Network is unreachable", "Could not connect", "ProxyError",
    "Connection refused", "getaddrinfo failed", "ReadTimeoutError", "dns error",
)  # fmt: skip
CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "SSLError", "SSLCertVerificationError")
NO_SPACE = ("No space left on device", "not enough space on the disk", "Disk quota exceeded")
NO_VERSION = ("No matching distribution found", "Could not find a version", "no wheels with")


def explained(installer: Installer, output: str) -> InstallError:
    """What an installer's output means for a person."""
    for marks, words in (
        (NO_SPACE, "install-no-space"),
        (CERTIFICATE, "install-certificate"),
        (OFFLINE, "install-offline"),
        (NO_VERSION, "install-no-version"),
    ):
        for mark in marks:
            if mark in output:
                detail = _last_error(output) if marks is NO_VERSION else _spaced(mark)
                return InstallError(words, detail=detail, name=installer.name)
    return InstallError("install-packages", detail=_last_error(output), name=installer.name)


def _spaced(mark: str) -> str:
    """A library's name for a failure, as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", mark.replace("_", " ")).lower()


def _last_error(output: str) -> str:
    """The line that says most."""
    lines = [line.strip(" │╰─>") for line in output.splitlines()]
    lines = [line for line in lines if line and "subprocess-exited-with-error" not in line]
    errors = [line for line in lines if re.match(r"(?i)(error|fatal|\w*error)\b", line)]
    line = (errors or lines or ["no output"])[-1]
    return re.sub(r"(?i)^error: *", "", line)[:300]


def bin_folder(environment: Path) -> Path:
    """Where the environment keeps its programs."""
    return environment / ("Scripts" if os.name == "nt" else "bin")
