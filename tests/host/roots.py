"""Root file systems with the real programs: made once per machine, kept outside the repository.

A root is a small Debian with GIMP and Krita of one release, an X server and tools that press keys.
Making one takes about 90 s and 400 MB of downloads; finding it made costs nothing. It needs Linux,
root rights and a Debian archive that can be reached; where one of these is missing,
:class:`NoRootError` says so in one sentence and the tests that need the programs are skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
BUILD_LIMIT_S: Final = 1200
TOOLS: Final = (
    "xvfb xauth xdotool x11-utils imagemagick dbus dbus-x11 fonts-dejavu-core openbox procps "
    "python3-venv adwaita-icon-theme"
)
BOTH: Final = "gimp gir1.2-gimp-3.0 python3-gi krita python3-pyqt5"


class NoRootError(Exception):
    """This machine cannot make a root; the text is the reason that the skipped tests show."""


@dataclass(frozen=True)
class Release:
    """What a root is made of: Debian's ``suite``, perhaps with packages of ``extra_suite``."""

    name: str
    suite: str
    packages: str = BOTH
    extra_suite: str = ""

    @property
    def stamp(self) -> str:
        """A short word that changes whenever the recipe does."""
        recipe = (HERE / "build_root.sh").read_text(encoding="utf-8")
        parts = (self.suite, self.extra_suite, self.packages, TOOLS, recipe)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


RELEASES: Final = {
    release.name: release
    for release in (
        Release("trixie", "trixie"),  # GIMP 3.0.4, Krita 5.2.9: what the tests use by default
        Release("forky", "forky"),  # GIMP 3.2, Krita 5.3
        Release("krita6", "sid", "krita python3-pyqt6", "experimental"),  # Krita 6.0, PyQt6
    )
}


RELEASE: Final = os.environ.get("LAYERSPLIT_HOSTS", "trixie")
"""The one that the tests use."""


def cache_folder() -> Path:
    """Where roots and everything that is made for them are kept."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "layersplit" / "hosts"


def root_for(name: str) -> Path:
    """The finished root of release ``name``, made now when it is not there.

    Raises :class:`NoRootError` when this machine cannot make one.
    """
    release = RELEASES[name]
    root = cache_folder() / name
    if _is_finished(root, release):
        return root
    _check_this_machine()
    root.parent.mkdir(parents=True, exist_ok=True)
    with locked(root.parent / f"{name}.lock"):
        if not _is_finished(root, release):  # another process may have made it meanwhile
            _refuse_foreign(root)
            _build(root, release)
    return root


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; it falls when this process ends, however it ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_finished(root: Path, release: Release) -> bool:
    stamp = root / ".layersplit-root"
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == release.stamp


def _check_this_machine() -> None:
    if not sys.platform.startswith("linux"):
        raise NoRootError("The real programs are tested on Linux only.")
    if os.geteuid() != 0:
        raise NoRootError("Making a root file system for GIMP and Krita needs root rights.")
    missing = [tool for tool in ("unshare", "chroot", "apt-get", "dpkg-deb") if not _has(tool)]
    if missing:
        raise NoRootError(f"Making a root file system needs {', '.join(missing)}.")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        raise NoRootError("This machine does not allow private mount namespaces.")


def _has(tool: str) -> bool:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _refuse_foreign(root: Path) -> None:
    """Never delete what is not ours, and never delete through a mount."""
    if root.exists() and not (root / ".layersplit-root").exists():
        raise NoRootError(f"{root} exists and is no root file system of these tests; remove it.")
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    if f" {root}/" in mounts or f" {root} " in mounts or f" {root}.new/" in mounts:
        raise NoRootError(f"Something is mounted below {root}; unmount it.")


def _build(root: Path, release: Release) -> None:
    log = root.with_suffix(".log")
    print(f"\nMaking {root} with GIMP and Krita, once (log: {log})", file=sys.stderr, flush=True)
    environment = {
        **os.environ,
        "PACKAGES": f"{release.packages} {TOOLS}",
        "EXTRA_SUITE": release.extra_suite,
        "STAMP": release.stamp,
    }
    with log.open("wb") as output:
        finished = subprocess.run(
            [HERE / "build_root.sh", release.suite, root],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=BUILD_LIMIT_S,
        )
    if finished.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise NoRootError(f"Making {root} failed: {' '.join(last)} (log: {log})")


if __name__ == "__main__":
    print(root_for(sys.argv[1] if len(sys.argv) > 1 else "trixie"))
