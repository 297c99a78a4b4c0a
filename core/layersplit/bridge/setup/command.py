"""The arguments of install.py and its exit status."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional

from layersplit.bridge.failures import BridgeError
from layersplit.bridge.hostlog import note
from layersplit.bridge.paths import data_folder, install_record, log_file
from layersplit.bridge.setup.adapters import moved_home
from layersplit.bridge.setup.flow import PARTS, Options, Setup
from layersplit.bridge.setup.hosts import Machine
from layersplit.bridge.setup.parcels import pack
from layersplit.bridge.setup.places import gimp_places, krita_places
from layersplit.bridge.setup.reporting import Terminal
from layersplit.bridge.setup.running import Stopped
from layersplit.bridge.setup.source import Source
from layersplit.bridge.setup.uninstall import uninstall

NOT_SET_UP = 5
STOPPED = 130


def build_parser() -> argparse.ArgumentParser:
    """Every option of install.py."""
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Install Layersplit for this user: a private environment, and the plug-ins in "
        "every Krita and GIMP 3 profile. It can be repeated; what is damaged is repaired.",
    )
    add = parser.add_argument
    add("--krita-dir", type=Path, action="append", default=[], metavar="FOLDER",
        help="one more resource folder of Krita (with pykrita); may be given again")  # fmt: skip
    add("--gimp-dir", type=Path, action="append", default=[], metavar="FOLDER",
        help="one more user folder of GIMP 3 (with plug-ins); may be given again")  # fmt: skip
    add("--only", choices=PARTS, help="only this part (core: the command line)")
    add("--local", action="store_true", help="also what a GPU of your own needs (gigabytes)")
    add("--link", action="store_true", help="for development: links to this folder, no copies")
    add("--wheels", type=Path, metavar="FOLDER", help="install packages from here, offline")
    add("--packages-from", type=Path, metavar="FOLDER",
        help="use the packages in this site-packages folder, install none")  # fmt: skip
    add("--zip", type=Path, metavar="FOLDER", dest="parcels",
        help="install nothing: write the plug-ins as zip files into FOLDER")  # fmt: skip
    add("--uninstall", action="store_true", help="remove everything again, history included")
    return parser


def main(arguments: List[str], root: Path) -> int:
    """Install from the checkout in ``root``, or uninstall; returns the exit status."""
    _survive_narrow_encodings()
    parsed = build_parser().parse_args(arguments)
    terminal = Terminal(sys.stdout)
    try:
        _go_where_it_was(Machine.here())
        if parsed.uninstall:
            return 0 if uninstall(terminal, Machine.here(), parsed.only) else NOT_SET_UP
        source = Source(root)
        if parsed.parcels is not None:
            for parcel in pack(source, _whole(parsed.parcels)):
                sys.stdout.write("%s\n" % parcel)
            return 0
        sys.stdout.write("Layersplit %s\n" % source.version)
        _warn_of_root(terminal)
        Setup(source, _options(parsed, root), terminal, python=sys.executable).run()
    except (KeyboardInterrupt, Stopped):
        terminal.clear()
        sys.stderr.write("Stopped. Run install.py again to finish.\n")
        return STOPPED
    except BridgeError as error:
        terminal.clear()
        return _explain(error)
    except OSError as error:
        terminal.clear()
        folder = error.filename or root
        detail = error.strerror or str(error)
        return _explain(BridgeError("install-folder", folder=folder, detail=detail))
    return 0


def _options(parsed: argparse.Namespace, root: Path) -> Options:
    wheels = parsed.wheels
    if wheels is None and (root / "wheels").is_dir():
        wheels = root / "wheels"
    return Options(
        krita_dirs=tuple(_whole(folder) for folder in parsed.krita_dir),
        gimp_dirs=tuple(_whole(folder) for folder in parsed.gimp_dir),
        only=parsed.only,
        linked=parsed.link,
        extras=("local",) if parsed.local else (),
        wheels=None if wheels is None else _whole(wheels),
        packages_from=None if parsed.packages_from is None else _whole(parsed.packages_from),
    )


def _go_where_it_was(machine: Machine) -> None:
    """Take the data folder of the earlier set-up when nobody names one now."""
    if os.environ.get("LAYERSPLIT_HOME") or install_record().exists():
        return
    known = (machine.platform, machine.env, machine.home)
    home = moved_home(krita_places(*known), gimp_places(*known))
    if home is not None:
        os.environ["LAYERSPLIT_HOME"] = str(home)


def _whole(path: Path) -> Path:
    return path.expanduser().absolute()


def _explain(error: BridgeError) -> int:
    sys.stderr.write("".join(sentence + "\n" for sentence in error.sentences))
    if data_folder().is_dir():  # else nothing was begun, and nothing is left behind
        note(" ".join(error.sentences))
        sys.stderr.write("The log is at %s\n" % log_file())
    return NOT_SET_UP


def _warn_of_root(terminal: Terminal) -> None:
    owner: Optional[str] = os.environ.get("SUDO_USER")
    if owner and hasattr(os, "geteuid") and os.geteuid() == 0:
        terminal.done("Note", "this installs for root; without sudo it installs for %s" % owner)


def _survive_narrow_encodings() -> None:
    """A path may have a letter that the terminal has not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
