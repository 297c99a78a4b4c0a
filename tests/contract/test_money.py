"""Prices before the run, sums, limits, and answers that cost nothing because they are kept."""

import pytest
from fakes.services import SERVERS, picture, split

from layersplit.errors import ProviderError, RefusedError
from layersplit.remote.journal import Journal, State
from layersplit.remote.money import Book
from layersplit.run import Run
from layersplit.settings import change_settings

PRICED = {"wavespeed": 0.15, "runcomfy": 0.04, "fal": 0.05, "replicate": 0.03}


def announced(server, **request):
    heard = []
    answer = split(server, run=Run(announce=heard.append), **request)
    return answer, " ".join(heard)


@pytest.mark.parametrize(("name", "usd"), PRICED.items())
def test_the_price_is_said_before_the_run_and_summed_after_it(start, name, usd):
    server = start(name)
    answer, heard = announced(server)
    assert f"${usd:.2f} for 3 layers" in heard
    assert answer.cost_usd == pytest.approx(usd)
    sums = Book().sums()
    assert sums.day == sums.month == pytest.approx(usd)
    _answer, heard = announced(server, fresh=True)
    assert f"Today so far ${usd:.2f}" in heard
    assert Book().sums().day == pytest.approx(2 * usd)


def test_a_quote_comes_before_the_table(start):
    answer, heard = announced(start("wavespeed", quoted=0.075))
    assert "$0.0750 for 3 layers (told by WaveSpeedAI just now)" in heard
    assert answer.cost_usd == 0.075


def test_the_table_is_named_with_its_date_where_there_is_no_quote(start):
    _answer, heard = announced(start("wavespeed"))
    assert "published price of 2026-09-21" in heard


@pytest.mark.parametrize("kind", ["500", "html", "stall-before", "other-json"])
def test_a_quote_that_fails_stops_nothing(start, kind):
    server = start("wavespeed")
    server.spoil("quote", kind, times=9)
    assert len(split(server).layers) == 3


@pytest.mark.parametrize("limit", ["limit_day_usd", "limit_month_usd"])
def test_a_limit_stops_a_run_before_anything_is_sent(start, limit):
    server = start("fal")
    change_settings(**{limit: 0.08})
    split(server)
    sent = len(server.api.requests)
    with pytest.raises(
        RefusedError, match=r"would cost \$0.05, and \$0.05 of your limit"
    ) as caught:
        split(server, fresh=True)
    assert caught.value.meaning == "Nothing was sent, so nothing is charged."
    assert len(server.api.requests) == sent
    assert server.billed == 1


def test_a_refund_is_taken_out_of_the_sum(start):
    with pytest.raises(ProviderError):
        split(start("wavespeed", fail_with="boom"))
    assert Book().sums().day == 0.0


def test_a_doubtful_job_counts(start):
    server = start("fal")
    server.spoil("submit", "reset-after")
    with pytest.raises(ProviderError):
        split(server)
    assert Book().sums().day == pytest.approx(0.05)


def test_a_free_server_is_in_no_book(start):
    answer, heard = announced(start("comfyui"))
    assert answer.cost_usd is None
    assert "$" not in heard
    assert Book().sums().day == 0.0


# the same request again


def test_the_same_request_is_answered_from_disk_without_a_request(server):
    first = split(server, prompt="a cat" if server.name != "replicate" else "")
    server.close()  # whoever asks now gets nothing
    second = split(server, prompt="a cat" if server.name != "replicate" else "")
    assert [layer.pixels.tolist() for layer in second.layers] == [
        layer.pixels.tolist() for layer in first.layers
    ]
    assert not second.cost_usd
    assert "nothing was sent" in second.notes[0]


@pytest.mark.parametrize("changed", [{"layer_count": 4}, {"prompt": "x"}, {"fresh": True}])
def test_another_request_is_asked(start, changed):
    server = start("fal")
    split(server)
    split(server, **changed)
    assert server.billed == 2


def test_another_picture_is_asked(start):
    server = start("fal")
    split(server)
    pixels = picture()
    pixels[0, 0, 0] ^= 1
    split(server, pixels)
    assert server.billed == 2


def test_a_drawn_seed_is_no_other_request_but_a_chosen_one_is(start):
    server = start("fal")
    split(server)
    split(server)
    assert server.billed == 1
    split(server, seed=5)
    split(server, seed=6)
    assert server.billed == 3
    assert len({job.asked["seed"] for job in server.jobs.values()}) == 3


def test_without_a_cache_every_request_is_asked(start):
    change_settings(cache_mib=0)
    server = start("fal")
    for job in ("one", "two"):
        split(server, job=job)
        Journal().finish(job)
    assert server.billed == 2


def test_a_damaged_answer_is_asked_again(start, home):
    server = start("fal")
    split(server, job="one")
    Journal().finish("one")
    (kept,) = (home / "cache").glob("*.zip")
    kept.write_bytes(kept.read_bytes()[:-100])  # the job's own copy is the same file
    split(server)
    assert server.billed == 2


def test_jobs_that_have_arrived_make_room_and_unfinished_ones_stay(start):
    server = start("fal")
    change_settings(jobs_mib=0)
    split(server, job="one")
    Journal().finish("one")
    split(server, job="two", prompt="x")
    assert [entry.job for entry in Journal().entries()] == ["two"]
    assert Journal().read("two").state is State.RECEIVED


def test_prices_are_known_for_every_paid_service():
    assert set(PRICED) == {name for name, server in SERVERS.items() if server.variable}
