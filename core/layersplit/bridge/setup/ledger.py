"""The record of everything that set-up wrote outside the private environment, so it can be undone.

Three kinds of entries, each written to disk *before* what it stands for is done:

    folder   a folder that did not exist; removed again when it is empty
    tree     a file, folder or link that is ours; what stood there before is in the backup
    edit     a foreign file that was changed; its original is in the backup

A run can be interrupted anywhere. The rule that makes this safe: a backup is complete before its
original is touched, so an entry whose backup is missing stands for something that never happened.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from layersplit.bridge.installation import native_path

FORMAT = 1
NEW, OLD = ".layersplit-new", ".layersplit-old"
"""Endings of what is about to come, or about to go, beside a tree."""


@dataclass
class Entry:
    """One thing that was written. ``backup``: a name in the backup folder; None: nothing was there.

    For an edit, ``after`` is the digest of what we wrote, ``before`` what the undoing needs to know
    when someone else has changed the file since, and ``shared`` says that someone has. ``owner``
    is the part of Layersplit that it belongs to: krita, gimp, core.
    """

    kind: str
    path: str
    backup: Optional[str] = None
    after: str = ""
    undo: str = ""
    before: Optional[str] = None
    shared: bool = False
    owner: str = ""


Undo = Callable[[str, Optional[str]], str]
"""(text, before) -> the text without our change."""


class Ledger:
    """Writes things and remembers them. ``file`` and ``backups`` lie in the data folder.

    ``undoers``: by the name in an entry, how to take an edit out of a file that changed since.
    """

    def __init__(self, file: Path, backups: Path, undoers: Dict[str, Undo]) -> None:
        self._file = file
        self._backups = backups
        self._undoers = undoers
        self.entries: List[Entry] = _read(file)
        self.owner = "core"
        """Whom the next entries belong to."""

    def make_folder(self, folder: Path) -> None:
        """Make ``folder`` and those above it that are missing."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        self.note_folder(folder)
        folder.mkdir(exist_ok=True)

    def note_folder(self, folder: Path) -> None:
        """Remember a folder that was just made: the data folder, which holds this record."""
        if self._entry("folder", folder) is None:
            self._add(Entry("folder", str(folder)))

    def folders(self) -> List[Path]:
        """The folders that set-up made, the outermost first."""
        return [Path(native_path(entry.path)) for entry in self.entries if entry.kind == "folder"]

    def place(self, target: Path, make: Callable[[Path], None]) -> bool:
        """Let ``make`` write a file or folder that becomes ``target``; returns whether it is new.

        What was there and is not ours goes to the backups. A target that is already the same stays
        untouched, so that hosts which cache by modification time need not look at it again.
        """
        self.make_folder(target.parent)
        fresh = target.with_name(target.name + NEW)
        old = target.with_name(target.name + OLD)
        entry = self._entry("tree", target)
        known = entry is not None
        if entry is None:
            entry = Entry("tree", str(target))
            if _is_there(target):
                entry.backup = self._backup_name(target)
            self._add(entry)
        remove(fresh)
        remove(old)
        make(fresh)
        if entry.backup is not None and _is_there(target) and not self._keep(target, entry.backup):
            known = False  # an interrupted run had only noted it: this is still the stranger
        if known and _same(fresh, target):
            remove(fresh)
            return False
        if _is_there(target):
            target.replace(old)
        fresh.replace(target)
        remove(old)
        return True

    def edit(self, path: Path, change: Callable[[str], str], undo: str, before: object) -> bool:
        """Change a foreign text file; returns whether it had to be changed.

        ``undo``: name of the undoer, which gets ``before``, a string or None.
        """
        text = read_text(path)
        changed = change(text)
        if changed == text:
            return False
        self.make_folder(path.parent)
        entry = self._entry("edit", path)
        if entry is None:
            entry = Entry("edit", str(path), undo=undo)
            entry.before = None if before is None else str(before)
            if path.exists():
                entry.backup = self._backup_name(path)
            self._add(entry)
        elif entry.after and path.exists():
            entry.shared |= _digest(path) not in (entry.after, self._digest_before(entry))
        if entry.backup is not None and not entry.after:
            self._keep(Path(os.path.realpath(str(path))), entry.backup)
        entry.after = hashlib.sha256(_encoded(changed)).hexdigest()
        self._save()
        write_text(path, changed)
        return True

    def undo(self, owner: Optional[str] = None) -> List[str]:
        """Take back what belongs to ``owner`` (None: everything), the newest first.

        Returns sentences about what could not be taken back; that stays in the record.
        """
        problems = []
        for entry in reversed(list(self.entries)):
            if owner is not None and entry.owner != owner:
                continue
            try:
                self._undo(entry)
            except OSError as error:
                problems.append("%s: %s" % (entry.path, error.strerror or error))
            else:
                self.entries.remove(entry)
        self._save()
        return problems

    def _undo(self, entry: Entry) -> None:
        path = Path(native_path(entry.path))
        if entry.kind == "folder":
            with contextlib.suppress(OSError):  # somebody else's things are in there by now
                path.rmdir()
        elif entry.kind == "tree":
            self._undo_tree(path, entry)
        else:
            self._undo_edit(path, entry)

    def _undo_tree(self, path: Path, entry: Entry) -> None:
        remove(path.with_name(path.name + NEW))
        remove(path.with_name(path.name + OLD))
        backup = self._backup(entry)
        if entry.backup is not None and backup is None:
            return
        remove(path)
        if backup is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _copy(backup, path)

    def _undo_edit(self, path: Path, entry: Entry) -> None:
        remove(path.with_name(path.name + NEW))
        backup = self._backup(entry)
        if (entry.backup is not None and backup is None) or not path.exists():
            return
        if _digest(path) == entry.after and not entry.shared:
            if backup is None:
                path.unlink()
            else:
                _replace_content(path, backup.read_bytes())
            return
        text = self._undoers[entry.undo](read_text(path), entry.before)
        if entry.backup is None and not text.strip():
            path.unlink()
        else:
            write_text(path, text)

    def _keep(self, path: Path, name: str) -> bool:
        """Copy ``path`` to the backups, all of it or nothing; True when it was there already."""
        backup = self._backups / name
        if _is_there(backup):
            return True
        self._backups.mkdir(parents=True, exist_ok=True)
        partial = backup.with_name(name + ".partial")
        remove(partial)
        _copy(path, partial)
        partial.replace(backup)
        return False

    def _backup_name(self, path: Path) -> str:
        return "%04d-%s" % (len(self.entries), path.name)

    def _backup(self, entry: Entry) -> Optional[Path]:
        if entry.backup is None:
            return None
        backup = self._backups / entry.backup
        return backup if _is_there(backup) else None

    def _digest_before(self, entry: Entry) -> str:
        backup = self._backup(entry)
        return "" if backup is None else _digest(backup)

    def _entry(self, kind: str, path: Path) -> Optional[Entry]:
        for entry in self.entries:
            if entry.kind == kind and entry.path == str(path):
                return entry
        return None

    def _add(self, entry: Entry) -> None:
        entry.owner = self.owner
        self.entries.append(entry)
        self._save()

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        body = {"format": FORMAT, "entries": [asdict(entry) for entry in self.entries]}
        partial = self._file.with_name(self._file.name + ".partial")
        partial.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._file)


