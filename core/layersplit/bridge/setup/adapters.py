"""The adapters in the hosts' profiles: copied (or linked), switched on, with the shortcut.

Each adapter gets its own copy of ``layersplit/__init__.py`` and ``layersplit/bridge``, because a
host has no other way to that code.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable, Dict, List, Optional

from layersplit.bridge.paths import POINTER, data_folder, usual_folder
from layersplit.bridge.setup import gimp_shortcuts, krita_config
from layersplit.bridge.setup.ledger import Ledger, Undo, read_text, remove, write_text
from layersplit.bridge.setup.places import GimpPlace, KritaPlace
from layersplit.bridge.setup.source import (
    GIMP_FOLDER,
    GIMP_PACKAGE,
    KRITA_PACKAGE,
    SKIPPED,
    VENDORED,
    Source,
)

VENDOR = Path(VENDORED) / "layersplit"
ACTION = "plug-in-layersplit"
KEY = "<Primary><Shift>k"
KEY_TEXT = "Ctrl+Shift+K"


def _switch_back(text: str, before: Optional[str]) -> str:
    return krita_config.restored(text, KRITA_PACKAGE, before)


def _forget_shortcut(text: str, _before: Optional[str]) -> str:
    return gimp_shortcuts.without_shortcut(text, ACTION)


UNDOERS: Dict[str, Undo] = {"kritarc": _switch_back, "shortcutsrc": _forget_shortcut}
"""How to take our lines out of a file that its host has written since."""


class Adapters:
    """Puts the adapters of ``source`` where ``ledger`` remembers them. ``linked``: no copies."""

    def __init__(self, source: Source, ledger: Ledger, *, linked: bool = False) -> None:
        self._source = source
        self._ledger = ledger
        self._linked = linked

    def install_krita(self, place: KritaPlace) -> List[str]:
        """Copy, switch on; returns what was done, in words."""
        origin = self._source.krita
        if origin is None:
            return ["this copy of Layersplit has no Krita plug-in"]
        plugins, actions = place.resources / "pykrita", place.resources / "actions"
        changed = [
            self._put(origin / KRITA_PACKAGE, plugins / KRITA_PACKAGE, vendored=True),
            self._put(
                origin / (KRITA_PACKAGE + ".desktop"), plugins / (KRITA_PACKAGE + ".desktop")
            ),
            self._put(origin / (KRITA_PACKAGE + ".action"), actions / (KRITA_PACKAGE + ".action")),
        ]
        before = krita_config.value_of(read_text(place.kritarc), KRITA_PACKAGE)
        switched = self._ledger.edit(
            place.kritarc, lambda text: krita_config.enabled(text, KRITA_PACKAGE), "kritarc", before
        )
        done = ["plug-in installed" if any(changed) else "plug-in up to date"]
        done.append("switched on in %s" % place.kritarc if switched else "on")
        return [*done, KEY_TEXT]

    def install_gimp(self, place: GimpPlace, *, running: bool) -> List[str]:
        """Copy, set the shortcut unless GIMP is ``running``; returns what was done, in words."""
        origin = self._source.gimp
        if origin is None:
            return ["this copy of Layersplit has no GIMP plug-in"]
        target = place.folder / "plug-ins" / GIMP_FOLDER
        changed = self._put(origin, target, vendored=True, package=GIMP_PACKAGE, program=True)
        done = ["plug-in installed" if changed else "plug-in up to date"]
        shortcuts = place.folder / "shortcutsrc"
        text, outcome, who = gimp_shortcuts.with_shortcut(read_text(shortcuts), ACTION, KEY)
        if outcome == gimp_shortcuts.KEPT:
            done.append(KEY_TEXT if KEY in who else "your own shortcut is kept")
        elif outcome == gimp_shortcuts.TAKEN:
            done.append(
                "%s belongs to '%s': choose a key in Edit > Keyboard Shortcuts" % (KEY_TEXT, who)
            )
        elif running:
            done.append(
                "GIMP is running and would forget the shortcut: close it and run install.py again"
            )
        else:
            self._ledger.edit(shortcuts, lambda _text: text, "shortcutsrc", None)
            done.append(KEY_TEXT)
        return done

    def _put(
        self,
        origin: Path,
        target: Path,
        *,
        vendored: bool = False,
        package: str = "",
        program: bool = False,
    ) -> bool:
        """``origin`` as ``target``; ``package``: where below it the bridge belongs."""
        if self._linked:
            if vendored:
                self._link_bridge(origin / package)
            return self._ledger.place(target, lambda path: path.symlink_to(origin))

        def make(path: Path) -> None:
            if origin.is_file():
                shutil.copyfile(str(origin), str(path))
                return
            shutil.copytree(str(origin), str(path), ignore=shutil.ignore_patterns(*SKIPPED))
            if vendored:
                vendor = path / package / VENDOR
                copy_bridge(self._source.package, vendor)
                if _is_moved():
                    _point(vendor / POINTER.name)
            if program and os.name != "nt":  # GIMP silently passes by what is not executable
                (path / (GIMP_FOLDER + ".py")).chmod(0o755)

        return self._ledger.place(target, make)

    def _link_bridge(self, adapter: Path) -> None:
        """For development: the adapter in the checkout sees the checkout's own bridge."""
        vendor = adapter / VENDOR
        for name in ("__init__.py", "bridge"):
            self._link(vendor / name, self._source.package / name)
        if _is_moved():
            self._ledger.place(vendor / POINTER.name, _point)

    def _link(self, target: Path, origin: Path) -> None:
        self._ledger.place(target, lambda path: path.symlink_to(origin))


