"""What is no picture is refused in three good sentences."""

import os
import sys

import pytest
from PIL import Image

from layersplit.errors import InputError
from layersplit.reading import read_picture


def refusal(path):
    with pytest.raises(InputError) as refused:
        read_picture(path)
    for sentence in refused.value.sentences:
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 200
    return refused.value


def test_a_missing_file(tmp_path):
    assert "no file 'absent.png'" in refusal(tmp_path / "absent.png").fact
    (tmp_path / "file").write_bytes(b"x")
    assert "no file" in refusal(tmp_path / "file" / "in.png").fact
    assert "no file" in refusal(tmp_path / "nul\0.png").fact


def test_a_folder(tmp_path):
    assert "folder" in refusal(tmp_path).fact


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "in.png"
    Image.new("RGB", (2, 2)).save(path)
    path.chmod(0)
    assert "may not read" in refusal(path).fact


def test_an_empty_file(tmp_path):
    (tmp_path / "in.png").touch()
    assert "is empty" in refusal(tmp_path / "in.png").fact


@pytest.mark.parametrize(
    "content",
    [b"These are notes.", b"\x89PNG", b"\0", b"P6 2 2 255 abc", bytes(5000), b"RIFF1234AVI "],
)
def test_what_is_no_picture(tmp_path, content):
    (tmp_path / "in.png").write_bytes(content)
    assert "not a picture" in refusal(tmp_path / "in.png").fact


@pytest.mark.parametrize("content", [b"8BPS\0\1", b"PK\x03\x04", b"%PDF-1.7", b"gimp xcf v011"])
def test_documents_are_called_by_their_kind(tmp_path, content):
    (tmp_path / "in.png").write_bytes(content + bytes(100))
    assert "PNG" in refusal(tmp_path / "in.png").remedy


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_pipe_or_device_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a picture" in refusal(tmp_path / "pipe.png").fact
    assert "not a picture" in refusal(type(tmp_path)("/dev/zero")).fact


def test_a_name_cannot_break_the_message(tmp_path):
    path = tmp_path / "two\nlines\x1b[31m.png"
    assert "two?lines?[31m.png" in refusal(path).fact


def test_the_name_says_nothing_about_the_format(tmp_path):
    Image.new("RGB", (3, 2), "red").save(tmp_path / "in.png", "JPEG")
    assert read_picture(tmp_path / "in.png").extent.width == 3
    Image.new("RGB", (3, 2), "red").save(tmp_path / "no-suffix", "PNG")
    picture = read_picture(tmp_path / "no-suffix")
    assert picture.title == "no-suffix"
