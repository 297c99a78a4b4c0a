"""Which Kritas and GIMPs this machine has: their profiles, their programs, and whether one runs.

A program without a profile has never been started. Krita takes a profile that is prepared for it.
GIMP does not: it would take the folder for a finished profile and skip its own first-start work
(bringing over the settings of an older GIMP), so GIMP is asked to make its profile itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Mapping, Optional

from layersplit.bridge.setup.places import KritaPlace
from layersplit.bridge.setup.running import Programs, Runner

FIRST_START_S = 120.0
GIMP_CONSOLES = ("gimp-console-3.2", "gimp-console-3.0", "gimp-console-3", "gimp-console")
_RUNNING_GIMP = re.compile(r"^gimp(-\d[\d.]*|-console.*)?(\.exe)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Machine:
    """The system as the rules see it, so that tests can describe another one."""

    platform: str
    env: Mapping[str, str]
    home: Path

    @classmethod
    def here(cls) -> "Machine":
        """This machine and this user."""
        return cls(sys.platform, os.environ, Path.home())


def krita_program(machine: Machine) -> Optional[str]:
    """Where Krita is, when it is installed in a way that can be seen."""
    paths = {
        "win32": [_program_files(machine) / "Krita (x64)" / "bin" / "krita.exe"],
        "darwin": [Path("/Applications/krita.app"), machine.home / "Applications" / "krita.app"],
    }.get(machine.platform)
    if paths is None:
        return shutil.which("krita", path=machine.env.get("PATH", ""))
    return next((str(path) for path in paths if path.exists()), None)


def wanted_krita(places: Iterable[KritaPlace], machine: Machine) -> List[KritaPlace]:
    """The profiles that exist, and those that a Krita which was never started will have."""
    return [place for place in places if place.exists or _is_installed(place, machine)]


def _is_installed(place: KritaPlace, machine: Machine) -> bool:
    """Whether the program that belongs to ``place`` can be seen."""
    if place.package == "Flatpak":
        shared = Path("/var/lib/flatpak/app"), machine.home / ".local/share/flatpak/app"
        return any((folder / "org.kde.krita").exists() for folder in shared)
    if place.package == "Snap":
        return Path("/snap/krita").exists()
    return place.package != "Microsoft Store" and krita_program(machine) is not None


def gimp_console(machine: Machine) -> Optional[str]:
    """A GIMP 3 without a window, or None; GIMP 2 has the same names, so it is asked."""
    for name in GIMP_CONSOLES:
        found = shutil.which(name, path=machine.env.get("PATH", ""))
        if found and _is_gimp_3(found):
            return found
    return None


def _is_gimp_3(program: str) -> bool:
    try:
        return bool(
            re.search(r"\b3\.\d+", Programs(deadline_s=20.0)([program, "--version"]).output)
        )
    except OSError:
        return False


def make_gimp_profile(console: str) -> bool:
    """Let GIMP make its profile, as at its first start; returns whether it ended well."""
    run: Runner = Programs(deadline_s=FIRST_START_S)
    try:
        return run([console, "-i", "-d", "-f", "--quit"]).status == 0
    except OSError:
        return False


def gimp_is_running(machine: Machine) -> bool:
    """Whether a GIMP of this user runs: at its end it would overwrite shortcutsrc."""
    return any(_RUNNING_GIMP.match(name) for name in _process_names(machine))


def _process_names(machine: Machine) -> List[str]:
    if machine.platform == "win32":
        return [
            line.split('","')[0].strip('"') for line in _said(["tasklist", "/fo", "csv", "/nh"])
        ]
    if Path("/proc/self/comm").exists():
        return list(_names_in_proc(machine.home))
    user = str(os.getuid()) if hasattr(os, "getuid") else ""
    return [line.rsplit("/", 1)[-1].strip() for line in _said(["ps", "-U", user, "-o", "comm="])]


def _names_in_proc(home: Path) -> Iterable[str]:
    """The names of this user's programs, without those that live in another home.

    A container, or a second account of the same user, writes its own profile, not this one.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == os.getuid() and _lives_in(entry, home):
                    yield (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
            except OSError:  # it has ended meanwhile
                continue


def _lives_in(process: Path, home: Path) -> bool:
    """Whether ``process`` may write the profiles in ``home``; what cannot be seen may.

    A Snap has a HOME of its own and names the real one beside it.
    """
    try:
        lines = (process / "environ").read_bytes().split(b"\0")
    except PermissionError:
        return True
    values = dict(line.split(b"=", 1) for line in lines if b"=" in line)
    homes = [values[name] for name in (b"SNAP_REAL_HOME", b"HOME") if name in values]
    here = os.path.realpath(os.fsencode(home))
    return not homes or here in {os.path.realpath(value) for value in homes}


def _said(command: List[str]) -> List[str]:
    try:
        return Programs(deadline_s=10.0)(command).output.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []


def _program_files(machine: Machine) -> Path:
    return Path(machine.env.get("ProgramFiles", "C:\\Program Files"))
