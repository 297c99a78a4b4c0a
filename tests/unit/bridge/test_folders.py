import os
import subprocess
import sys
import time

import pytest

from layersplit.bridge import folders
from layersplit.bridge.failures import JobFolderError
from layersplit.bridge.folders import JobFolder, remove_left_behind
from layersplit.bridge.messages import LayerFile, RawPicture

PICTURE = RawPicture(2, 3)
PIXELS = bytes(range(24))


def make_old(folder):
    past = time.time() - 60
    os.utime(folder, (past, past))


def test_only_the_user_can_read_a_job_folder():
    with JobFolder() as job:
        assert job.path.stat().st_mode & 0o077 == 0


def test_what_was_written_is_there_and_goes_with_the_folder(data_folder):
    with JobFolder() as job:
        job.write_source(PICTURE, memoryview(PIXELS), profile=b"icc")
        assert (job.path / "source.raw").read_bytes() == PIXELS
        assert (job.path / "source.icc").read_bytes() == b"icc"
        assert job.path.parent == data_folder / "work"
    assert not job.path.exists()


def test_pixels_of_the_wrong_length_are_refused_before_the_job_starts():
    with JobFolder() as job, pytest.raises(JobFolderError, match="23 bytes; 2 x 3 pixels need 24"):
        job.write_source(PICTURE, PIXELS[:23])


def test_a_selection_has_one_byte_a_pixel_of_its_bounds():
    picture = RawPicture(2, 3, selection=[0, 1, 2, 2])
    with JobFolder() as job:
        job.write_source(picture, PIXELS, selection=b"1234")
        assert (job.path / "selection.raw").read_bytes() == b"1234"
        with pytest.raises(JobFolderError, match=r"selection\.raw has 3 bytes"):
            job.write_source(picture, PIXELS, selection=b"123")


@pytest.mark.parametrize(("depth", "size"), [("u8", 24), ("u16", 48), ("f32", 96)])
def test_a_layer_is_read_only_when_it_is_complete(depth, size):
    layer = LayerFile("layer-0.raw", "Sky", [0, 0, 2, 3])
    with JobFolder() as job:
        (job.path / "layer-0.raw").write_bytes(bytes(size))
        assert job.read_layer(layer, depth) == bytes(size)
        (job.path / "layer-0.raw").write_bytes(bytes(size - 1))
        with pytest.raises(JobFolderError, match=f"need {size}"):
            job.read_layer(layer, depth)


def test_a_layer_file_lies_in_its_folder_whatever_its_name_says(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(24))
    with JobFolder() as job, pytest.raises(JobFolderError, match="secret cannot be read"):
        job.read_layer(LayerFile(str(tmp_path / "secret"), "x", [0, 0, 2, 3]), "u8")


def test_the_folder_of_a_killed_host_is_removed_by_the_next_one(data_folder):
    program = (
        "import os; from layersplit.bridge.folders import JobFolder; job = JobFolder();"
        "(job.path / 'source.raw').write_bytes(b'x'); print(job.path, flush=True); os.kill(0, 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True, check=False
    )
    left = folders.Path(killed.stdout.decode().strip())
    assert (left / "source.raw").exists()
    make_old(left)
    remove_left_behind()
    assert not left.exists()


def test_the_folder_of_a_living_host_stays():
    with JobFolder() as job:
        make_old(job.path)
        remove_left_behind()
        assert job.path.exists()


def test_a_folder_that_was_just_made_stays(data_folder):
    fresh = data_folder / "work" / "job-fresh"
    fresh.mkdir(parents=True)
    remove_left_behind()
    assert fresh.exists()
    make_old(fresh)
    remove_left_behind()
    assert not fresh.exists()


def test_a_home_that_cannot_be_written_is_no_obstacle(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "file" / "home"))
    with JobFolder() as job:
        assert job.path.is_dir()
        assert job.path.stat().st_mode & 0o077 == 0
    assert not job.path.exists()
