"""Where a result goes, and that nothing half-written is ever there."""

import errno
import os
import threading
import time

import numpy as np
import pytest
from fakes.stacks import picture_for, stack_of

from layersplit.domain import Extent, Picture
from layersplit.errors import Cancelled, InputError
from layersplit.export import check_target, shelf, write
from layersplit.export.psd_stream import PsdStream
from layersplit.run import Run

SIZE = Extent(width=300, height=200)
FORMS = [".ora", ".psd", ".psb", ".zip", ""]


def noise():
    random = np.random.default_rng(1)
    layers = [(random.integers(0, 256, (200, 300, 4), dtype=np.uint8), 0, 0) for _ in range(3)]
    return stack_of(*layers, extent=SIZE)


STACK = noise()
SOURCE = picture_for(STACK)


def put(out, run=None):
    return write(STACK, SOURCE, out, run=run or Run(), report={})


def refusal(out):
    with pytest.raises(InputError) as refused:
        put(out)
    for sentence in refused.value.sentences:
        assert sentence.endswith(".")
        assert "\n" not in sentence
    return refused.value


@pytest.mark.parametrize("suffix", FORMS)
def test_the_result_is_what_is_returned_and_nothing_else_is_there(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    assert put(out) == out
    assert list(tmp_path.iterdir()) == [out]
    assert out.is_dir() == (suffix == "")


def test_the_ending_may_be_in_capitals(tmp_path):
    put(tmp_path / "OUT.PSD")
    assert (tmp_path / "OUT.PSD").read_bytes()[:4] == b"8BPS"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("suffix", FORMS)
def test_the_result_has_the_permissions_of_any_new_file(tmp_path, suffix):
    out = put(tmp_path / f"out{suffix}")
    (tmp_path / "other").mkdir() if out.is_dir() else (tmp_path / "other").touch()
    assert out.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_cancel_leaves_nothing(tmp_path, suffix, share):
    cancelled = threading.Event()

    def listen(_stage, fraction, _sentence):
        if fraction >= share:
            cancelled.set()

    with pytest.raises(Cancelled):
        put(tmp_path / f"out{suffix}", Run(listen, cancelled))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMS)
def test_a_cancel_leaves_what_was_there_before(tmp_path, suffix):
    out = put(tmp_path / f"out{suffix}")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    cancelled = threading.Event()
    with pytest.raises(Cancelled):
        put(
            out,
            Run(lambda _stage, fraction, _sentence: fraction > 0.5 and cancelled.set(), cancelled),
        )
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "full"), (errno.EFBIG, "larger"), (errno.EIO, "cannot be written"),
     (errno.EACCES, "may not write")],
)  # fmt: skip
@pytest.mark.parametrize("suffix", FORMS)
def test_a_disk_that_fails_halfway_is_said_and_nothing_stays(
    tmp_path, monkeypatch, suffix, number, word
):
    calls = iter(range(100_000))

    def fail(original):
        def wrapper(*arguments, **options):
            if next(calls) == 2:
                raise OSError(number, os.strerror(number))
            return original(*arguments, **options)

        return wrapper

    monkeypatch.setattr(shelf, "write_png", fail(shelf.write_png))
    monkeypatch.setattr(PsdStream, "channels", fail(PsdStream.channels))
    assert word in refusal(tmp_path / f"out{suffix}").fact
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="the limit is POSIX")
@pytest.mark.parametrize("suffix", FORMS)
def test_a_real_limit_of_the_file_size_is_said_and_nothing_stays(tmp_path, suffix):
    import resource  # noqa: PLC0415 - POSIX only
    import signal  # noqa: PLC0415

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        refusal(tmp_path / f"out{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_an_ending_that_is_no_format_is_refused(tmp_path):
    for name in ("out.png", "out.kra", "out.tar.gz", "v1.2"):
        assert ".ora" in refusal(tmp_path / name).remedy


def test_a_folder_with_a_dot_in_its_name_is_a_folder(tmp_path):
    (tmp_path / "results.v2").mkdir()
    put(tmp_path / "results.v2")
    assert (tmp_path / "results.v2" / "manifest.json").exists()


def test_one_missing_folder_is_made_and_taken_back_on_failure(tmp_path):
    assert put(tmp_path / "new" / "out.ora").exists()
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        put(tmp_path / "other" / "out.ora", Run(cancelled=cancelled))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_place_that_is_not_there_is_said(tmp_path):
    assert "no folder" in refusal(tmp_path / "absent" / "deep" / "out.ora").fact
    (tmp_path / "file").touch()
    assert "folder" in refusal(tmp_path / "file" / "out.ora").fact


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_where_nobody_may_write_is_said(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "may not write" in refusal(tmp_path / "locked" / "out.ora").fact


def test_a_file_where_a_folder_should_be_is_said(tmp_path):
    (tmp_path / "out").write_text("mine")
    assert "is a file" in refusal(tmp_path / "out").fact
    assert (tmp_path / "out").read_text() == "mine"


def test_the_place_is_checked_before_any_work(tmp_path):
    with pytest.raises(InputError):
        check_target(tmp_path / "out.png", SIZE)
    with pytest.raises(InputError, match="30000"):
        check_target(tmp_path / "out.psd", Extent(width=40_000, height=5))
    check_target(tmp_path / "out.psb", Extent(width=40_000, height=5))
    assert list(tmp_path.iterdir()) == []


def test_progress_rises_to_one_and_names_the_layers(tmp_path):
    heard = []
    put(tmp_path / "out.ora", Run(lambda *told: heard.append(told)))
    assert {stage for stage, _, _ in heard} == {"export"}
    fractions = [fraction for _, fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert any("layer 1" in sentence for _, _, sentence in heard)


@pytest.mark.parametrize("suffix", FORMS)
def test_layers_may_lie_in_files(tmp_path, suffix):
    mapped = np.memmap(tmp_path / "layer.bin", np.uint8, "w+", shape=(200, 300, 4))
    mapped[:] = STACK.layers[0].pixels
    mapped.flush()
    readonly = np.memmap(tmp_path / "layer.bin", np.uint8, "r", shape=(200, 300, 4))
    stack = stack_of((readonly, 0, 0), extent=SIZE)
    assert write(stack, SOURCE, tmp_path / f"o{suffix}", run=Run(), report={}).exists()


@pytest.mark.parametrize("suffix", [".ora", ".psd"])
def test_a_cancel_is_noticed_at_once(tmp_path, suffix):
    pixels = np.random.default_rng(1).integers(0, 256, (3000, 4000, 4), dtype=np.uint8)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=4000, height=3000))
    exact = {"reconstruction": {"max_abs": 0}}
    cancelled, told = threading.Event(), []

    def listen(_stage, fraction, _sentence):
        if fraction > 0.1 and not told:
            told.append(time.monotonic())
            cancelled.set()

    with pytest.raises(Cancelled):
        write(
            stack,
            Picture(pixels=pixels),
            tmp_path / f"o{suffix}",
            run=Run(listen, cancelled),
            report=exact,
        )
    assert time.monotonic() - told[0] < 1.0  # two seconds are promised for everything
