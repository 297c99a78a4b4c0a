"""Set-up from beginning to end: look, make the environment, place the adapters, prove it.

Everything can be repeated. What is already right is left alone, so a second run takes about a
second; what is missing, damaged or half done is made anew. ``install.json`` is written when the
rest is in place, and taken away before anything that it vouches for is touched.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional, Tuple, Union

from layersplit.bridge import paths
from layersplit.bridge.failures import InstallError
from layersplit.bridge.installation import Installation
from layersplit.bridge.sandbox import sandbox
from layersplit.bridge.setup.adapters import KEY_TEXT, Adapters
from layersplit.bridge.setup.home import Lock, check_space, prepare_home
from layersplit.bridge.setup.hosts import (
    Machine,
    gimp_console,
    gimp_is_running,
    make_gimp_profile,
    wanted_krita,
)
from layersplit.bridge.setup.interpreter import Interpreter, find_interpreter
from layersplit.bridge.setup.ledger import Ledger
from layersplit.bridge.setup.places import (
    GimpPlace,
    KritaPlace,
    gimp_places,
    krita_place_for,
    krita_places,
    once,
)
from layersplit.bridge.setup.private_environment import PrivateEnvironment, Wanted
from layersplit.bridge.setup.proof import Proof
from layersplit.bridge.setup.reporting import Reporter
from layersplit.bridge.setup.running import Programs
from layersplit.bridge.setup.source import Source
from layersplit.bridge.texts import N_

PARTS = ("core", "krita", "gimp")
ENVIRONMENT = N_("Environment")


@dataclass(frozen=True)
class Options:
    """What the person asked for. ``only``: one of PARTS, or None for all of them."""

    krita_dirs: Tuple[Path, ...] = ()
    gimp_dirs: Tuple[Path, ...] = ()
    only: Optional[str] = None
    linked: bool = False
    extras: Tuple[str, ...] = ()
    wheels: Optional[Path] = None
    packages_from: Optional[Path] = None


@dataclass
class Setup:
    """One run. ``python``: the interpreter to prefer; None inside a host. ``stop`` ends it."""

    source: Source
    options: Options
    reporter: Reporter
    python: Optional[str] = None
    machine: Machine = field(default_factory=Machine.here)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Install or repair; raises InstallError, Stopped or OSError."""
        self._check_source()
        kritas, gimps = self._hosts()
        places: List[Union[KritaPlace, GimpPlace]] = [*kritas, *gimps]
        sandboxed = sandbox() is not None or any(place.sandboxed for place in places)
        interpreter = find_interpreter(
            self.machine.env, self.machine.home, prefer=self.python, self_contained=sandboxed
        )
        self.reporter.done("Python", "%s, %s" % (interpreter.text, interpreter.path))
        ledger = prepare_home()
        with Lock():
            environment = PrivateEnvironment(paths.venv_folder(), Programs(stop=self.stop))
            wanted = self._wanted(environment, interpreter)
            fresh = self._make_environment(environment, wanted)
            adapters = Adapters(self.source, ledger, linked=self.options.linked)
            self._install_adapters(adapters, ledger, kritas, gimps)
            self._link_command(environment, ledger)
            self._write_record(environment, wanted)
            self._prove(environment, wanted, fresh=fresh)
            self._say_goodbye(environment, interpreter, places)

    def _check_source(self) -> None:
        source = self.source
        whole = (source.package / "__init__.py").is_file() if source.is_checkout else True
        if not source.path.exists() or not whole:
            raise InstallError("install-no-source", folder=source.path)

    def _wants(self, part: str) -> bool:
        return self.options.only in (None, part)

    # hosts

    def _hosts(self) -> Tuple[List[KritaPlace], List[GimpPlace]]:
        machine, options = self.machine, self.options
        kritas: List[KritaPlace] = []
        gimps: List[GimpPlace] = []
        if self._wants("krita"):
            known = krita_places(machine.platform, machine.env, machine.home)
            kritas = wanted_krita(known, machine)
            kritas += [krita_place_for(folder, known) for folder in options.krita_dirs]
        if self._wants("gimp"):
            gimps = [place for place in self._known_gimps() if place.exists]
            gimps += [GimpPlace("named", folder) for folder in options.gimp_dirs]
        return once(kritas), once(gimps)

    def _known_gimps(self) -> List[GimpPlace]:
        machine = self.machine
        places = gimp_places(machine.platform, machine.env, machine.home)
        if any(place.exists for place in places):
            return places
        console = gimp_console(machine)
        if console is not None:
            self.reporter.now("GIMP", "letting GIMP make its profile, as at its first start")
            if not make_gimp_profile(console):
                self.reporter.done(
                    "GIMP", "never started yet: start it once, then run install.py again"
                )
        return places

    # the environment

    def _wanted(self, environment: PrivateEnvironment, interpreter: Interpreter) -> Wanted:
        extras = {*self.options.extras, *environment.extras()}  # what was added once stays
        return Wanted(
            source=self.source,
            interpreter=interpreter,
            extras=tuple(sorted(extras)),
            linked=self.options.linked,
            wheels=self.options.wheels,
            packages_from=self.options.packages_from,
        )

    def _make_environment(self, environment: PrivateEnvironment, wanted: Wanted) -> bool:
        """Make it where that is needed; returns whether it was."""
        title = ENVIRONMENT
        self.reporter.now(title, "checking")
        if environment.fits(wanted):
            self.reporter.done(title, "is ready, %s" % environment.folder)
            return False
        check_space()
        repairing = environment.folder.exists()
        record = paths.install_record()
        before = record.read_bytes() if record.is_file() else b""
        record.unlink(missing_ok=True)
        if repairing:
            self.reporter.now(title, "another version, or damaged: bringing it in order")
        try:
            environment.make(
                wanted,
                self.machine.env,
                self.machine.home,
                lambda text: self.reporter.now(title, text),
                lambda text: self.reporter.done("GPU part", text),
            )
        except InstallError:
            if before and environment.is_stamped:  # nothing was touched: the old one still works
                record.write_bytes(before)
            raise
        verb = "brought in order" if repairing else "made"
        self.reporter.done(title, "%s, %s" % (verb, environment.folder))
        return True

    # the adapters

    def _install_adapters(
        self,
        adapters: Adapters,
        ledger: Ledger,
        kritas: List[KritaPlace],
        gimps: List[GimpPlace],
    ) -> None:
        ledger.owner = "krita"
        for krita in kritas:
            done = adapters.install_krita(krita)
            self.reporter.done("Krita", _line(krita.package, krita.resources, done))
        ledger.owner = "gimp"
        running = bool(gimps) and gimp_is_running(self.machine)
        for gimp in gimps:
            done = adapters.install_gimp(gimp, running=running)
            self.reporter.done("GIMP %s" % gimp.version, _line(gimp.package, gimp.folder, done))
        ledger.owner = "core"
        for part, places in (("krita", kritas), ("gimp", gimps)):
            if self._wants(part) and not places:
                name = {"krita": "Krita", "gimp": "GIMP 3"}[part]
                self.reporter.done(
                    name,
                    "not found. Install and start it, then run install.py again; or name its "
                    "folder with --%s-dir" % part,
                )

    def _link_command(self, environment: PrivateEnvironment, ledger: Ledger) -> None:
        """Make ``layersplit`` a command, where a folder for that exists and the name is free."""
        folder = self.machine.home / ".local" / "bin"
        on_path = str(folder) in self.machine.env.get("PATH", "").split(os.pathsep)
        target, program = folder / "layersplit", environment.python.with_name("layersplit")
        if os.name == "nt" or not (on_path and folder.is_dir() and program.exists()):
            return
        if target.is_symlink() and target.readlink() == program:
            return
        if not target.exists() and not target.is_symlink():
            ledger.place(target, lambda path: path.symlink_to(program))

    # the end

    def _write_record(self, environment: PrivateEnvironment, wanted: Wanted) -> None:
        installation = Installation(
            python=str(environment.python),
            version=self.source.version,
            base=wanted.interpreter.path,
            base_version=wanted.interpreter.text,
            source=str(self.source.path),
            digest=self.source.digest(),
            extras=list(wanted.extras),
            linked=wanted.linked,
        )
        record = paths.install_record()
        partial = record.with_name(record.name + ".partial")
        partial.write_text(installation.as_json(), encoding="utf-8")
        partial.replace(record)

    def _prove(self, environment: PrivateEnvironment, wanted: Wanted, *, fresh: bool) -> None:
        """Doctor and sample; an environment that was taken for whole and is not is made anew."""
        proof = Proof(environment, self.reporter, self.stop)
        proof.consult()
        if proof.sample.exists() and not fresh:
            self.reporter.done("Sample", str(proof.sample))
            return
        try:
            proof.split_sample()
        except InstallError:
            paths.install_record().unlink(missing_ok=True)
            environment.discard()
            if fresh:
                raise
            self._make_environment(environment, wanted)
            proof.split_sample()
            self._write_record(environment, wanted)

    def _say_goodbye(
        self,
        environment: PrivateEnvironment,
        interpreter: Interpreter,
        places: List[Union[KritaPlace, GimpPlace]],
    ) -> None:
        hidden = [place for place in places if place.sandboxed]
        if hidden and not interpreter.path.startswith(str(self.machine.home)):
            self.reporter.done(
                "Note",
                "a program from Flatpak or Snap cannot see %s. Install a Python below your home "
                "folder (for example: uv python install 3.12) and run install.py again."
                % interpreter.path,
            )
        self.reporter.done("Command", str(environment.python.with_name("layersplit")))
        if places:
            hosts = "Start Krita or GIMP (again, if it is running), open a picture"
            self.reporter.done("", "%s, press %s." % (hosts, KEY_TEXT))


def _line(package: str, folder: Path, done: List[str]) -> str:
    kind = "%s, " % package if package in ("Flatpak", "Snap", "Microsoft Store") else ""
    return "%s%s: %s" % (kind, folder, ", ".join(done))
