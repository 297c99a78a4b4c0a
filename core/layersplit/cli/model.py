"""``layersplit model``: the weights for the provider 'local': list, fetch, use, plan."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Self

from layersplit.cli.interrupt import stoppable
from layersplit.cli.progress import say
from layersplit.local.catalogue import CATALOGUE, complete_folder, find
from layersplit.local.machine import GB, gigabytes


def add_parser(commands: Any) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("model", help="weights for 'local': list, fetch, use, plan")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what can be fetched, and what is here").set_defaults(
        run=run_list
    )
    fetch = actions.add_parser("fetch", help="fetch a model, or what is missing of it")
    fetch.add_argument("name", metavar="NAME", help="full, 4bit, or OWNER/NAME on the hub")
    fetch.add_argument("--lines", action="store_true", help="progress as lines on standard output")
    fetch.set_defaults(run=run_fetch)
    use = actions.add_parser("use", help="which weights are taken when none are named")
    use.add_argument(
        "model", nargs="?", metavar="FOLDER|FILE|NAME", help="left out: whatever was fetched"
    )
    use.set_defaults(run=run_use)
    plan = actions.add_parser("plan", help="how 'local' would run here, with time and memory")
    plan.add_argument("--model", metavar="FOLDER|FILE|NAME")
    plan.add_argument("--layers", type=int, default=4, metavar="N")
    plan.add_argument("--resolution", type=int, choices=(640, 1024), default=640)
    plan.add_argument("--steps", type=int, default=28, metavar="N")
    plan.set_defaults(run=run_plan)


def run_list(arguments: argparse.Namespace) -> int:
    """One line a model."""
    del arguments
    for entry in CATALOGUE.values():
        here = all(complete_folder(source) is not None for source in entry.sources)
        print(  # noqa: T201 - the result
            f"{entry.name:6} {entry.size_bytes / GB:5.1f} GB  {entry.licence}  "
            f"{'here' if here else 'not here'}: {entry.remark}"
        )
    return 0


def run_fetch(arguments: argparse.Namespace) -> int:
    """Fetch; prints the folders."""
    from layersplit.errors import InputError  # noqa: PLC0415 - httpx comes with the rest
    from layersplit.local.hub import fetch  # noqa: PLC0415
    from layersplit.run import Run  # noqa: PLC0415

    entry = find(arguments.name)
    if entry is None:
        raise InputError(
            f"'{arguments.name}' is no model that can be fetched.",
            meaning="Nothing was fetched.",
            remedy=f"Choose one of: {', '.join(CATALOGUE)}; or OWNER/NAME as on the hub.",
        )
    if entry.size_bytes:
        announced = f"{entry.name}: {entry.size_bytes / GB:.1f} GB, licence {entry.licence}"
        if arguments.lines:
            _tell_line("prepare", None, announced)
        else:
            say(announced)
    with stoppable() as cancelled, _Bar(shown=sys.stderr.isatty()) as bar:
        listener = _tell_line if arguments.lines else bar.update
        folders = fetch(entry, Run(listener, cancelled))
    for folder in folders:
        print(Path(folder))  # noqa: T201 - the result
    return 0


def run_use(arguments: argparse.Namespace) -> int:
    """Write the model into the settings once it was found whole; prints what it is."""
    from layersplit.local.survey import facts_of  # noqa: PLC0415 - as in run_fetch
    from layersplit.local.weights import find_weights  # noqa: PLC0415
    from layersplit.settings import change_section  # noqa: PLC0415

    named = arguments.model
    if named is not None:
        path = Path(named).expanduser()
        named = str(path.absolute()) if path.exists() else named
        facts = facts_of(find_weights(named))
        print(f"{named}: {gigabytes(facts.stored_bytes)}")  # noqa: T201 - the result
    change_section("local", model=named)
    return 0


def run_plan(arguments: argparse.Namespace) -> int:
    """Every plan with its figures, the chosen one marked."""
    from layersplit.local.outlook import outlook  # noqa: PLC0415 - torch

    for line in outlook(arguments.model, arguments.layers, arguments.resolution, arguments.steps):
        print(line)  # noqa: T201 - the result
    return 0


def _tell_line(_stage: str, fraction: float | None, sentence: str) -> None:
    """For a host that shows the progress itself."""
    print("" if fraction is None else f"{fraction:.4f}", sentence, sep="\t", flush=True)  # noqa: T201


class _Bar:
    """The share that is fetched, on a terminal; nothing elsewhere."""

    def __init__(self, *, shown: bool) -> None:
        self._bar: Any = None
        if shown:
            from tqdm import tqdm  # noqa: PLC0415 - only where a person looks

            self._bar = tqdm(total=1.0, bar_format="{bar} {percentage:3.0f} %  {postfix}")

    def update(self, _stage: str, fraction: float | None, sentence: str) -> None:
        """Listen to a Run."""
        if self._bar is not None:
            self._bar.n = fraction or 0.0
            self._bar.set_postfix_str(sentence, refresh=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
