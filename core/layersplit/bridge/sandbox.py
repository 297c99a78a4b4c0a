"""Whether the host runs in a package that hides the system: what cannot work there is said.

A Flatpak sees the home folder, but another system's programs; a strict Snap does not even see the
folders of the home whose names begin with a dot. (An AppImage hides nothing.)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, Optional

FLATPAK_MARK = Path("/.flatpak-info")


def sandbox(env: Optional[Mapping[str, str]] = None) -> Optional[str]:
    """``Flatpak``, ``Snap``, or None where this process sees the whole system."""
    known = os.environ if env is None else env
    if known.get("FLATPAK_ID") or (env is None and FLATPAK_MARK.exists()):
        return "Flatpak"
    if known.get("SNAP") and known.get("SNAP_NAME"):
        return "Snap"
    return None
