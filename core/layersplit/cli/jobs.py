"""``layersplit jobs``: paid jobs on this machine; to look at, to go on with, to forget."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layersplit.capabilities import CAPABILITIES
from layersplit.cli.deliver import Todo, deliver
from layersplit.cli.interrupt import stoppable
from layersplit.cli.places import places
from layersplit.cli.progress import Bar, say
from layersplit.errors import InputError

if TYPE_CHECKING:  # numpy comes with it, and --help does without
    from layersplit.remote.journal import Entry, Journal


def add_parser(commands: Any) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("jobs", help="paid jobs: list, show, resume, purge")
    parser.set_defaults(run=run_list)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("list", help="all jobs, the newest first (default)").set_defaults(run=run_list)
    show = verbs.add_parser("show", help="everything that is known of one job")
    show.add_argument("job", metavar="ID")
    show.set_defaults(run=run_show)
    resume = verbs.add_parser("resume", help="bring the layers of a job, without paying again")
    resume.add_argument("job", metavar="ID")
    resume.add_argument("-o", "--output", metavar="OUT", help="as for split")
    resume.add_argument("--json", action="store_true", help="print one JSON object")
    resume.set_defaults(run=run_resume)
    purge = verbs.add_parser("purge", help="forget finished jobs and kept answers")
    purge.add_argument(
        "--all", action="store_true", help="unfinished ones too; what they cost is lost"
    )
    purge.set_defaults(run=run_purge)


def run_list(_arguments: argparse.Namespace) -> int:
    """One line a job."""
    from layersplit.remote.journal import UNFINISHED  # noqa: PLC0415 - numpy comes with it

    journal = _journal()
    entries = journal.entries()
    for entry in entries:
        words = entry.state.value
        if entry.state in UNFINISHED:
            words += f" ({_outlook(entry, at_work=journal.is_claimed(entry.job))})"
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        print(f"{entry.job}  {when}  {entry.provider:10} {words}  {entry.title}")  # noqa: T201
    if not entries:
        say("There are no jobs.")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """The entry in words; the picture's uploaded copy and links stay out of sight."""
    from layersplit.remote.money import dollars  # noqa: PLC0415 - numpy comes with it

    entry = _entry(_journal(), arguments.job)
    capability = CAPABILITIES[entry.provider]
    rows = {
        "job": entry.job,
        "picture": entry.title,
        "provider": capability.title,
        "state": entry.state.value,
        "id at the service": entry.remote_id or "unknown",
        "layers asked for": entry.order.get("layer_count"),
        "price": dollars(entry.price_usd),
        "cost": "not told" if entry.cost_usd is None else dollars(entry.cost_usd),
        "kept at the service": capability.retention,
    }
    for name, value in rows.items():
        print(f"{name}: {value}")  # noqa: T201 - the result
    for when, what in entry.steps:
        print(f"  {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(when))}  {what}")  # noqa: T201
    for sentence in entry.sentences:
        print(sentence)  # noqa: T201 - the result
    return 0


def run_resume(arguments: argparse.Namespace) -> int:
    """Go on where the job stopped; the layers become a file as after ``split``."""
    from layersplit.reading import read_picture  # noqa: PLC0415 - numpy and OpenCV
    from layersplit.remote.continuation import recall  # noqa: PLC0415
    from layersplit.run import Run  # noqa: PLC0415

    journal = _journal()
    entry = _entry(journal, arguments.job)
    with (
        stoppable() as cancelled,
        Bar(entry.title, shown=sys.stderr.isatty()) as bar,
        tempfile.TemporaryDirectory(prefix="layersplit-") as scratch,
    ):
        start = time.perf_counter()
        kept = recall(journal.folder(entry.job), read_picture)
        named = str(kept.origin or Path.cwd() / _file_name(entry.title))
        todo = Todo(
            picture=kept.picture,
            request=kept.request,
            output=places([named], arguments.output)[0].output,
            origin=kept.origin,
            region=kept.region,
            job=entry.job,
        )
        deliver(
            todo,
            run=Run(bar.update, cancelled, bar.say),
            scratch=Path(scratch),
            as_json=arguments.json,
            reading_s=time.perf_counter() - start,
        )
    return 0


def run_purge(arguments: argparse.Namespace) -> int:
    """Remove what nobody waits for. The book of what was spent stays."""
    from layersplit.remote.cache import Cache  # noqa: PLC0415 - numpy comes with it
    from layersplit.remote.journal import UNFINISHED  # noqa: PLC0415

    journal = _journal()
    gone = kept = 0
    for entry in journal.entries():
        if journal.is_claimed(entry.job) or (entry.state in UNFINISHED and not arguments.all):
            kept += 1
            continue
        journal.forget(entry.job)
        gone += 1
    Cache(0).clear()
    left = f" {kept} unfinished jobs are kept." if kept else ""
    print(f"{gone} jobs and all kept answers are removed.{left}")  # noqa: T201 - the result
    return 0


def _outlook(entry: Entry, *, at_work: bool) -> str:
    if at_work:
        return "at work"
    return "may be billed" if entry.remote_id is None else "resume brings its layers"


def _journal() -> Journal:
    from layersplit.remote.journal import Journal  # noqa: PLC0415 - numpy comes with it

    return Journal()


def _entry(journal: Journal, job: str) -> Entry:
    entry = journal.read(job)
    if entry is None:
        raise InputError(
            f"There is no job '{job}' on this machine.",
            meaning="Nothing was done.",
            remedy="List them with: layersplit jobs",
        )
    return entry


def _file_name(title: str) -> str:
    """A picture's title as the stem of a file."""
    plain = "".join(c if c.isalnum() or c in " -_." else "_" for c in title).strip(" .")
    return plain or "picture"
