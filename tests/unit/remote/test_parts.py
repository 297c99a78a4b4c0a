"""The small parts of remote: waits, words, lists, books, copies, settings."""

import io
import json
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from layersplit.capabilities import CAPABILITIES
from layersplit.domain import Arithmetic, Bounds, Hints, Picture, Point, SplitRequest
from layersplit.errors import Cancelled, InputError, SetupError
from layersplit.remote import encoding
from layersplit.remote.cache import Cache, request_key
from layersplit.remote.continuation import recall, remember
from layersplit.remote.download import fetch_picture
from layersplit.remote.exchange import in_background, in_parallel
from layersplit.remote.journal import Entry, Journal, State
from layersplit.remote.money import Book, dollars
from layersplit.remote.outputs import outputs_in
from layersplit.remote.recent import Recent, pick, rows_in, seconds
from layersplit.remote.service import Inline, Link, Lost
from layersplit.remote.timing import Timing, pause, retry_after
from layersplit.remote.trouble import Kind, Trouble, judge, tidy
from layersplit.remote.words import Standing, failure
from layersplit.run import Run
from layersplit.settings import change_settings, load_settings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# waiting


def test_retry_after_is_a_number_or_a_date():
    now = datetime(2026, 9, 21, 12, 0, 0, tzinfo=UTC)
    assert retry_after("7") == 7.0
    assert retry_after("Mon, 21 Sep 2026 12:00:30 GMT", now) == 30.0
    assert retry_after("Mon, 21 Sep 2026 11:00:30 GMT", now) == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_pauses_grow_are_spread_and_are_capped():
    timing = Timing(backoff_s=1.0, backoff_cap_s=8.0)
    assert all(0.5 <= pause(timing, 0, None) <= 1.0 for _ in range(20))
    assert all(4.0 <= pause(timing, 50, None) <= 8.0 for _ in range(20))
    assert len({pause(timing, 3, None) for _ in range(20)}) > 10
    assert pause(timing, 0, 30.0) == 30.0
    assert pause(timing, 0, 3600.0) == 60.0


def test_a_cancel_leaves_the_slow_work_behind():
    run = Run()
    late = []
    threading.Timer(0.05, run.cancelled.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        in_background(lambda: time.sleep(0.6) or "x", run=run, limit_s=9, late=late.append)
    assert time.monotonic() - began < 0.5
    time.sleep(0.8)
    assert late == ["x"]


def test_slow_work_is_left_behind_at_the_limit():
    with pytest.raises(TimeoutError):
        in_background(lambda: time.sleep(0.6), run=Run(), limit_s=0.1)


def test_parallel_work_keeps_its_order_and_its_width():
    active, most, lock = 0, 0, threading.Lock()

    def work(number):
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        time.sleep(0.01 * (5 - number))
        with lock:
            active -= 1
        return number

    told = []
    works = [lambda number=number: work(number) for number in range(5)]
    assert in_parallel(works, run=Run(), width=2, limit_s=9, finished=told.append) == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert most == 2
    assert told[-1] == 5


# words


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("name", ["wavespeed", "comfyui"])
@pytest.mark.parametrize(
    "standing",
    [
        Standing(),
        Standing(job="j", sent=True),
        Standing(job="j", sent=True, remote_id="r9"),
        Standing(job="j", sent=True, remote_id="r9", ended=True),
    ],
)
def test_every_trouble_has_three_whole_sentences(kind, name, standing):
    error = failure(Trouble(kind, "their words", wait_s=9.0), CAPABILITIES[name], standing)
    for sentence in error.sentences:
        assert sentence[0].isupper()
        assert not {"{", "}"} & set(sentence)
    if standing.remote_id:
        assert "r9" in error.meaning
    assert error.may_have_cost == (standing.sent and name == "wavespeed")


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "", Kind.BAD_KEY),
        (403, "invalid api key", Kind.BAD_KEY),
        (403, "User is locked. Reason: Exhausted balance.", Kind.NO_BALANCE),
        (403, "forbidden", Kind.NOT_ALLOWED),
        (402, "", Kind.NO_BALANCE),
        (400, "Insufficient credits", Kind.NO_BALANCE),
        (400, "Could not decode image", Kind.PICTURE),
        (422, "NSFW content", Kind.MODERATION),
        (400, "num_layers must be 1 to 8", Kind.REQUEST),
        (413, "", Kind.TOO_LARGE),
        (429, "", Kind.RATE),
        (404, "", Kind.NOT_FOUND),
        (410, "", Kind.GONE),
        (407, "", Kind.PROXY),
        (511, "", Kind.CAPTIVE),
        (302, "", Kind.CAPTIVE),
        (500, "", Kind.BUSY),
        (408, "", Kind.BUSY),
    ],
)
def test_a_refusal_is_told_apart(status, said, kind):
    assert judge(status, said).kind is kind


