"""Past runs on the disk: kept, brought back, pruned, and what they say about the next one."""

import json
import time

import pytest

from layersplit.bridge import history, paths
from layersplit.bridge.history import Entry
from layersplit.bridge.messages import LayerFile
from layersplit.bridge.setup import proof


def entry(job, **changes):
    facts = {"title": "Poster", "host": "krita", "provider": "classic", "order": "bgra"}
    return Entry(job=job, width=10, height=10, depth="u8", **{**facts, **changes})


def keep(job, folder, pixels=b"abc" * 100, **changes):
    history.begin(entry(job, **changes))
    (folder / "layer-0.raw").write_bytes(pixels)
    layers = [LayerFile("layer-0.raw", "Sky", [0, 0, 5, 5])]
    for _ in history.keep_layers(job, layers, folder):
        pass


def test_layers_come_back_byte_for_byte(data_folder, tmp_path):
    pixels = bytes(range(256)) * 5000
    keep("1", tmp_path, pixels)
    (kept,) = history.entries()
    assert (kept.state, kept.layer_files()[0].name) == (history.DONE, "Sky")
    place = tmp_path / "again"
    place.mkdir()
    for _ in history.unpack_layers(kept, place):
        pass
    assert (place / "layer-0.raw").read_bytes() == pixels


def test_the_newest_comes_first_and_a_torn_entry_is_passed_by(data_folder):
    for number in (1, 2, 3):
        history.save(entry(str(number), started=float(number)))
    (history.folder_of("2") / "entry.json").write_text("{")
    assert [found.job for found in history.entries()] == ["3", "1"]


def test_a_job_cannot_name_a_place_outside(data_folder):
    assert history.folder_of("../../etc").parent == data_folder / "history"


def test_a_full_disk_leaves_the_run_unfinished(data_folder, tmp_path):
    history.begin(entry("1"))
    with pytest.raises(OSError, match="gone"):
        for _ in history.keep_layers("1", [LayerFile("gone.raw", "Sky", [0, 0, 1, 1])], tmp_path):
            pass
    assert history.entry_of("1").state == history.RUNNING


def test_only_a_paid_run_that_did_not_finish_can_be_continued():
    assert entry("1", provider="fal", state=history.FAILED).can_continue
    assert not entry("1", provider="fal", state=history.DONE).can_continue
    assert not entry("1", state=history.FAILED).can_continue


def test_what_was_never_inserted_goes_last(data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MOST_ENTRIES", 3)
    keep("lost", tmp_path)
    for number in range(4):
        keep(f"seen-{number}", tmp_path, inserted=True)
        history.change(f"seen-{number}", started=time.time() + number + 1)
    jobs = {found.job for found in history.entries()}
    assert "lost" in jobs
    assert "seen-3" in jobs
    assert "seen-0" not in jobs
    history.delete("lost")
    assert history.entry_of("lost") is None


def test_an_estimate_grows_with_the_picture_on_this_computer_alone(data_folder):
    history.save(entry("1", seconds=2.0, started=1.0))
    history.save(entry("2", provider="fal", seconds=30.0, started=1.0))
    assert history.estimate_s("classic", 20, 10) == 4.0
    assert history.estimate_s("fal", 20, 10) == 30.0
    assert history.estimate_s("replicate", 20, 10) is None


def test_the_first_estimate_comes_from_the_sample_of_the_set_up(data_folder):
    assert history.estimate_s("classic", 20, 10) is None
    report = {"extent": [10, 10], "seconds": {"prepare": 0.5, "provider": 1.5}}
    proof._keep_speed("a warning\n" + json.dumps(report))
    assert history.estimate_s("classic", 20, 10) == 4.0


@pytest.mark.parametrize("said", ["", "no JSON", "[]", '{"extent": 3}', "null"])
def test_a_sample_that_says_nothing_gives_no_estimate(data_folder, said):
    proof._keep_speed(said)
    assert history.estimate_s("classic", 20, 10) is None


def test_a_torn_speed_gives_no_estimate(data_folder):
    history.speed_file().write_text('{"classic": {"seconds": "soon"}}')
    assert history.estimate_s("classic", 20, 10) is None
    assert paths.data_folder() == data_folder
