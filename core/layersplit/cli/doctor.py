"""``layersplit doctor``: every check is "fine" or one sentence with the remedy."""

from __future__ import annotations

import argparse
from typing import Any

from layersplit.doctor import examine
from layersplit.errors import SetupError


def add_parser(commands: Any) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("doctor", help="check the set-up")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Print every check; exit status 5 when one of those that every run needs is not fine."""
    checks = examine()
    for check in checks:
        print(f"{check.name}: {check.sentence or 'fine'}")  # noqa: T201 - the result
    needed_failed = any(check.needed and check.sentence for check in checks)
    return SetupError.exit_status if needed_failed else 0
