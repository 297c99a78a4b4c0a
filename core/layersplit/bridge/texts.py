"""What both hosts say, in one place: sentences of the channel's own failures, and next steps.

A failure of the worker arrives with its three sentences (see spoken.py); those that happen on the
host's side (no worker, a dead worker, an unreadable file) get theirs here. Every text is marked for
gettext: a host calls :func:`speak` with its user's languages; until then, and in the command line,
texts are English.
"""

from __future__ import annotations

from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from layersplit.bridge.messages import Failed
from layersplit.bridge.paths import log_file

DOMAIN = "layersplit"
CATALOGUES = Path(__file__).parent / "languages"
"""LANGUAGE/LC_MESSAGES/layersplit.mo; made by translations/update.py."""
ENGLISH = ("en", "C", "POSIX")


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark ``text`` for translation where it stands; it is translated when it is shown."""
    return text


def NN_(one: str, many: str) -> Tuple[str, str]:  # noqa: N802 - as above
    """Mark two forms of a text that counts; see :func:`counted`."""
    return one, many


SENTENCES: Dict[str, Tuple[str, str, str]] = {
    # the channel
    "malformed": (
        N_("The worker got a line that it does not understand: %(detail)s"),
        N_("This request was ignored; other jobs go on."),
        N_("Run install.py again, so that the plug-in and the worker fit each other."),
    ),
    "duplicate-job": (
        N_("The job %(name)s is already there."),
        N_("The second request was ignored; the first one goes on."),
        N_("Wait for it, or cancel it first."),
    ),
    "unknown-job": (
        N_("There is no job %(name)s."),
        N_("It may have ended already."),
        N_("Nothing needs to be done."),
    ),
    # the worker's process
    "not-installed": (
        N_("Layersplit's private environment is not there (%(detail)s)."),
        N_("The plug-in is installed, but the part that splits pictures is not."),
        N_("Choose Set Up, or run: python3 install.py"),
    ),
    "not-installed/in a sandbox": (
        N_("Layersplit's private environment cannot be used from here (%(detail)s)."),
        N_("This program runs as a %(sandbox)s, which hides the Python of the system from it."),
        N_(
            "Choose Set Up. If that does not help, install a Python below your home folder "
            "(for example: uv python install 3.12) and run: python3 install.py"
        ),
    ),
    "not-runnable": (
        N_("The worker could not be started: %(detail)s"),
        N_("The private environment is damaged, or cannot be seen from here."),
        N_("Choose Set Up, or run install.py again; it repairs the installation."),
    ),
    "no-greeting": (
        N_("The worker did not answer within %(seconds)s seconds."),
        N_("It was stopped; the document is as it was."),
        N_("Try again; if it happens again, run: layersplit doctor"),
    ),
    "no-answer": (
        N_("The worker did not answer a question within %(seconds)s seconds."),
        N_("What it would have said is not known; jobs go on."),
        N_("Try again; if it happens again, run: layersplit doctor"),
    ),
    "protocol": (
        N_("The plug-in and the worker are of different versions (%(detail)s)."),
        N_("They do not understand each other; the document is as it was."),
        N_("Run install.py again, then restart this program."),
    ),
    "worker-died": (
        N_("The worker ended in the middle of the job (%(detail)s)."),
        N_("The result is lost; the document is as it was."),
        N_("Start the job again; the log says more."),
    ),
    "worker-died/paid": (
        N_("The worker ended in the middle of the job (%(detail)s)."),
        N_("The service may have finished it, and may charge for it; the document is as it was."),
        N_("Continue it from the history: that costs nothing."),
    ),
    "closed": (
        N_("This program is closing."),
        N_("The job was not started."),
        N_("Start it again next time."),
    ),
    "cancelled": (
        N_("The job was cancelled."),
        N_("The document is as it was."),
        N_("Nothing needs to be done."),
    ),
    "cancelled/by force": (
        N_("The job was cancelled; it did not stop by itself, so it was ended."),
        N_("The document is as it was."),
        N_("Nothing needs to be done."),
    ),
    "cancelled/by force, paid": (
        N_("The job was cancelled; it did not stop by itself, so it was ended."),
        N_("The service may finish it all the same, and may charge for it."),
        N_("If it does, the history can bring the result."),
    ),
    # a job that fails for a reason nobody foresaw
    "internal": (
        N_("Something went wrong inside Layersplit that it did not expect."),
        N_("This is a fault of the program, not of your picture; the document is as it was."),
        N_("Please report it with the last lines of the log."),
    ),
    "memory": (
        N_("There is not enough memory for this picture."),
        N_("The document is as it was."),
        N_("Close other programs or documents, or split a selection of the picture."),
    ),
    "disk": (
        N_("A file could not be written: %(detail)s"),
        N_("The document is as it was."),
        N_("Free some space, or check the rights of the folder %(folder)s."),
    ),
    # files between host and worker
    "raw-length": (
        N_("The file %(name)s has %(found)s bytes; %(width)s x %(height)s pixels need %(needed)s."),
        N_("It is damaged or incomplete; the document is as it was."),
        N_("Start the job again."),
    ),
    "raw-missing": (
        N_("The file %(name)s cannot be read: %(detail)s"),
        N_("The result is incomplete; the document is as it was."),
        N_("Start the job again."),
    ),
    # set-up
    "install-old-python": (
        N_("Layersplit needs Python 3.11 or newer; this machine has none (%(found)s)."),
        N_("Nothing was installed."),
        N_("Install a newer Python (python.org, or your system's packages), then try again."),
    ),
    "install-no-venv": (
        N_("%(python)s cannot make virtual environments."),
        N_("Nothing was installed."),
        N_("Install its venv module (Debian, Ubuntu: sudo apt install python3-venv), try again."),
    ),
    "install-no-pip": (
        N_("There is no pip for %(python)s."),
        N_("The packages that Layersplit needs cannot be installed."),
        N_(
            "Install it (Debian, Ubuntu: sudo apt install python3-venv), or put pip.pyz beside "
            "install.py, then try again."
        ),
    ),
    "install-offline": (
        N_("The packages could not be fetched: %(detail)s"),
        N_("This machine seems to be offline; what was installed before is still there."),
        N_(
            "Connect it and try again; or run 'python3 -m pip wheel --wheel-dir wheels .' in this "
            "folder on a machine like this one, and bring the folder 'wheels' here."
        ),
    ),
    "install-certificate": (
        N_("The connection to the package index is not trusted: %(detail)s"),
        N_("The packages could not be fetched; what was installed before is still there."),
        N_("Name your network's certificates in the variable PIP_CERT, then try again."),
    ),
    "install-no-version": (
        N_("A package is not to be had: %(detail)s"),
        N_("This machine is offline, or there is none for its Python or its processor."),
        N_("Check the connection; or run install.py with Python 3.12 or 3.13."),
    ),
    "install-no-space": (
        N_("There is not enough space: %(detail)s"),
        N_("Nothing that works now was changed."),
        N_("Free some space, or set LAYERSPLIT_HOME to a folder on another disk."),
    ),
    "install-packages": (
        N_("The packages could not be installed: %(detail)s"),
        N_("The private environment is not complete."),
        N_("Try again; the log has every word of %(name)s."),
    ),
    "install-incomplete": (
        N_("The private environment does not work: %(detail)s"),
        N_("Pictures cannot be split with it."),
        N_("Run install.py again; it makes a new one."),
    ),
    "install-folder": (
        N_("%(folder)s cannot be written: %(detail)s"),
        N_("Layersplit has no place for its things."),
        N_("Give yourself the right, or set LAYERSPLIT_HOME to a folder that you can write."),
    ),
    "install-folder/in a sandbox": (
        N_("%(folder)s cannot be written: %(detail)s"),
        N_("This program runs as a %(sandbox)s, which keeps it away from that folder."),
        N_(
            "Use the program as your system's package, as AppImage or from its own page; the "
            "command layersplit works in any case."
        ),
    ),
    "install-old-python/in a sandbox": (
        N_("This program runs as a %(sandbox)s, in which there is no Python 3.11 (%(found)s)."),
        N_("Nothing was installed."),
        N_(
            "Install a Python below your home folder (for example: uv python install 3.12), then "
            "try again; or run install.py outside of it."
        ),
    ),
    "install-busy": (
        N_("Another set-up of Layersplit is running."),
        N_("This one did nothing."),
        N_("Wait until it has finished."),
    ),
    "install-sample": (
        N_("The sample picture could not be split: %(detail)s"),
        N_("The installation is there, but it does not work."),
        N_("Run install.py again, which makes everything anew; the log says more."),
    ),
    "install-no-source": (
        N_("%(folder)s is no complete copy of Layersplit."),
        N_("There is nothing to install."),
        N_("Fetch it again and run install.py in it."),
    ),
}
"""Code, or ``code/variant``, to fact, meaning, remedy. Only the code travels."""

LOG_IS_AT = N_("The log is at %s")

NEXT_STEPS: Dict[str, str] = {
    "not-installed": N_("Set Up…"),
    "not-runnable": N_("Set Up…"),
    "protocol": N_("Set Up…"),
    "setup": N_("Settings…"),
    "refused": N_("Settings…"),
    "submission-unknown": N_("History…"),
    "worker-died": N_("Try Again"),
    "no-greeting": N_("Try Again"),
    "no-answer": N_("Try Again"),
    "unreachable": N_("Try Again"),
    "raw-length": N_("Try Again"),
    "raw-missing": N_("Try Again"),
}
"""Code to the label of the button that helps; other failures have only Close."""


class _Voice:
    """The language that is spoken now. ``tag``: as a host told it, such as de_AT."""

    def __init__(self) -> None:
        self.tag = "en"
        self.catalogue = NullTranslations()


_voice = _Voice()


def speak(languages: Sequence[str], folder: Path = CATALOGUES) -> None:
    """Show texts in the user's language. ``languages``: the most wanted first, as hosts name them.

    Tags such as ``de-DE``, ``de_DE.UTF-8`` and ``de`` are all understood. English ends the search:
    whoever wants it before German does not want German.
    """
    wanted: List[str] = []
    for language in languages:
        tag = language.split(".")[0].split("@")[0].replace("-", "_")
        if tag.split("_")[0] in ENGLISH:
            break
        wanted.append(tag)
    _voice.tag = wanted[0] if wanted else "en"
    _voice.catalogue = NullTranslations()
    if wanted:
        _voice.catalogue = translation(DOMAIN, str(folder), wanted, fallback=True)
    translated.cache_clear()


def language() -> str:
    """The user's language, whether there is a catalogue for it or not: ``en``, ``de_AT``."""
    return _voice.tag