def _is_moved() -> bool:
    """Whether the data folder is not where a host would look for it."""
    return data_folder() != usual_folder()


def _point(pointer: Path) -> None:
    pointer.write_bytes(os.fsencode(str(data_folder())))


def copy_bridge(package: Path, target: Path) -> None:
    """What a host gets of the core: ``__init__.py`` and ``bridge``."""
    target.mkdir(parents=True)
    shutil.copyfile(str(package / "__init__.py"), str(target / "__init__.py"))
    shutil.copytree(
        str(package / "bridge"), str(target / "bridge"), ignore=shutil.ignore_patterns(*SKIPPED)
    )


def remove_strays(kritas: List[KritaPlace], gimps: List[GimpPlace]) -> None:
    """Remove our things that no ledger knows: GIMP 3.2 copies 3.0's plug-ins when it first starts.

    Only what carries our bridge is ours.
    """
    for krita in kritas:
        adapter = krita.resources / "pykrita" / KRITA_PACKAGE
        if is_ours(adapter):
            remove(adapter)
            remove(adapter.with_name(KRITA_PACKAGE + ".desktop"))
            remove(krita.resources / "actions" / (KRITA_PACKAGE + ".action"))
            _rewrite(krita.kritarc, lambda text: _switch_back(text, None))
    for gimp in gimps:
        plugin = gimp.folder / "plug-ins" / GIMP_FOLDER
        if is_ours(plugin / GIMP_PACKAGE):
            remove(plugin)
            _rewrite(gimp.folder / "shortcutsrc", lambda text: _forget_shortcut(text, None))
        for remembered in (gimp.folder / "plug-in-settings").glob("*%s.*" % ACTION):
            remove(remembered)  # the last settings of the dialog, the description included


def moved_home(kritas: List[KritaPlace], gimps: List[GimpPlace]) -> Optional[Path]:
    """The data folder that an adapter points at, where an earlier set-up was told another one."""
    adapters = [krita.resources / "pykrita" / KRITA_PACKAGE for krita in kritas]
    adapters += [gimp.folder / "plug-ins" / GIMP_FOLDER / GIMP_PACKAGE for gimp in gimps]
    for adapter in adapters:
        pointer = adapter / VENDOR / POINTER.name
        if pointer.is_file():
            return Path(os.fsdecode(pointer.read_bytes()))
    return None


def is_ours(adapter: Path) -> bool:
    """Whether this is an adapter that set-up put there."""
    return (adapter / VENDOR / "bridge" / "messages.py").is_file()


def _rewrite(file: Path, change: Callable[[str], str]) -> None:
    text = read_text(file)
    changed = change(text)
    if changed != text:
        write_text(file, changed)
