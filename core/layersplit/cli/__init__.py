"""The command line: arguments in, exit status out.

    split      one picture, or many, into layered files
    providers  what each provider can do and whether it is ready here
    jobs       paid jobs: list, show, resume, purge
    key        keys of hosted services: set, test, forget
    doctor     check the set-up
    worker     JSON lines for the hosts (handled in __main__)

Results go to standard output; progress, notes and failures to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from layersplit.cli.failure import report_failure
from layersplit.cli.parser import build_parser

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status of product's table (0, 2, 3, 4, 5, 130)."""
    try:
        parsed = build_parser().parse_args(arguments)
        status: int = parsed.run(parsed)
    except SystemExit as stop:  # argparse, after --help, --version or a wrong argument
        return stop.code if isinstance(stop.code, int) else 2
    except BaseException as error:  # noqa: BLE001 - the one place that turns anything into words
        return report_failure(error, sys.stderr)
    return status
