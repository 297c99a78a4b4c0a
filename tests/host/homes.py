"""A user's home inside a root: made new for every test run, with Layersplit from install.py."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from roots import cache_folder, locked
from session import INSIDE, Session

PROBE_PLUGIN: Final = f"""import sys
sys.path.append("{INSIDE}")
import krita_probe
"""
PROBE_DESKTOP: Final = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=layersplit_probe
X-Python-2-Compatible=false
Name=Probe of the tests
Comment=Lets the tests look inside
"""


WITH_WHEELS: Final = ("python3", "/repository/install.py", "--wheels", "/wheels")


@contextmanager
def installed_home(
    release: str,
    run: str,
    root: Path,
    wheels: Path,
    *,
    install: Sequence[str] = WITH_WHEELS,
    mounts: Mapping[str, Path] | None = None,
) -> Iterator[Path]:
    """The home of this test run; several workers share it, the first one makes it.

    ``run`` is a word that is the same in all workers of one test run. A home is in use as long as
    one of its workers holds its lock; those of earlier runs that nobody uses are removed.
    ``install``: the command that installs; ``mounts``: as Session takes them.
    """
    home = cache_folder() / f"home-{release}-{run}"
    with in_use(home):
        with locked(cache_folder() / "homes.lock"):
            mark = home / "complete"
            if not mark.is_file():
                _remove_unused(besides=home)
                _install(Session(root, home, wheels, name="install", mounts=mounts), install)
                add_probe(home)
                mark.touch()
        yield home


@contextmanager
def in_use(home: Path) -> Iterator[None]:
    """Keep ``home`` from being removed."""
    with home.with_name(home.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _remove_unused(besides: Path) -> None:
    for home in cache_folder().glob("home-*"):
        if not home.is_dir() or home == besides:
            continue
        lock_file = home.with_name(home.name + ".lock")
        with lock_file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # another test run is using it
                continue
            shutil.rmtree(home, ignore_errors=True)
            lock_file.unlink(missing_ok=True)


def _install(session: Session, command: Sequence[str]) -> None:
    """As a user would."""
    try:
        status, output, errors = session.run(*command, seconds=300)
        (session.out / "install.txt").write_text(output + errors, encoding="utf-8")
        assert status == 0, output + errors
    finally:
        session.close()


def add_probe(home: Path) -> None:
    """Krita's probe is one more plug-in; GIMP's runs as a batch and needs none."""
    plugins = home / ".local/share/krita/pykrita"
    if not plugins.is_dir():
        return
    folder = plugins / "layersplit_probe"
    folder.mkdir()
    (folder / "__init__.py").write_text(PROBE_PLUGIN, encoding="utf-8")
    (plugins / "layersplit_probe.desktop").write_text(PROBE_DESKTOP, encoding="utf-8")
    settings = home / ".config/kritarc"
    text = settings.read_text(encoding="utf-8")
    enabled = text.replace("[python]\n", "[python]\nenable_layersplit_probe=true\n")
    settings.write_text(enabled, encoding="utf-8")
