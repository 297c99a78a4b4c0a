"""``python3 -m tests``: make an environment, install what the tests need, run all of them.

Standard library only, because it runs before anything is installed. Needs Python 3.11 or newer.

    python3 -m tests                    everything
    python3 -m tests -k restore -x      the rest of the line goes to pytest
    python3 -m tests --no-checks ...    without ruff, mypy and import-linter

The environment lies in .test-env (or $LAYERSPLIT_TEST_ENV) and is kept until pyproject.toml or the
pinned packages change. PyTorch is only there for the tests of ``local``; with
LAYERSPLIT_TEST_TORCH=no, or where it cannot be installed, they are skipped and say so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(os.environ.get("LAYERSPLIT_TEST_ENV") or ROOT / ".test-env")
LOCAL_PINS = ROOT / "tests" / "local" / "requirements.txt"
TORCH = "torch==2.13.0"
"""Pinned to the build that exists for CPUs: any other version would bring gigabytes of CUDA."""


def main(arguments: list[str]) -> int:
    """Run the checks and the tests; returns 0 when all of them pass."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must say so on an older Python
        print("Layersplit needs Python 3.11 or newer; this is", sys.version.split()[0])
        return 5
    checks = "--no-checks" not in arguments
    arguments = [argument for argument in arguments if argument != "--no-checks"]
    python = prepare()
    steps: list[tuple[str, list[str]]] = []
    if checks:
        steps += [
            ("ruff check", [str(python), "-m", "ruff", "check", "."]),
            ("ruff format", [str(python), "-m", "ruff", "format", "--check", "--quiet", "."]),
            ("mypy", [str(python), "-m", "mypy"]),
            ("import-linter", [str(python.with_name("lint-imports")), "--no-logo", "--no-cache"]),
        ]
    parallel = [] if {"-n", "--pdb"} & set(arguments) else ["-n", "2", "--dist", "loadgroup"]
    steps.append(("pytest", [str(python), "-m", "pytest", *parallel, *arguments]))
    failed = [name for name, command in steps if not run(name, command)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def run(name: str, command: list[str]) -> bool:
    """Run one step in the repository; returns whether it passed."""
    print(f"\n=== {name}", flush=True)
    start = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    print(f"=== {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - start:.0f} s")
    return passed


def prepare() -> Path:
    """Make the environment, or take the one that fits; returns its Python."""
    folder = "Scripts" if sys.platform == "win32" else "bin"
    python = ENVIRONMENT / folder / ("python.exe" if sys.platform == "win32" else "python")
    stamp = ENVIRONMENT / "complete"
    wanted = fingerprint()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"=== environment in {ENVIRONMENT}", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    venv.create(ENVIRONMENT, with_pip=True)
    torch = install_torch(python)
    pip(python, "--editable", f"{ROOT}[test]")
    if torch:
        pip(python, "--requirement", str(LOCAL_PINS))
    stamp.write_text(wanted, encoding="utf-8")
    return python


def fingerprint() -> str:
    """What the environment depends on."""
    digest = hashlib.sha256(f"{sys.version}{ROOT}{wants_torch()}".encode())
    for path in (ROOT / "pyproject.toml", LOCAL_PINS, Path(__file__)):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def wants_torch() -> bool:
    """Whether the tests of ``local`` were asked for."""
    return os.environ.get("LAYERSPLIT_TEST_TORCH", "yes") != "no" and LOCAL_PINS.exists()


def install_torch(python: Path) -> bool:
    """Install PyTorch first, so that no other package chooses its version; returns success."""
    if not wants_torch():
        return False
    command = [str(python), "-m", "pip", "install", "--quiet", TORCH]
    if subprocess.run(command, check=False).returncode == 0:
        return True
    print("PyTorch could not be installed: the tests of the provider 'local' will be skipped.")
    return False


def pip(python: Path, *arguments: str) -> None:
    """Install; a failure ends the run."""
    command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit("The test environment could not be installed; see pip's words above.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
