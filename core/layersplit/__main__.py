"""The way in: the worker process, or the command line.

The worker is told apart before anything else is imported, because a host waits for its greeting.
"""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command that the arguments name; returns the exit status."""
    if sys.argv[1:] == ["worker"]:
        from layersplit.worker import main as worker  # noqa: PLC0415 - see the module's docstring

        return worker()
    try:
        from layersplit.cli import main as command_line  # noqa: PLC0415 - as above

        return command_line(sys.argv[1:])
    except KeyboardInterrupt:  # while the command itself was being loaded
        sys.stderr.write("Cancelled. Nothing was written.\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
