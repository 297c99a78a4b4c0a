"""Where Krita and GIMP 3 keep a user's things, on every system and in every kind of package.

Pure rules: the system, its environment variables and the home folder in, candidates out. Nothing is
created, and only wild cards look at the disk. The rules are those of the hosts' own sources and
packages; those marked P are known from reports only (docs/installation.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, TypeVar

GIMP_VERSIONS = ("3.0", "3.2")
"""Looked for by name; newer 3.x folders are taken as well once they exist."""


@dataclass(frozen=True)
class KritaPlace:
    """One Krita profile. ``resources`` holds pykrita and actions; ``kritarc`` switches plug-ins."""

    package: str
    resources: Path
    kritarc: Path
    sandboxed: bool = False

    @property
    def folder(self) -> Path:
        """What tells it from other places."""
        return self.resources

    @property
    def exists(self) -> bool:
        """Whether a Krita of this kind has been started by this user."""
        return self.kritarc.is_file() or self.resources.is_dir()


@dataclass(frozen=True)
class GimpPlace:
    """One GIMP 3 profile: ``folder`` holds plug-ins and shortcutsrc."""

    package: str
    folder: Path
    sandboxed: bool = False

    @property
    def exists(self) -> bool:
        """Whether a GIMP of this kind has been started by this user."""
        return self.folder.is_dir()

    @property
    def version(self) -> str:
        """Such as 3.0, from the folder's name; empty when it is called otherwise."""
        return self.folder.name if re.match(r"^\d+\.\d+$", self.folder.name) else ""


def krita_places(platform: str, env: Mapping[str, str], home: Path) -> List[KritaPlace]:
    """Every place where a Krita of this user may keep its profile; the native one first.

    ``platform``: as ``sys.platform``. A ``ResourceDirectory`` in kritarc moves the resources.
    """
    if platform == "win32":
        found = _krita_on_windows(env, home)
    elif platform == "darwin":
        library = home / "Library"
        resources = library / "Application Support" / "krita"
        found = [KritaPlace("application", resources, library / "Preferences" / "kritarc")]
    else:
        found = _krita_on_linux(env, home)
    return [_moved(place) for place in found]


def _krita_on_windows(env: Mapping[str, str], home: Path) -> List[KritaPlace]:
    roaming = _folder(env, "APPDATA", home / "AppData" / "Roaming")
    local = _folder(env, "LOCALAPPDATA", home / "AppData" / "Local")
    places = [KritaPlace("installed", roaming / "krita", local / "kritarc")]
    for store in sorted((local / "Packages").glob("49800Krita_*")):  # P
        cache = store / "LocalCache"
        rc = cache / "Local" / "kritarc"
        places.append(KritaPlace("Microsoft Store", cache / "Roaming" / "krita", rc))
    return places


def _krita_on_linux(env: Mapping[str, str], home: Path) -> List[KritaPlace]:
    data = _folder(env, "XDG_DATA_HOME", home / ".local" / "share")
    config = _folder(env, "XDG_CONFIG_HOME", home / ".config")
    flatpak = home / ".var" / "app" / "org.kde.krita"
    snap = home / "snap" / "krita" / "current"
    return [
        KritaPlace("native or AppImage", data / "krita", config / "kritarc"),
        KritaPlace(
            "Flatpak", flatpak / "data" / "krita", flatpak / "config" / "kritarc", sandboxed=True
        ),  # P
        KritaPlace(  # P
            "Snap",
            snap / ".local" / "share" / "krita",
            snap / ".config" / "kritarc",
            sandboxed=True,
        ),
    ]


