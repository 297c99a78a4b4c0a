#!/usr/bin/env python3
"""Install Layersplit: python3 install.py (see --help). Needs Python 3.11 or newer, nothing else.

This file is readable for any Python 3, so that an old one can say what is missing instead of
stumbling. Everything else is in core/layersplit/bridge/setup.
"""

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
READABLE_SINCE = (3, 9)


def main():
    """Run set-up, with the oldest Python that can read it or newer; returns the exit status."""
    if sys.version_info < READABLE_SINCE:
        sys.stderr.write(
            "Layersplit needs Python 3.11 or newer; this is %d.%d.\n"
            "Nothing was installed.\n"
            "Run install.py with a newer one, for example: python3.12 install.py\n"
            % sys.version_info[:2]
        )
        return 5
    if not os.path.isfile(os.path.join(ROOT, "core", "layersplit", "__init__.py")):
        sys.stderr.write(
            "This copy of Layersplit is not complete: the folder 'core' is missing.\n"
            "Nothing was installed.\n"
            "Fetch it again and run install.py in its folder.\n"
        )
        return 5
    sys.dont_write_bytecode = True  # nothing is left behind in the checkout
    sys.path.insert(0, os.path.join(ROOT, "core"))
    from pathlib import Path  # noqa: PLC0415 - see the module's docstring

    from layersplit.bridge.setup.command import main as command  # noqa: PLC0415 - as above

    return command(sys.argv[1:], Path(ROOT))


if __name__ == "__main__":
    sys.exit(main())