def test_foreign_words_are_made_fit_to_show():
    assert tidy("<b>No</b>\n\x1b[31m key sk-123456", "sk-123456") == "No [31m key (key)"
    assert len(tidy("x" * 9999)) == 300


# answers


def test_layers_are_found_in_every_form():
    assert outputs_in(["https://a/1.png", "http://a/2.png"]) == (
        Link("https://a/1.png"),
        Link("http://a/2.png"),
    )
    assert outputs_in("data:image/png;base64,aGk=") == (Inline(b"hi"),)
    assert outputs_in("aGk=") == (Inline(b"hi"),)
    assert outputs_in({"images": [{"url": "https://a"}]}) == (Link("https://a"),)
    assert outputs_in('["https://a/1.png", "aGk="]') == (Link("https://a/1.png"), Inline(b"hi"))
    assert outputs_in(None) == outputs_in([]) == outputs_in("") == ()
    for wrong in (5, "no base64!", [["ftp://x"]]):
        with pytest.raises(Trouble):
            outputs_in(wrong)


@pytest.mark.parametrize("wrap", [
    lambda rows: rows,
    lambda rows: {"results": rows, "next": None},
    lambda rows: {"code": 200, "data": rows},
    lambda rows: {"code": 200, "data": {"items": rows, "page": 1}},
    lambda rows: {"data": {"page": {"predictions": rows}, "notes": []}},
])  # fmt: skip
def test_a_list_of_jobs_is_found_under_any_name(wrap):
    rows = [{"id": "a", "input": {"tags": ["x"]}}, {"id": "b"}]
    assert rows_in(wrap(rows)) == rows
    assert rows_in(wrap([])) == []


def test_an_answer_without_a_list_is_no_empty_list():
    for answer in (None, {"message": "no"}, {"data": {"ids": ["a", "b"]}}, "x"):
        assert rows_in(answer) is None


def recent(remote_id, created=1000.0, picture=None, model="m"):
    return Recent(remote_id=remote_id, model=model, picture=picture, created=created)


def test_the_job_with_our_picture_is_ours_whenever_it_was_made():
    found = pick(
        [recent("a", 1.0, "https://x/1"), recent("b")], "m", "https://x/1", Lost(sent=1000)
    )
    assert found.remote_id == "a"


def test_the_only_unknown_job_of_the_moment_is_ours():
    lost = Lost(sent=1000.0, known=frozenset({"old"}))
    jobs = [recent("old"), recent("late", 5000.0), recent("early", 10.0), recent("x", model="n")]
    assert pick([*jobs, recent("ours", 1002.0)], "m", "", lost).remote_id == "ours"
    assert pick(jobs, "m", "", lost) is None


def test_two_jobs_that_could_be_ours_are_none():
    assert pick([recent("a"), recent("b")], "m", "", Lost(sent=1000.0)) is None


def test_a_job_with_another_picture_is_not_ours():
    assert pick([recent("a", picture="https://x/2")], "m", "https://x/1", Lost(sent=1000.0)) is None


