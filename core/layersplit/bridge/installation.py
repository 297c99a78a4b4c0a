"""``install.json``: which worker belongs to this user. Written last, so a broken one is not there.

Set-up writes it, the hosts and set-up read it. A record that cannot be read, that names an
interpreter which is gone, or that has another format, is an installation to repair.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, List, Mapping, Optional

from layersplit.bridge.environment import worker_environment
from layersplit.bridge.failures import InstallError
from layersplit.bridge.paths import data_folder, install_record
from layersplit.bridge.sandbox import sandbox
from layersplit.bridge.texts import N_, translated

FORMAT = 1
IS_MISSING = N_("%s is missing")
IS_HIDDEN = N_("%s cannot be read")
IS_DAMAGED = N_("%s is damaged")
IS_ANOTHER = N_("%s is of another version")


@dataclass(frozen=True)
class Installation:
    """What was installed. ``digest`` stands for the source, ``base`` for the Python below it."""

    python: str
    version: str
    format: int = FORMAT
    base: str = ""
    base_version: str = ""
    source: str = ""
    digest: str = ""
    extras: List[str] = field(default_factory=list)
    linked: bool = False

    def as_json(self) -> str:
        """The text of ``install.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_installation() -> Installation:
    """The installation of this user; raises InstallError when there is none, or a broken one."""
    record = install_record()
    try:
        with record.open(encoding="utf-8") as stream:
            body = json.load(stream)
    except FileNotFoundError:
        raise _not_installed(IS_MISSING, record) from None
    except PermissionError as error:
        raise _not_installed(IS_HIDDEN, record) from error
    except (OSError, ValueError) as error:
        raise _not_installed(IS_DAMAGED, record) from error
    installation = _from_json(body)
    if installation is None:
        raise _not_installed(IS_ANOTHER, record)
    return installation


def _not_installed(detail: str, thing: object) -> InstallError:
    """In a sandbox the reason may be that it hides the thing."""
    said = translated(detail) % thing
    inside = sandbox()
    if inside is not None and detail in (IS_MISSING, IS_HIDDEN):
        return InstallError("not-installed/in a sandbox", detail=said, sandbox=inside)
    return InstallError("not-installed", detail=said)


def _from_json(body: Any) -> Optional[Installation]:
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        return None
    known = {item.name: body[item.name] for item in fields(Installation) if item.name in body}
    if not all(isinstance(known.get(name), str) and known[name] for name in ("python", "version")):
        return None
    return Installation(**known)


def native_path(text: str) -> str:
    """A path from a UTF-8 file as this process can use it.

    Krita's Python may run with ASCII file names (LANG=C); there "ü" has to be passed as the bytes
    that it is on the disk.
    """
    if os.name == "nt":
        return text
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True)
class Launch:
    """How the worker is started."""

    command: List[str]
    environment: Mapping[str, str]
    folder: Optional[str] = None


def worker_launch(host: Optional[Mapping[str, str]] = None) -> Launch:
    """The command of the installed worker; raises InstallError. ``host``: the environment here.

    ``-I`` keeps other people's modules out. It also makes Python ignore every PYTHON variable, so
    UTF-8 and unbuffered output are asked for on the command line.
    """
    python = native_path(read_installation().python)
    if not Path(python).exists():
        raise _not_installed(IS_MISSING, python)
    home = data_folder()
    return Launch(
        command=[python, "-I", "-u", "-X", "utf8", "-m", "layersplit", "worker"],
        environment=worker_environment(os.environ if host is None else host, home=str(home)),
        folder=str(home),
    )
