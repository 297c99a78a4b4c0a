"""``layersplit split``: one picture, or many, into layered files."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layersplit.capabilities import CAPABILITIES
from layersplit.cli.arguments import box, layer_count, point
from layersplit.cli.deliver import Todo, deliver
from layersplit.cli.failure import report_failure
from layersplit.cli.interrupt import stoppable
from layersplit.cli.places import Place, places
from layersplit.cli.progress import Bar, say
from layersplit.errors import Cancelled

if TYPE_CHECKING:  # numpy comes with it, and --help does without
    from layersplit.domain import Picture, SplitRequest
    from layersplit.run import Run


def add_parser(commands: Any, providers: Sequence[str]) -> None:
    """Add the command to argparse's sub-commands."""
    parser = commands.add_parser("split", help="split pictures into layered files")
    add = parser.add_argument
    add(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help="a file, a folder of them, or a public https address",
    )
    add("-o", "--output", metavar="OUT", help="ends in .ora (default), .psd, .zip, or is a folder")
    add("--provider", choices=providers, metavar="NAME", help=", ".join(providers))
    add("--layers", type=layer_count, metavar="N|auto", help="how many layers at most")
    add("--prompt", default="", metavar="TEXT", help="describes the whole picture")
    add("--negative-prompt", default="", metavar="TEXT", help="what the picture does not show")
    add("--box", type=box, action="append", default=[], metavar="X0,Y0,X1,Y1",
        help="an object, in pixels; may be given again, the front-most last")  # fmt: skip
    add("--point", type=point, action="append", default=[], metavar="X,Y",
        help="a pixel of the subject; X,Y,0 is one of the background")  # fmt: skip
    add("--mask", type=Path, metavar="FILE", help="a picture, white where the subject is")
    add("--resolution", type=int, choices=(640, 1024), help="side of the model's area")
    add("--seed", type=int, metavar="N", help="the same seed gives the same layers again")
    add("--steps", type=int, metavar="N", help="denoising steps")
    add("--guidance", type=float, metavar="X", help="how closely the model keeps to the prompt")
    add("--colours", choices=("source", "model"), default="source",
        help="source: the layers add up to the picture, bit for bit")  # fmt: skip
    add("--fresh", action="store_true", help="ask the provider again, past the cache")
    add("--by-address", action="store_true", help="hand the address itself to the service")
    add("--model", metavar="FOLDER|FILE", help="weights for 'local'")
    add("--plan", metavar="NAME", help="memory plan for 'local'")
    add("--json", action="store_true", help="print one JSON object a picture")
    parser.set_defaults(run=run_split)


def run_split(arguments: argparse.Namespace) -> int:
    """Split every picture; the first failure decides the exit status, none stops the others."""
    todo = places(arguments.pictures, arguments.output)
    status = 0
    for place in todo:
        try:
            with stoppable() as cancelled:
                _one(place, arguments, cancelled)
        except (Cancelled, KeyboardInterrupt) as stop:
            return report_failure(stop, sys.stderr, subject=_subject(place, todo))
        except Exception as error:  # noqa: BLE001 - report_failure logs and names it
            failed = report_failure(error, sys.stderr, subject=_subject(place, todo))
            status = status or failed
    return status


def _subject(place: Place, todo: Sequence[Place]) -> str:
    return place.picture if len(todo) > 1 else ""


def _one(place: Place, arguments: argparse.Namespace, cancelled: Any) -> None:
    """From one picture to one layered file."""
    from layersplit.run import Run  # noqa: PLC0415 - see the module's top

    with (
        Bar(Path(place.picture).name, shown=sys.stderr.isatty()) as bar,
        tempfile.TemporaryDirectory(prefix="layersplit-") as scratch,
    ):
        run = Run(bar.update, cancelled, bar.say)
        start = time.perf_counter()
        picture = _read(place.picture, Path(scratch), run)
        todo = Todo(
            picture=picture,
            request=_request(arguments, picture, place.picture),
            output=place.output,
            origin=None if "://" in place.picture else Path(place.picture),
        )
        deliver(
            todo,
            run=run,
            scratch=Path(scratch),
            as_json=arguments.json,
            reading_s=time.perf_counter() - start,
        )


def _read(picture: str, scratch: Path, run: Run) -> Picture:
    """The picture, fetched first when it is an address."""
    from layersplit.reading import read_picture  # noqa: PLC0415 - as in _one

    if "://" not in picture:
        return read_picture(Path(picture))
    from layersplit.remote.download import fetch_picture  # noqa: PLC0415 - httpx

    return read_picture(fetch_picture(picture, scratch, run))


def _request(arguments: argparse.Namespace, picture: Picture, source: str) -> SplitRequest:
    """What the user asked for, as one value."""
    from layersplit.domain import Hints, SplitRequest  # noqa: PLC0415 - as in _one
    from layersplit.reading import read_mask  # noqa: PLC0415
    from layersplit.settings import load_settings  # noqa: PLC0415

    chosen = arguments.provider or load_settings().provider
    mask = None if arguments.mask is None else read_mask(arguments.mask, picture.extent)
    _say_ignored(chosen, arguments)
    return SplitRequest(
        provider=chosen,
        layer_count=arguments.layers,
        prompt=arguments.prompt,
        negative_prompt=arguments.negative_prompt,
        hints=Hints(boxes=tuple(arguments.box), points=tuple(arguments.point), mask=mask),
        resolution=arguments.resolution,
        seed=arguments.seed,
        steps=arguments.steps,
        guidance=arguments.guidance,
        colours=arguments.colours,
        fresh=arguments.fresh,
        address=source if arguments.by_address else None,
        model=arguments.model,
        plan=arguments.plan,
    )


_OPTION_FIELDS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "resolution": "resolution",
    "seed": "seed",
    "steps": "steps",
    "guidance": "guidance",
    "fresh": "fresh",
    "by_address": "address",
    "model": "model",
    "plan": "plan",
}
"""Arguments that only some providers have, and the capability that stands for them."""


def _say_ignored(provider: str, arguments: argparse.Namespace) -> None:
    """Say which arguments the provider does not have; none of them changes what is kept or paid."""
    options = CAPABILITIES[provider].options
    ignored = [
        "--" + name.replace("_", "-")
        for name, field in _OPTION_FIELDS.items()
        if getattr(arguments, name) not in (None, "", False) and field not in options
    ]
    if ignored:
        say(f"{CAPABILITIES[provider].title} has no {', '.join(ignored)}: ignored.")