def test_moments_are_read_with_nanoseconds():
    assert seconds("2025-05-19T06:09:15.948268264Z") == seconds("2025-05-19T06:09:15Z")
    assert seconds("yesterday") is None
    assert seconds(None) is None


# on disk


def entry(job="one", **changes):
    return Entry(job=job, provider="fal", title="Cat", key="k", order={"token": "t"}, **changes)


def test_an_entry_survives_with_every_step():
    journal = Journal()
    first = journal.move(entry(), State.PREPARED)
    journal.move(first, State.SUBMITTED, remote_id="r", links={"status": "/s"})
    again = Journal().read("one")
    assert again.remote.remote_id == "r"
    assert again.links == {"status": "/s"}
    assert [what for _when, what in again.steps] == ["prepared", "submitted"]


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "x" * 101, "a\x00"])
def test_an_id_that_would_leave_the_folder_is_refused(name):
    with pytest.raises(InputError):
        Journal().folder(name)


def test_a_damaged_entry_is_passed_over():
    journal = Journal()
    journal.move(entry("good"), State.SUBMITTED)
    folder = journal.folder("bad")
    folder.mkdir()
    (folder / "job.json").write_text("{")
    assert [e.job for e in journal.entries()] == ["good"]


def test_a_job_is_worked_on_by_one_process():
    journal = Journal()
    journal.move(entry(), State.SUBMITTED)
    with journal.claim("one"):
        assert journal.is_claimed("one")
        assert journal.unfinished() == []
        with pytest.raises(InputError, match="Another Layersplit"), journal.claim("one"):
            pass
    assert [e.job for e in journal.unfinished()] == ["one"]


def test_a_day_and_a_month_are_summed_and_later_lines_count(home):
    book = Book()
    lines = [
        ("2026-09-20T12:00:00+00:00", "a", 1.0),
        ("2026-09-21T12:00:00+00:00", "b", 2.0),
        ("2026-09-21T12:05:00+00:00", "b", 0.5),
        ("2026-08-21T12:00:00+00:00", "c", 4.0),
    ]
    (home / "jobs").mkdir(parents=True)
    text = "".join(
        json.dumps({"time": when, "job": job, "provider": "fal", "usd": usd}) + "\n"
        for when, job, usd in lines
    )
    (home / "jobs" / "spending.jsonl").write_text(text + '{"torn')
    sums = book.sums(datetime(2026, 9, 21, 18, tzinfo=UTC))
    assert (sums.day, sums.month) == (0.5, 1.5)


def test_amounts_show_fractions_of_a_cent_only_where_there_are_any():
    assert [dollars(usd) for usd in (0.2, 0.075, None)] == ["$0.20", "$0.0750", "an unknown amount"]


def test_the_cache_forgets_what_was_used_longest_ago(tmp_path):
    import os  # noqa: PLC0415 - only here

    cache = Cache(2500, tmp_path / "kept")
    for number, name in enumerate(("a", "b", "c")):
        file = tmp_path / name
        file.write_bytes(b"x" * 1000)
        os.utime(file, (number, number))
        cache.put(name, file)
        os.utime(tmp_path / "kept" / f"{name}.zip", (number, number))
    cache.put("d", tmp_path / "a")
    assert sorted(path.stem for path in (tmp_path / "kept").iterdir()) == ["c", "d"]


