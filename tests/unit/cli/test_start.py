"""Ctrl+C before the command itself listens to it."""

import sys

from layersplit.__main__ import main


class _Interrupted:
    """Stands where the command line is imported from; the user presses Ctrl+C meanwhile."""

    def __getattr__(self, name):
        raise KeyboardInterrupt


def test_a_stop_during_the_start_is_a_stop_like_any_other(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["layersplit", "split", "picture.png"])
    monkeypatch.setitem(sys.modules, "layersplit.cli", _Interrupted())
    assert main() == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Cancelled. Nothing was written.\n"
