"""The packages that install.py needs inside a root, fetched once: installing is then offline."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from roots import NoRootError, cache_folder, locked

REPOSITORY: Final = Path(__file__).parent.parent.parent
PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


def wheels_for(root: Path) -> Path:
    """A folder with wheels of everything in pyproject.toml for the Python of ``root``.

    Raises :class:`roots.NoRootError` when they cannot be fetched.
    """
    python = _python_of(root)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    digest = hashlib.sha256("\n".join([python, *wanted]).encode()).hexdigest()[:12]
    folder = cache_folder() / f"wheels-{digest}"
    with locked(cache_folder() / "wheels.lock"):
        if not folder.is_dir():
            _fetch(wanted, python, folder)
    return folder


def _python_of(root: Path) -> str:
    """``3.13`` for a root with /usr/lib/python3.13."""
    found = [re.fullmatch(r"python(3\.\d+)", path.name) for path in (root / "usr/lib").iterdir()]
    versions = [match.group(1) for match in found if match]
    return max(versions, key=lambda version: int(version.split(".")[1]))


def _fetch(wanted: list[str], python: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    machine = "x86_64"
    kinds = ["--implementation", "cp", "--abi", f"cp{python.replace('.', '')}"]
    for kind in ("abi3", "none"):
        kinds += ["--abi", kind]
    for platform in PLATFORMS:
        kinds += ["--platform", f"{platform}_{machine}"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += ["--python-version", python, *kinds, "--platform", "any", "--dest", str(partial)]
    done = subprocess.run(
        [*command, *wanted], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise NoRootError(f"The packages for Python {python} cannot be fetched: {' '.join(last)}")
    partial.rename(folder)
