"""Kritas of their own: one that ends in the middle of a run, one that is not set up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from krita_host import DIALOG, PROGRESS, KritaHost, home_of
from pictures import poster, to_bgra

WORKER = "layersplit worker"


@pytest.fixture
def running(krita_place: tuple[Path, Path, Path]) -> Iterator[KritaHost]:
    """A Krita of its own, in the middle of a run."""
    root, home, wheels = krita_place
    with contextlib.closing(KritaHost(root, home, wheels, name="krita-ends")) as krita:
        krita.launch()
        krita.new_document("large", to_bgra(poster((3000, 2000))))
        krita.call("trigger", "layersplit_again")
        krita.wait_until("a worker", lambda: krita.do("processes", WORKER))
        krita.wait_until("it works", lambda: "Reading" not in krita.text(PROGRESS))
        yield krita


def test_a_killed_krita_leaves_no_process_and_the_next_one_cleans_up(running: KritaHost) -> None:
    running.do("kill", "SIGKILL")
    running.wait_until("no worker", lambda: not running.do("processes", WORKER), 1.0)
    assert list((home_of(running) / "work").glob("job-*"))
    for left in (home_of(running) / "work").glob("job-*"):
        running.run("touch", "-d", "1 minute ago", f"/work/{left.relative_to(running.work)}")
    running.launch()
    running.new_document("small", to_bgra(poster()))
    running.split_again("small")
    running.wait_until("clean", lambda: not list((home_of(running) / "work").glob("job-*")))


def test_quitting_krita_ends_the_worker_and_krita_ends_well(running: KritaHost) -> None:
    running.call("quit_krita")
    assert running.do("wait_for_end", 20) == 0
    running.wait_until("no worker", lambda: not running.do("processes", WORKER), 1.0)
    assert not list((home_of(running) / "work").glob("job-*"))


def test_the_plugin_costs_no_measurable_time_at_the_start(running: KritaHost) -> None:
    milliseconds = running.call("import_cost")
    print("importing the plug-in:", milliseconds, "ms")
    assert milliseconds < 50


@pytest.fixture
def unprepared(krita_place: tuple[Path, Path, Path]) -> Iterator[KritaHost]:
    """A Krita whose private environment is gone; its packages lie in /wheels."""
    root, home, wheels = krita_place
    with contextlib.closing(KritaHost(root, home, wheels, name="krita-unprepared")) as krita:
        record = home_of(krita) / "install.json"
        krita.run("mv", "/work/.local/share/layersplit/venv", "/work/venv-away")
        kept = record.read_text(encoding="utf-8")
        try:
            krita.launch(PIP_NO_INDEX="1", PIP_FIND_LINKS="/wheels")
            yield krita
        finally:
            if not record.exists():
                record.write_text(kept, encoding="utf-8")
            krita.run("bash", "-c", "cd /work; [ -e .local/share/layersplit/venv ] ||"
                      " mv venv-away .local/share/layersplit/venv; rm -rf venv-away")  # fmt: skip


def test_a_missing_environment_is_said_and_made_from_inside(unprepared: KritaHost) -> None:
    krita = unprepared
    krita.new_document("first", to_bgra(poster()))
    krita.call("trigger", "layersplit_split")
    krita.wait_until("the reason", lambda: "is not there" in krita.text(DIALOG))
    krita.screenshot("not-set-up")
    assert not krita.call("is_button_enabled", DIALOG, "Split")
    krita.call("press_button", DIALOG, "Set Up")
    krita.wait_until("set-up", lambda: krita.window("layersplit_setup"))
    krita.screenshot("setting-up")
    krita.wait_until("ready", lambda: krita.call("is_button_enabled", DIALOG, "Split"), 600)
    krita.call("press_button", DIALOG, "Split")
    krita.wait_for_groups("first", 1)