@lru_cache(maxsize=None)
def translated(text: str) -> str:
    """``text`` in the user's language, if there is a catalogue for it."""
    return _voice.catalogue.gettext(text) if text else text


def counted(forms: Tuple[str, str], number: int) -> str:
    """The form of a text that fits ``number``, with the number in it."""
    return _voice.catalogue.ngettext(*forms, number) % number


def sentences_for(words: str, **facts: object) -> Tuple[str, str, str]:
    """Fact, meaning and remedy: ``words`` is a key of SENTENCES, ``facts`` fill them."""
    fact, meaning, remedy = SENTENCES[words]
    return (
        translated(fact) % facts,
        translated(meaning) % facts,
        translated(remedy) % facts,
    )


def failed(words: str, job: Optional[str] = None, **facts: object) -> Failed:
    """The message for a failure of the channel; a variant ``paid`` may have cost money."""
    code, _, variant = words.partition("/")
    return Failed(
        job=job,
        code=code,
        sentences=list(sentences_for(words, **facts)),
        retry_helps=NEXT_STEPS.get(code) == "Try Again",
        may_have_cost=variant.endswith("paid"),
    )


def next_step(message: Failed) -> Optional[str]:
    """The label of the button that helps, or None when there is none but Close."""
    label = N_("History…") if message.may_have_cost else NEXT_STEPS.get(message.code)
    return None if label is None else translated(label)


def as_text(message: Failed) -> str:
    """What a dialog shows: the sentences, and where the log is."""
    lines = [sentence for sentence in message.sentences if sentence]
    if message.code != "cancelled":
        lines.append(translated(LOG_IS_AT) % log_file())
    return "\n".join(lines)
