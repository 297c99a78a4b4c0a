"""The proof that an installation works: the doctor's checks, and a sample picture that is split."""

from __future__ import annotations

import json
import threading
from typing import List, Tuple

from layersplit.bridge import paths
from layersplit.bridge.failures import InstallError
from layersplit.bridge.history import keep_speed
from layersplit.bridge.hostlog import note
from layersplit.bridge.setup.home import SAMPLE
from layersplit.bridge.setup.private_environment import PrivateEnvironment
from layersplit.bridge.setup.reporting import Reporter
from layersplit.bridge.setup.running import Programs

POSTER = ("samples", "poster.png")


class Proof:
    """Runs the installed Layersplit as a person would."""

    def __init__(
        self, environment: PrivateEnvironment, reporter: Reporter, stop: threading.Event
    ) -> None:
        self._environment = environment
        self._reporter = reporter
        self._run = Programs(stop=stop)
        self.sample = paths.data_folder() / SAMPLE

    def consult(self) -> None:
        """Run the doctor and tell what is not fine; that stops nothing, the sample is the proof."""
        self._reporter.now("Doctor", "checking")
        finished = self._run(self._environment.command("doctor"))
        complaints, providers = _sorted_out(finished.output)
        self._reporter.done("Doctor", "; ".join(complaints) or "all that is needed is fine")
        if providers:
            names = ", ".join(providers)
            self._reporter.done("", "not set up: %s ('layersplit providers' says how)" % names)

    def split_sample(self) -> None:
        """Split the poster with the embedded splitter; raises InstallError."""
        self._reporter.now("Sample", "splitting a picture")
        poster = self._environment.package().joinpath(*POSTER)
        partial = self.sample.with_name("partial-" + SAMPLE)
        finished = self._run(
            self._environment.command(
                "split", str(poster), "-o", str(partial), "--provider", "classic", "--json"
            )
        )
        if finished.status != 0 or not partial.exists():
            note("the sample could not be split:\n%s" % finished.output)
            raise InstallError("install-sample", detail=(finished.output.splitlines() or ["?"])[0])
        partial.replace(self.sample)
        _keep_speed(finished.output)
        self._reporter.done("Sample", str(self.sample))


def _keep_speed(said: str) -> None:
    """Write down how long it took: the first estimate of a dialog comes from here."""
    for line in said.splitlines():
        try:
            report = json.loads(line)
            width, height = report["extent"]
            seconds = sum(report["seconds"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        keep_speed("classic", width * height, seconds)


def _sorted_out(said: str) -> Tuple[List[str], List[str]]:
    """What the doctor complains about, and the providers that are merely not set up."""
    complaints, providers = [], []
    for line in said.splitlines():
        name, _, sentence = line.partition(": ")
        if sentence in ("", "fine"):
            continue
        if name.startswith("provider ") and name != "provider classic":
            providers.append(name.split(" ", 1)[1])
        else:
            complaints.append(line)
    return complaints, providers
