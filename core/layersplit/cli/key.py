"""``layersplit key``: keys of hosted services. A key is read without echo, never from arguments."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from typing import Any

from layersplit.capabilities import CAPABILITIES
from layersplit.cli.interrupt import stoppable
from layersplit.errors import InputError


def add_parser(commands: Any, providers: Sequence[str]) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("key", help="keys of hosted services: set, test, forget")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    keyed = [name for name in providers if CAPABILITIES[name].key_variable is not None]
    for verb, names, function, words in (
        ("set", keyed, run_set, "keep a key in the system's key ring"),
        ("test", [*keyed, "comfyui"], run_test, "make the cheapest harmless call with it"),
        ("forget", keyed, run_forget, "remove it from this machine"),
    ):
        sub = verbs.add_parser(verb, help=words)
        sub.add_argument("provider", choices=names, metavar="PROVIDER", help=", ".join(names))
        sub.set_defaults(run=function)


def run_set(arguments: argparse.Namespace) -> int:
    """Ask for the key, without echo on a terminal, and keep it."""
    from layersplit.remote.keys import keep_key  # noqa: PLC0415 - only for this command

    capability = CAPABILITIES[arguments.provider]
    if sys.stdin.isatty():
        value = getpass.getpass(f"Key for {capability.title} (it is not shown): ")
    else:
        value = sys.stdin.readline()
    value = value.strip()
    if not value or not value.isascii() or any(character.isspace() for character in value):
        raise InputError(
            "This is no key." if value else "No key was given.",
            meaning="Nothing was changed.",
            remedy=f"Copy it from {capability.key_page} and paste it as it is.",
        )
    place = keep_key(arguments.provider, value)
    print(f"The key for {capability.title} is kept in {place}.")  # noqa: T201 - the result
    return 0


def run_test(arguments: argparse.Namespace) -> int:
    """See whether the service takes it."""
    from layersplit.providers import provider  # noqa: PLC0415 - only for this command
    from layersplit.providers.hosted import Hosted  # noqa: PLC0415
    from layersplit.remote.keys import find_key  # noqa: PLC0415
    from layersplit.run import Run  # noqa: PLC0415

    hosted = provider(arguments.provider)
    if not isinstance(hosted, Hosted):
        raise TypeError(arguments.provider)
    with stoppable() as cancelled:
        sentence = hosted.test_key(Run(cancelled=cancelled))
    key = find_key(arguments.provider)
    print(sentence if key is None else f"{sentence} It is from {key.place}.")  # noqa: T201
    return 0


def run_forget(arguments: argparse.Namespace) -> int:
    """Remove it from the key ring and the file; the environment is the user's own."""
    from layersplit.remote.keys import find_key, forget_key  # noqa: PLC0415 - only for this command

    title = CAPABILITIES[arguments.provider].title
    forgotten = forget_key(arguments.provider)
    words = f"The key for {title} is forgotten." if forgotten else f"No key for {title} was kept."
    left = find_key(arguments.provider)
    print(words if left is None else f"{words} One is still in {left.place}.")  # noqa: T201
    return 0
