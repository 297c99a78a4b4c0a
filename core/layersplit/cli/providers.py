"""``layersplit providers``: what each can do, its price, and whether it is ready here."""

from __future__ import annotations

import argparse
import json
from typing import Any

from layersplit.capabilities import CAPABILITIES, Capability
from layersplit.providers import described, unready


def add_parser(commands: Any) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("providers", help="what each provider can do, and if it is ready")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List them."""
    if arguments.json:
        print(json.dumps({"providers": [described(name) for name in CAPABILITIES]}))  # noqa: T201
        return 0
    for row, reason in [(row, unready(name)) for name, row in CAPABILITIES.items()]:
        least, most = row.layers
        print(f"{row.name:10} {row.title}: {least} to {most} layers, {price(row)}")  # noqa: T201
        print(f"{'':10} {'ready' if reason is None else 'not ready: ' + reason}")  # noqa: T201
    return 0


def price(row: Capability) -> str:
    """The published price in words."""
    if row.price_usd is not None:
        return f"${row.price_usd:.2f} a {row.price_unit} (published {row.price_date})"
    return "priced by the service" if row.key_variable else "free"