def read_text(path: Path) -> str:
    """A foreign text file, kept byte for byte whatever its encoding; empty when it is missing."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def write_text(path: Path, text: str) -> None:
    """Write a foreign text file so that a crash leaves the old one or the new one."""
    _replace_content(path, _encoded(text))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _replace_content(path: Path, content: bytes) -> None:
    """Through a new file, with the rights of the old one; a link keeps pointing where it points."""
    real = Path(os.path.realpath(str(path)))
    partial = real.with_name(real.name + NEW)
    partial.write_bytes(content)
    if real.exists():
        shutil.copymode(str(real), str(partial))
    partial.replace(real)


def _read(file: Path) -> List[Entry]:
    try:
        body: Any = json.loads(file.read_text(encoding="utf-8"))
        return [Entry(**entry) for entry in body["entries"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        # It is written atomically, so this is somebody's hand; what it said cannot be known.
        return []


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(str(source), str(target), symlinks=True)
    else:
        shutil.copy2(str(source), str(target), follow_symlinks=False)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with everything in it; nothing there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    elif _is_there(path):
        path.unlink()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _same(one: Path, other: Path) -> bool:
    """Whether two trees hold the same names, bytes and exec bits; a host's bytecode is ignored."""
    if one.is_symlink() or other.is_symlink():
        both = one.is_symlink() and other.is_symlink()
        return both and one.readlink() == other.readlink()
    if one.is_file() and other.is_file():
        rights = [path.stat().st_mode & 0o111 for path in (one, other)]
        return rights[0] == rights[1] and filecmp.cmp(str(one), str(other), shallow=False)
    if not (one.is_dir() and other.is_dir()):
        return False
    names = [{path.name for path in tree.iterdir()} - {"__pycache__"} for tree in (one, other)]
    return names[0] == names[1] and all(_same(one / name, other / name) for name in names[0])
