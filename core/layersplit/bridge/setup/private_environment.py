"""The private environment: made, checked, and made anew when it is not what it should be.

A stamp inside it, written last, says what it was made from; an environment whose making was
interrupted has none. The stamp alone is not believed: the environment's own Python is asked whether
everything that Layersplit needs is there, down to the length of each file.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Tuple

from layersplit.bridge.failures import InstallError
from layersplit.bridge.setup.home import check_space
from layersplit.bridge.setup.interpreter import Interpreter
from layersplit.bridge.setup.packages import (
    Installer,
    bin_folder,
    cache_options,
    install_packages,
    installers,
)
from layersplit.bridge.setup.running import Runner
from layersplit.bridge.setup.source import Source

STAMP = "layersplit-environment.json"
SHARED = "layersplit-shared.pth"
DOWNLOADS = "downloads"
_PROBE = """
import importlib.metadata as m, os, re, sys
import layersplit.__main__, layersplit.worker
missing = []
for dist in m.distributions():
    if str(dist.locate_file("")).startswith(sys.prefix):
        for file in dist.files or ():
            path = dist.locate_file(file)
            if file.size and (not os.path.exists(path) or os.path.getsize(path) != file.size):
                missing.append(str(file))
for line in m.requires("layersplit") or []:
    if "extra ==" not in line:
        name = re.match(r"[A-Za-z0-9._-]+", line).group()
        try:
            m.distribution(name)
        except m.PackageNotFoundError:
            missing.append(name)
print("damaged: " + ", ".join(missing[:3]) if missing else "whole")
print(layersplit.__file__)
"""


_LOCAL_PARTS = """
import json
from layersplit.local.parts import installation, is_wrong_build
found = installation()
print(json.dumps({"sentence": found.sentence, "index": found.index, "card": found.card,
                  "torch": found.torch, "requirements": found.requirements,
                  "disk_bytes": found.disk_bytes, "wrong_build": is_wrong_build(found.card)}))
