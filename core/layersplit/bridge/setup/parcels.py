"""The plug-ins as single files: a zip for Krita's "Import Python Plugin from File", one for GIMP.

Each carries what install.py would copy into a profile, and beside its bridge the sources of the
core, so that the plug-in can make the private environment by itself (see bridge/errands.py):

    layersplit_krita.desktop, layersplit_krita.action     Krita's importer puts both into place
    layersplit_krita/ ... /_vendor/layersplit             the bridge
    layersplit_krita/ ... /_vendor/layersplit-source      the core: pyproject.toml, core/layersplit

A zip depends on nothing but the sources: the same sources give the same bytes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup.source import (
    CORE_FILES,
    GIMP_FOLDER,
    GIMP_PACKAGE,
    KRITA_FILES,
    KRITA_PACKAGE,
    PARCEL,
    SKIPPED,
    VENDORED,
    Source,
)

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: when the files were written is nobody's business."""
FILE, PROGRAM = 0o100644, 0o100755


def pack(source: Source, folder: Path) -> List[Path]:
    """Write a zip for each plug-in that ``source`` has into ``folder``; returns their paths.

    Raises InstallError when there is nothing to pack, and OSError.
    """
    if not source.is_checkout or source.krita is None or source.gimp is None:
        raise InstallError("install-no-source", folder=source.path)
    folder.mkdir(parents=True, exist_ok=True)
    packed = []
    for host, content in (("krita", _for_krita(source)), ("gimp", _for_gimp(source))):
        path = folder / ("layersplit-%s-%s.zip" % (host, source.version))
        _write(path, content)
        packed.append(path)
    return packed


def _for_krita(source: Source) -> Dict[str, Path]:
    assert source.krita is not None  # noqa: S101 - pack has looked
    content = {name: source.krita / name for name in KRITA_FILES}
    content.update(_below(source.krita / KRITA_PACKAGE, KRITA_PACKAGE))
    content.update(_vendored(source, "%s/%s" % (KRITA_PACKAGE, VENDORED)))
    return content


def _for_gimp(source: Source) -> Dict[str, Path]:
    assert source.gimp is not None  # noqa: S101 - pack has looked
    content = dict(_below(source.gimp, GIMP_FOLDER))
    content.update(_vendored(source, "%s/%s/%s" % (GIMP_FOLDER, GIMP_PACKAGE, VENDORED)))
    return content


def _vendored(source: Source, place: str) -> Dict[str, Path]:
    """The bridge, and the sources of everything."""
    bridge = place + "/layersplit"
    content = {bridge + "/__init__.py": source.package / "__init__.py"}
    content.update(_below(source.package / "bridge", bridge + "/bridge"))
    parcel = "%s/%s" % (place, PARCEL)
    content.update((parcel + "/" + name, source.path / name) for name in CORE_FILES)
    content.update(_below(source.package, parcel + "/core/layersplit"))
    return content


def _below(folder: Path, place: str) -> Iterator[Tuple[str, Path]]:
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and not set(SKIPPED) & set(inside.parts):
            yield "%s/%s" % (place, inside.as_posix()), path


def _write(path: Path, content: Dict[str, Path]) -> None:
    partial = path.with_name(path.name + ".partial")
    with zipfile.ZipFile(str(partial), "w", zipfile.ZIP_DEFLATED) as parcel:
        for folder in sorted({above for name in content for above in _folders(name)}):
            parcel.writestr(
                zipfile.ZipInfo(folder, LONG_AGO), b""
            )  # Krita looks for entries of them
        for name in sorted(content):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            # GIMP silently passes by what is not executable.
            program = name == "%s/%s.py" % (GIMP_FOLDER, GIMP_FOLDER)
            info.external_attr = (PROGRAM if program else FILE) << 16
            parcel.writestr(info, content[name].read_bytes())
    partial.replace(path)


def _folders(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count]) + "/"
