"""The log never gets in the way of what it is about."""

import errno
import logging

import pytest

from layersplit import log


class FullDisk:
    """A file that takes nothing."""

    def write(self, _text):
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self):
        pass

    def close(self):
        pass


@pytest.fixture
def opened(monkeypatch, tmp_path):
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(log.LOG, "handlers", [])
    monkeypatch.setattr(log.LOG, "propagate", log.LOG.propagate)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    log.open_log()
    yield log.LOG.handlers[0]
    log.LOG.handlers[0].close()


def test_a_full_disk_is_not_told_with_a_traceback(opened, capsys):
    opened.acquire()
    before, opened.stream = opened.stream, FullDisk()
    if before is not None:
        before.close()
    opened.release()
    log.LOG.error("something happened")
    said = capsys.readouterr()
    assert said.out + said.err == ""


def test_what_happens_is_in_a_file_of_the_users_own(opened):
    log.LOG.error("something happened")
    opened.flush()
    file = log.log_file()
    assert "something happened" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
