"""The real worker with jobs that misbehave; the description of a job says how.

chatter   prints in every way there is         wait     sleeps until it is cancelled
stuck     hangs in C without the GIL           locked   hangs in C and keeps the GIL
crash     ends the process                     raise    a fault that nobody foresaw
scratch   fills its scratch folder, then waits nan      reports a number that JSON does not have
fail      a failure with sentences
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from layersplit.bridge.messages import Result
from layersplit.errors import Cancelled, ProviderError
from layersplit.log import open_log
from layersplit.worker import main, work


def perform(request, listener, cancelled):
    open_log()
    listener("prepare", 0.0, "Reading")
    try:
        return misbehave(request, listener, cancelled)
    except BaseException as error:  # noqa: BLE001 - as the real one
        return work.failure(error, request.job)


def misbehave(request, listener, cancelled):
    trick = request.options.prompt
    report = {"layers": []}
    if trick == "chatter":
        print("from print")
        sys.stdout.write("from write\n")
        os.write(1, b"from descriptor 1\n")
        ctypes.CDLL(None).puts(b"from C")
        ctypes.CDLL(None).fflush(None)
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        subprocess.run([sys.executable, "-c", "import sys; sys.stdin.read()"], check=True)
    elif trick == "stuck":
        time.sleep(60)
    elif trick == "locked":
        time.sleep(0.2)  # what was said before gets out
        re.match(r"(a+)+b", "a" * 60)
    elif trick == "crash":
        os.abort()
    elif trick == "raise":
        raise RuntimeError("the secret cause")
    elif trick == "fail":
        raise ProviderError("It broke.", meaning="Sad.", remedy="Mend it.", may_have_cost=True)
    elif trick == "nan":
        report = {"psnr": float("nan")}
    elif trick in ("wait", "scratch"):
        if trick == "scratch":
            scratch = Path(request.folder) / "scratch"
            scratch.mkdir()
            (scratch / "big").write_bytes(bytes(1 << 20))
        listener("provider", 0.5, "Waiting")
        cancelled.wait(60)
        raise Cancelled("It is not charged.")
    return Result(request.job, [], report)


if __name__ == "__main__":
    work.perform = perform
    main()