def test_a_request_is_its_pixels_and_parameters():
    pixels = np.zeros((2, 3, 4), np.uint8)
    assert request_key(pixels, {"a": 1, "b": 2}) == request_key(pixels.copy(), {"b": 2, "a": 1})
    assert request_key(pixels, {"a": 1}) != request_key(pixels.reshape(3, 2, 4), {"a": 1})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_copy_of_the_picture_is_exact(tmp_path, dtype):
    rng = np.random.default_rng(1)
    pixels = (rng.random((300, 70, 4)) * 255).astype(dtype)
    hints = Hints(
        boxes=(Bounds(x=1, y=2, width=3, height=4),),
        points=(Point(x=5, y=6, foreground=False),),
        mask=rng.integers(0, 256, (300, 70), dtype=np.uint8),
    )
    request = SplitRequest(provider="fal", hints=hints, arithmetic=Arithmetic.ONCE, seed=4)
    picture = Picture(pixels=pixels, icc=b"profile", title="Cat", notes=("n",))
    region = Bounds(x=0, y=0, width=70, height=200)
    remember(tmp_path, picture=picture, request=request, region=region, extra={"order": "bgra"})
    kept = recall(tmp_path, pytest.fail)
    assert np.array_equal(kept.picture.pixels, pixels)
    assert kept.picture.pixels.dtype == dtype
    assert (kept.picture.icc, kept.picture.title) == (b"profile", "Cat")
    assert kept.region == region
    assert kept.extra == {"order": "bgra"}
    assert np.array_equal(kept.request.hints.mask, hints.mask)
    assert kept.request.hints.boxes == hints.boxes
    assert kept.request.hints.points == hints.points
    assert (kept.request.seed, kept.request.arithmetic) == (4, Arithmetic.ONCE)


def test_a_file_is_named_and_must_not_have_changed(tmp_path):
    origin = tmp_path / "cat.png"
    origin.touch()
    picture = Picture(pixels=np.zeros((4, 4, 4), np.uint8))
    remember(tmp_path, picture=picture, request=SplitRequest(), region=None, origin=origin)
    assert not (tmp_path / "source.z").exists()
    assert recall(tmp_path, lambda _path: picture).origin == origin
    other = Picture(pixels=np.ones((4, 4, 4), np.uint8))
    with pytest.raises(InputError, match="has changed"):
        recall(tmp_path, lambda _path: other)
    origin.unlink()
    with pytest.raises(InputError, match="is gone"):
        recall(tmp_path, pytest.fail)


def test_what_is_not_complete_is_said(tmp_path):
    with pytest.raises(InputError, match="not complete"):
        recall(tmp_path, pytest.fail)


# settings


def test_settings_are_defaults_until_they_are_changed_and_keep_what_they_do_not_know(home):
    assert load_settings().provider == "classic"
    home.mkdir()
    (home / "settings.json").write_text('{"future": [1], "provider": "fal"}')
    assert change_settings(limit_day_usd=2).limit_day_usd == 2
    content = json.loads((home / "settings.json").read_text())
    assert content == {"future": [1], "provider": "fal", "limit_day_usd": 2}


@pytest.mark.parametrize("text", ["{", "[]", '{"limit_day_usd": "two"}', '{"told": [1]}'])
def test_damaged_settings_are_said_because_of_the_limit_in_them(home, text):
    home.mkdir()
    (home / "settings.json").write_text(text)
    with pytest.raises(SetupError, match="settings cannot be read"):
        load_settings()


# a picture by address


@pytest.mark.parametrize(
    "address", ["http://example.org/a.png", "https://127.0.0.1/a.png", "https://10.0.0.1/a.png"]
)
def test_only_public_https_addresses_are_read(tmp_path, address):
    with pytest.raises(InputError, match="address cannot be used"):
        fetch_picture(address, tmp_path, Run())


def test_of_two_ways_to_pack_the_smaller_is_sent():
    random = np.random.default_rng(3)
    photo = np.cumsum(random.normal(0, 4, (90, 120, 3)), axis=1) + 128
    drawing = np.zeros((90, 120, 3)) + (np.arange(120) // 7 % 2 * 200)[:, None]
    for picture in (photo, drawing):
        pixels = np.dstack([picture.clip(0, 255), np.full((90, 120), 255)]).astype(np.uint8)
        sizes = [len(encoding._png(Image.fromarray(pixels[..., :3]), strategy).getvalue())
                 for strategy in encoding.PNG_STRATEGIES]  # fmt: skip
        parcel = encoding.encode(pixels, "image/png")
        assert len(parcel.content) == min(sizes)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(parcel.content))), pixels[..., :3])
