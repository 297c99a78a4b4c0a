"""Room for mapped pixels: taken at once, or refused as an ordinary error."""

import errno
import os
import sys

import numpy as np
import pytest

from layersplit import scratch_file
from layersplit.domain import Bounds
from layersplit.restore.canvases import Canvas
from layersplit.scratch_file import take_room


def test_the_file_is_as_long_as_asked_and_zero(tmp_path):
    for size in (0, 1, 70_000):
        path = tmp_path / str(size)
        with path.open("wb") as file:
            take_room(file, size)
        assert path.read_bytes() == bytes(size)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="room is taken on Linux")
def test_a_full_disk_is_an_error_before_anything_is_mapped(tmp_path, monkeypatch):
    def full(_descriptor, _start, _size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        Canvas(
            bounds=Bounds(x=0, y=0, width=8, height=8),
            dtype=np.dtype(np.uint8),
            file=tmp_path / "layer",
        )


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="room is taken on Linux")
def test_a_file_system_that_cannot_take_room_is_no_hindrance(tmp_path, monkeypatch):
    def unknown(_descriptor, _start, _size):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(scratch_file.os, "posix_fallocate", unknown)
    with (tmp_path / "file").open("wb") as file:
        take_room(file, 10)
    assert (tmp_path / "file").stat().st_size == 10
