"""Results: at once, in parallel, bounded, verified; and pictures that the user named by address.

Downloads go over https (loopback excepted) without the key; every redirect is checked like the
first address, and there are not many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from layersplit.domain import U8
from layersplit.errors import InputError, UnreachableError
from layersplit.private_files import private_folder
from layersplit.remote.addresses import Addresses
from layersplit.remote.exchange import in_background, in_parallel
from layersplit.remote.images import MAX_FILE_BYTES, decode_layer
from layersplit.remote.service import Inline, Link, Output
from layersplit.remote.timing import Timing, pause, retry_after
from layersplit.remote.transport import Transport
from layersplit.remote.trouble import PASSING, Kind, Trouble, judge
from layersplit.remote.wire import Reply
from layersplit.run import Run

WIDTH: Final = 4
MAX_REDIRECTS: Final = 5
ATTEMPTS: Final = 4
MAX_LAYERS: Final = 32
MAX_PICTURE_BYTES: Final = 512 * 1024**2
MAX_TOTAL_S: Final = 300.0
_PASSING: Final = (408, 425, 429)


def fetch_layers(
    outputs: Sequence[Output], transport: Transport, *, run: Run
) -> tuple[list[bytes], list[U8]]:
    """The files of all layers and their pixels, in the order of ``outputs``.

    Raises Trouble: EXPIRED when a link no longer works, GARBLED for a file that is no layer.
    """
    if len(outputs) > MAX_LAYERS:
        raise Trouble(Kind.GARBLED, f"{len(outputs)} layers")
    run.progress("provider", 0.9, "Bringing the layers")
    try:
        pairs = in_parallel(
            [partial(_one, output, transport) for output in outputs],
            run=run,
            width=WIDTH,
            limit_s=MAX_TOTAL_S,
            finished=lambda count: run.progress(
                "provider", 0.9 + 0.1 * count / len(outputs), "Bringing the layers"
            ),
        )
    except TimeoutError:
        raise Trouble(Kind.SLOW) from None
    return [content for content, _ in pairs], [pixels for _, pixels in pairs]


def _one(output: Output, transport: Transport) -> tuple[bytes, U8]:
    match output:
        case Inline(content=content):
            return content, decode_layer(content)
        case Link(url=url):
            return _download(url, transport)


def _download(url: str, transport: Transport) -> tuple[bytes, U8]:
    """One layer, tried again while that can help: connections break, and files come cut short."""
    for attempt in range(ATTEMPTS):
        try:
            reply = _follow(url, transport, MAX_FILE_BYTES)
            return reply.content, decode_layer(reply.content)
        except Trouble as trouble:
            again = trouble.kind in PASSING or trouble.kind is Kind.GARBLED
            if not again or attempt == ATTEMPTS - 1:
                raise
            transport.run.wait(pause(transport.timing, attempt, trouble.wait_s))
    raise AssertionError  # the last attempt has returned or raised


def _follow(url: str, transport: Transport, max_bytes: int) -> Reply:
    """Read ``url`` through at most a few redirects; raises Trouble."""
    for _ in range(MAX_REDIRECTS + 1):
        reply = transport.read_elsewhere(transport.check_link(url), max_bytes)
        if reply.status not in (301, 302, 303, 307, 308):
            break
        url = urljoin(url, reply.headers.get("location", ""))
    else:
        raise Trouble(Kind.UNSAFE, "too many redirects")
    if 400 <= reply.status < 500 and reply.status not in _PASSING:
        # Somebody else's server, mostly: it says nothing of the job.
        raise Trouble(Kind.EXPIRED, status=reply.status)
    if not 200 <= reply.status < 300:
        raise judge(reply.status, "", retry_after(reply.headers.get("retry-after")))
    return reply


def fetch_picture(address: str, scratch: Path, run: Run) -> Path:
    """Read the picture at a public https address into a file in ``scratch``; returns its path.

    The file has the name of the address, so that titles and outputs are named after it. Whether it
    is a picture is for the reader of the file to say. Raises InputError and UnreachableError.
    """
    nowhere = Addresses(hosts={"": "https://invalid."}, is_public=True)
    transport = Transport(nowhere, run=run, timing=Timing(), explain=lambda _status, _body: None)
    run.progress("prepare", None, "Reading the picture's address")
    try:
        reply = in_background(
            lambda: _follow(address, transport, MAX_PICTURE_BYTES), run=run, limit_s=MAX_TOTAL_S
        )
    except (Trouble, TimeoutError) as raised:
        raise _not_read(address, raised) from raised
    finally:
        transport.close()
    folder = private_folder(scratch / hashlib.blake2b(address.encode(), digest_size=8).hexdigest())
    file = folder / (PurePosixPath(unquote(urlsplit(address).path)).name or "picture")
    file.write_bytes(reply.content)
    return file


def _not_read(address: str, raised: Exception) -> InputError | UnreachableError:
    host = urlsplit(address).hostname or address
    kind = raised.kind if isinstance(raised, Trouble) else Kind.SLOW
    if kind is Kind.UNSAFE:
        return InputError(
            f"The picture's address cannot be used: {raised.said}.",  # type: ignore[attr-defined]  # UNSAFE is a Trouble's
            meaning="Only public https addresses are read. Nothing was split.",
            remedy="Save the picture and name the file.",
        )
    if kind in {Kind.EXPIRED, Kind.GARBLED}:
        return InputError(
            f"{host} does not hand out a picture at this address.",
            meaning="Nothing was split.",
            remedy="Open the address in a browser; save the picture and name the file.",
        )
    return UnreachableError(
        f"The picture could not be read from {host}.",
        meaning="Nothing was split.",
        remedy="Check the connection and the address, then try again.",
        retry_helps=True,
    )
