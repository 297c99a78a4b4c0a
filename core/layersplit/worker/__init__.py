"""The worker process: one for each host, JSON lines on its standard input and output.

    stdout     greeting first, then answers; nothing else, whatever a library or a child prints
    stdin      requests; its end means that the host is gone, and so is the worker 0.2 s later
    stderr     whatever libraries say; the host keeps the last lines for the log

    main thread    reads requests, so the end of the input is always seen
    desk           one job at a time
    questions      providers and doctor, answered also while a job runs
    outbox         writes, so that a host that does not read blocks nobody

Only the standard library is imported before a job needs more: the greeting comes at once.
"""

from __future__ import annotations

import os

from layersplit.worker.channel import take_over

__all__ = ["main"]


def main() -> int:
    """Serve one host until it says ``bye`` or is gone. Does not return: the process ends here."""
    requests, wire = take_over()
    from layersplit.worker.service import serve  # noqa: PLC0415 - nothing may print before this

    os._exit(serve(requests, wire))
