"""A worker that does what a test tells it: ``python worker.py GREETING``, and a job's description.

GREETING   hello, silent (never greets), old (another protocol), noise (prints first), gone (ends)
prompt     ok (a result), hang (until cancelled), deaf (hangs and ignores the cancellation),
           die (ends at once), late-die (ends in the stage "provider"), frozen (reads nothing more)
Like the real one it does one job at a time and ends with its standard input.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque

from layersplit.bridge import texts
from layersplit.bridge.lines import lines_of
from layersplit.bridge.messages import (
    PROTOCOL,
    Bye,
    Cancel,
    Doctor,
    DoctorReport,
    Hello,
    Progress,
    Providers,
    Result,
    Split,
    decode_line,
    encode_line,
)


def say(message):
    os.write(1, encode_line(message))


def greet(how):
    if how == "silent":
        time.sleep(60)
    elif how == "noise":
        os.write(1, b"Loading libraries...\n")
    elif how == "gone":
        os.write(2, b"Fatal Python error: no library\n")
        sys.exit(7)
    say(Hello(PROTOCOL + (how == "old"), "test", ["classic"]))


def main():
    greet(sys.argv[1])
    queue: deque[Split] = deque()
    for line in lines_of(0):
        message = decode_line(line)
        if isinstance(message, Split):
            queue.append(message)
            if len(queue) > 1:
                say(Progress(message.job, "queued", None, "waiting"))
                continue
        elif isinstance(message, Cancel):
            running = queue[0]
            if message.job == running.job and running.options.prompt == "deaf":
                continue
            queue.remove(next(job for job in queue if job.job == message.job))
            say(texts.failed("cancelled", message.job))
            if message.job != running.job:
                continue
        elif isinstance(message, Providers):
            continue
        elif isinstance(message, Doctor):
            say(DoctorReport([["packages", None]]))
            continue
        elif isinstance(message, Bye):
            return
        while queue and work(queue[0]):
            queue.popleft()


def work(job):
    """Do one job; False when it goes on until somebody cancels it."""
    what = job.options.prompt
    say(Progress(job.job, "prepare", 0.0, "reading"))
    if what == "die":
        os._exit(9)
    if what == "late-die":
        say(Progress(job.job, "provider", 0.5, "splitting"))
        os._exit(9)
    if what == "frozen":
        time.sleep(60)
    if what != "ok":
        return False
    say(Result(job.job, [], {"layers": []}))
    return True


if __name__ == "__main__":
    main()
