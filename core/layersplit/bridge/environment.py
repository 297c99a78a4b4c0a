"""The environment of the worker: the user's, without what the host put there for itself.

Krita exports PYTHONPATH to every child, an AppImage preloads its own libraries, and with
PYTHONEXECUTABLE or PYTHONHOME a virtual environment's Python believes to be another one, even
under ``-I``. So everything that steers an interpreter, a dynamic linker or a toolkit goes.
"""

from __future__ import annotations

import os
from typing import Dict, Mapping, Optional

REMOVED_PREFIXES = (
    "PYTHON", "__PYVENV", "VIRTUAL_ENV",  # another interpreter's affairs
    "LD_", "DYLD_",  # the host's libraries
    "GI_", "GIO_", "GDK_", "GTK_", "GEGL_", "BABL_", "GIMP", "QT_", "QML",  # the host's toolkit
    "APPDIR", "APPIMAGE", "ARGV0", "OWD",  # the AppImage that the host runs in
)  # fmt: skip

SEARCH_PATHS = ("PATH", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS")


def worker_environment(host: Mapping[str, str], *, home: Optional[str] = None) -> Dict[str, str]:
    """What the worker gets. ``home``: the data folder as the host sees it, for LAYERSPLIT_HOME.

    Keys, proxies, the session bus and the GPU's variables stay: the worker needs them.
    """
    kept = {
        name: value for name, value in host.items() if not name.upper().startswith(REMOVED_PREFIXES)
    }
    image = host.get("APPDIR")
    if image:
        for name in SEARCH_PATHS:
            if name in kept:
                kept[name] = _outside(image, kept[name])
    # The interpreter itself runs with -I and reads none of these; its children do.
    kept.update(PYTHONUTF8="1", PYTHONUNBUFFERED="1", PYTHONNOUSERSITE="1")
    if home:
        kept["LAYERSPLIT_HOME"] = home
    return kept


def _outside(folder: str, search_path: str) -> str:
    """``search_path`` without the entries in ``folder``."""
    folder = folder.rstrip(os.sep)
    entries = search_path.split(os.pathsep)
    kept = [entry for entry in entries if entry != folder and not entry.startswith(folder + os.sep)]
    return os.pathsep.join(kept)
