"""What both hosts say, in one place: sentences of the channel's own failures, and next steps.

A failure of the worker arrives with its three sentences; those that happen on the host's side (no
worker, a dead worker, an unreadable file) get theirs here. Every text is marked for gettext: a host
calls :func:`speak_from` with its catalogues, and without one the English text is shown.
"""

from __future__ import annotations

import os
from functools import lru_cache
from gettext import bindtextdomain, dgettext
from typing import Dict, Optional, Tuple

from layersplit.bridge.messages import Failed
from layersplit.bridge.paths import log_file

DOMAIN = "layersplit"


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark ``text`` for translation where it stands; it is translated when it is shown."""
    return text


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


@lru_cache(maxsize=None)
def translated(text: str) -> str:
    """``text`` in the user's language, if there is a catalogue for it.

    Remembered, because gettext looks through the disk for its catalogues each time.
    """
    return dgettext(DOMAIN, text)


def language() -> str:
    """What the user speaks ("de", "pt_BR"), from the variables that gettext reads; else "en".

    GIMP puts a language that was chosen in its settings there itself. As for gettext, LANGUAGE
    counts only beside a locale that is not C.
    """
    locales = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    locale = next(filter(None, locales), "C").split(".")[0].split("@")[0]
    if locale in ("C", "POSIX"):
        return "en"
    return os.environ.get("LANGUAGE", "").split(":")[0].split(".")[0] or locale


def speak_from(folder: str) -> None:
    """Take translations from the catalogues in ``folder`` (LANGUAGE/LC_MESSAGES/layersplit.mo)."""
    bindtextdomain(DOMAIN, folder)
    translated.cache_clear()


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
        lines.append(translated("The log is at %s") % log_file())
    return "\n".join(lines)