"""


@dataclass(frozen=True)
class Wanted:
    """What the environment is to be made from.

    ``wheels``: a folder to install from instead of the network. ``packages_from``: another
    environment's packages, used where they are; then nothing but Layersplit itself is installed.
    """

    source: Source
    interpreter: Interpreter
    extras: Tuple[str, ...] = ()
    linked: bool = False
    wheels: Optional[Path] = None
    packages_from: Optional[Path] = None

    def stamp(self) -> str:
        """Changes when the environment has to change."""
        body = {
            "digest": "linked" if self.linked else self.source.digest(),
            "source": str(self.source.path) if self.linked else "",
            "python": self.interpreter.path,
            "python_version": self.interpreter.text,
            "extras": sorted(self.extras),
            "packages_from": str(self.packages_from or ""),
        }
        return json.dumps(body, indent=1, sort_keys=True) + "\n"


class PrivateEnvironment:
    """The environment in ``folder``."""

    def __init__(self, folder: Path, run: Runner) -> None:
        self.folder = folder
        self._run = run

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return bin_folder(self.folder) / ("python.exe" if os.name == "nt" else "python")

    @property
    def is_stamped(self) -> bool:
        """Whether its making was finished."""
        return (self.folder / STAMP).is_file()

    def command(self, *arguments: str) -> List[str]:
        """Run ``layersplit`` in it."""
        return [str(self.python), "-I", "-X", "utf8", "-m", "layersplit", *arguments]

    def package(self) -> Path:
        """Where Layersplit lies in it."""
        question = "import layersplit; print(layersplit.__file__)"
        finished = self._run([str(self.python), "-I", "-X", "utf8", "-c", question])
        return Path(finished.output.strip()).parent

    def extras(self) -> List[str]:
        """The optional parts that it was made with."""
        try:
            body = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
            return [str(name) for name in body["extras"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def discard(self) -> None:
        """Remove it, so that the next run makes it anew."""
        shutil.rmtree(str(self.folder), ignore_errors=True)

    def fits(self, wanted: Wanted) -> bool:
        """Whether it was made from the same and is still whole."""
        try:
            stamped = (self.folder / STAMP).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return False
        return stamped == wanted.stamp() and self.fault() is None

    def fault(self) -> Optional[str]:
        """What is wrong with it, or None."""
        try:
            finished = self._run([str(self.python), "-I", "-c", _PROBE])
        except OSError as error:
            return error.strerror or str(error)
        if finished.status != 0:
            return (finished.output.splitlines() or ["it does not start"])[-1]
        return None if finished.output.startswith("whole") else finished.output.splitlines()[0]

    def make(
        self,
        wanted: Wanted,
        env: Mapping[str, str],
        home: Path,
        say: Callable[[str], None],
        announce: Callable[[str], None],
    ) -> None:
        """Make it, or bring a whole one up to date; raises InstallError.

        ``say``: what is being done. ``announce``: how many gigabytes come, before they are fetched.
        """
        stamp = self.folder / STAMP
        reusable = stamp.exists() and self._has_same_base(wanted) and self.fault() is None
        before = stamp.read_bytes() if reusable else b""
        if stamp.exists():
            stamp.unlink()
        try:
            if not reusable:
                self._make_empty(wanted.interpreter, say)
            installer = self._installer(wanted)
            say("Installing packages")
            options = [] if installer.name == "uv" else cache_options(env, home)
            try:
                for requirements in _requirements(wanted, again=reusable):
                    install_packages(installer, [*options, *requirements], self._run, say)
                if "local" in wanted.extras and wanted.packages_from is None:
                    options = self._kept_downloads(options)
                    for requirements in self._local_requirements(wanted, announce):
                        install_packages(installer, [*options, *requirements], self._run, say)
                    shutil.rmtree(str(self._downloads), ignore_errors=True)
            except InstallError:
                if reusable and self.fault() is None:  # the installer gave up before it began
                    stamp.write_bytes(before)
                raise
        except OSError as error:
            raise InstallError(
                "install-folder", folder=self.folder, detail=error.strerror or str(error)
            ) from error
        fault = self.fault()
        if fault is not None:
            raise InstallError("install-incomplete", detail=fault)
        stamp.write_text(wanted.stamp(), encoding="utf-8")

    def _has_same_base(self, wanted: Wanted) -> bool:
        """Whether only Layersplit itself changed: then the packages are there already."""
        try:
            before = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
            after = json.loads(wanted.stamp())
        except (OSError, ValueError):
            return False
        same = ("python", "python_version", "packages_from")
        return all(before.get(name) == after[name] for name in same)

    def _make_empty(self, interpreter: Interpreter, say: Callable[[str], None]) -> None:
        """An environment without packages; pip comes from elsewhere, which takes no time."""
        if self.folder.exists():
            say("Removing the old environment")
            shutil.rmtree(str(self.folder))
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        say("Making a private environment")
        tries = []
        if interpreter.has_venv:
            tries.append([interpreter.path, "-I", "-m", "venv", "--without-pip"])
        tries.append([interpreter.path, "-I", "-m", "virtualenv", "--quiet"])
        for program, options in (("virtualenv", ["--python"]), ("uv", ["venv", "--python"])):
            found = shutil.which(program)
            if found:
                tries.append([found, *options, interpreter.path])
        said = ""
        for command in tries:
            finished = self._run([*command, str(self.folder)])
            if finished.status == 0 and self.python.exists():
                return
            said = said or finished.output
        if "space" in said:
            raise InstallError("install-no-space", detail=said.splitlines()[-1])
        raise InstallError("install-no-venv", python=interpreter.path)

    def _installer(self, wanted: Wanted) -> Installer:
        if wanted.packages_from is not None:
            self._share(wanted.packages_from)
        source = wanted.source
        beside = source.path if source.is_checkout else source.path.parent
        for installer in installers(str(self.python), wanted.interpreter, self._run, beside):
            return installer
        raise InstallError("install-no-pip", python=wanted.interpreter.path)

    @property
    def _downloads(self) -> Path:
        return self.folder.with_name(DOWNLOADS)

    def _kept_downloads(self, options: List[str]) -> List[str]:
        """Gigabytes that have arrived are kept until all is there, also where pip keeps nothing."""
        return ["--cache-dir", str(self._downloads)] if options == ["--no-cache-dir"] else options

    def _local_requirements(
        self, wanted: Wanted, announce: Callable[[str], None]
    ) -> List[List[str]]:
        """What the GPU part needs on this machine; the core in the environment knows."""
        finished = self._run([str(self.python), "-I", "-X", "utf8", "-c", _LOCAL_PARTS])
        if finished.status != 0:
            raise InstallError("install-incomplete", detail=finished.output[-300:])
        parts = json.loads(finished.output)
        announce(parts["sentence"])
        check_space(parts["disk_bytes"], self.folder.parent)
        if wanted.wheels is not None:
            offline = ["--no-index", "--find-links", str(wanted.wheels)]
            return [[*offline, *parts["torch"], *parts["requirements"]]]
        calls = [[*parts["torch"], *parts["requirements"]]]
        if parts["index"]:
            # The card's build alone comes from there; what torch needs is in the usual index, but
            # for AMD, whose compiler is not.
            calls.insert(0, ["--no-deps", "--index-url", parts["index"], *parts["torch"]])
            if parts["card"] == "rocm":
                calls[1] = ["--extra-index-url", parts["index"], *calls[1]]
        if parts["wrong_build"]:  # of the right version, so an installer would leave it alone
            place = ["--index-url", parts["index"]] if parts["index"] else []
            calls.insert(0, ["--no-deps", "--force-reinstall", *place, *parts["torch"]])
        return calls

    def _share(self, packages: Path) -> None:
        """Let the environment see another one's packages."""
        for folder in (self.folder / "lib").glob("python3*/site-packages"):
            (folder / SHARED).write_text("%s\n" % packages, encoding="utf-8")
        windows = self.folder / "Lib" / "site-packages"
        if windows.is_dir():
            (windows / SHARED).write_text("%s\n" % packages, encoding="utf-8")


def _requirements(wanted: Wanted, *, again: bool) -> List[List[str]]:
    """The installer's arguments, one list a call. ``again``: another build is there already."""
    target = str(wanted.source.path)
    editable = ["--editable"] if wanted.linked else []
    if wanted.packages_from is not None:
        return [["--no-deps", "--no-build-isolation", "--no-index", *editable, target]]
    options: List[str] = []
    if wanted.wheels is not None:
        options = ["--no-index", "--find-links", str(wanted.wheels)]
        if any(wanted.wheels.glob("layersplit-%s-*.whl" % wanted.source.version)):
            target, editable = "layersplit==%s" % wanted.source.version, []
    calls = [[*options, *editable, target]]
    if again and not editable:  # an installer leaves a package of the same version alone
        calls.append([*options, "--force-reinstall", "--no-deps", target])
    return calls