def krita_place_for(folder: Path, known: List[KritaPlace]) -> KritaPlace:
    """The place for a resource folder that the user named; its kritarc is looked for.

    In this order: that of a known place, a kritarc inside it, the one that belongs to it by the
    layout of the folders around it, and the native one.
    """
    for place in known:
        if place.resources == folder:
            return place
    candidates = [folder / "kritarc"]
    parts = folder.parts
    if parts[-3:] == (".local", "share", "krita"):
        candidates.append(folder.parents[2] / ".config" / "kritarc")
    elif parts[-2:] == ("data", "krita"):
        candidates.append(folder.parents[1] / "config" / "kritarc")
    elif parts[-3:] == ("Library", "Application Support", "krita"):
        candidates.append(folder.parents[1] / "Preferences" / "kritarc")
    elif parts[-3:] == ("AppData", "Roaming", "krita"):
        candidates.append(folder.parents[1] / "Local" / "kritarc")
    by_layout = candidates[1:2]
    existing = [path for path in candidates if path.is_file()]
    rc = (existing or by_layout or [known[0].kritarc])[0]
    return KritaPlace("named", folder, rc)


def gimp_places(platform: str, env: Mapping[str, str], home: Path) -> List[GimpPlace]:
    """Every place where a GIMP 3 of this user may keep its profile; the native ones first."""
    named = env.get("GIMP3_DIRECTORY")
    if named:
        path = Path(named)
        return [GimpPlace("GIMP3_DIRECTORY", path if path.is_absolute() else home / path)]
    if platform == "win32":
        roaming = _folder(env, "APPDATA", home / "AppData" / "Roaming")
        return _versions("installed", roaming / "GIMP")
    if platform == "darwin":
        return _versions("application", home / "Library" / "Application Support" / "GIMP")
    places = _versions("native", _folder(env, "XDG_CONFIG_HOME", home / ".config") / "GIMP")
    flatpak = home / ".var" / "app" / "org.gimp.GIMP"
    if flatpak.is_dir():
        # Manifest and reports contradict each other, so both places are served.
        host = _folder(env, "HOST_XDG_CONFIG_HOME", home / ".config")
        places += _versions("Flatpak", host / "GIMP", sandboxed=True)
        places += _versions("Flatpak", flatpak / "config" / "GIMP", sandboxed=True)
    snap_home = Path(env["SNAP_REAL_HOME"]) if env.get("SNAP_REAL_HOME") else home
    snap = home / "snap" / "gimp"
    if snap.is_dir():
        places += _versions("Snap", snap_home / ".config" / "GIMP", sandboxed=True)
        places += _versions("Snap", snap / "current" / ".config" / "GIMP", sandboxed=True)
    return once(places)


def _versions(package: str, folder: Path, *, sandboxed: bool = False) -> List[GimpPlace]:
    """A place for each version below ``folder``."""
    names = set(GIMP_VERSIONS)
    names.update(path.name for path in folder.glob("3.*") if re.match(r"^3\.\d+$", path.name))
    ordered = sorted(names, key=lambda name: int(name.split(".")[1]))
    return [GimpPlace(package, folder / name, sandboxed) for name in ordered]


Place = TypeVar("Place", KritaPlace, GimpPlace)


def once(places: List[Place]) -> List[Place]:
    """The first place of each folder: a native GIMP and a Flatpak can share one."""
    seen: "Dict[Path, Place]" = {}
    for place in places:
        seen.setdefault(place.folder, place)
    return list(seen.values())


def _folder(env: Mapping[str, str], name: str, default: Path) -> Path:
    """The folder in a variable; the XDG rules ignore one that is not absolute."""
    value = env.get(name)
    return Path(value) if value and Path(value).is_absolute() else default


def _moved(place: KritaPlace) -> KritaPlace:
    """``place`` with the resource folder that its kritarc names, if it names one."""
    named = resource_folder(_text(place.kritarc))
    if named is None:
        return place
    return KritaPlace(place.package, Path(named), place.kritarc, place.sandboxed)


def resource_folder(kritarc: str) -> Optional[str]:
    """The top-level ``ResourceDirectory`` of a kritarc, or None."""
    for line in kritarc.splitlines():
        if line.startswith("["):
            return None
        key, equals, value = line.partition("=")
        if equals and key.strip() == "ResourceDirectory" and value.strip():
            return value.strip()
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
