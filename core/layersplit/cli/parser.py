"""The arguments, exactly as docs/reference.md lists them."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from layersplit import __version__
from layersplit.capabilities import CAPABILITIES
from layersplit.cli import doctor, jobs, key, model, providers, split


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in our way: fact, meaning, remedy."""

    def error(self, message: str) -> NoReturn:
        """Print three lines and leave with exit status 2."""
        sys.stderr.write(
            f"Wrong arguments: {message}.\nNothing was done.\nSee: {self.prog} --help\n"
        )
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """Every command; each sets ``run``, a function from its arguments to the exit status."""
    parser = _Parser(
        prog="layersplit",
        description="Split one flat picture into RGBA layers that add up to it again.",
    )
    parser.add_argument("--version", action="version", version=f"layersplit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    split.add_parser(commands, tuple(CAPABILITIES))
    providers.add_parser(commands)
    jobs.add_parser(commands)
    key.add_parser(commands, tuple(CAPABILITIES))
    model.add_parser(commands)
    doctor.add_parser(commands)
    commands.add_parser("worker", help="JSON lines on standard input and output, for the hosts")
    return parser
