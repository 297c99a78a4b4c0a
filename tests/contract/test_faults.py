"""Every fault at every step: no second submission, no lost paid job, no hang, a right sentence."""

import time

import pytest
from fakes.services import IMPATIENT, SERVERS, split

from layersplit.errors import (
    InputError,
    LayersplitError,
    ProviderError,
    RefusedError,
    SubmissionUnknownError,
    UnreachableError,
)
from layersplit.remote.journal import UNFINISHED, Journal, State
from layersplit.remote.money import Book

STEPS = {
    "wavespeed": ("upload", "put", "submit", "poll", "download"),
    "runcomfy": ("submit", "poll", "fetch", "download"),
    "fal": ("submit", "poll", "fetch", "download"),
    "replicate": ("submit", "poll", "download"),
    "comfyui": ("look", "upload", "submit", "poll", "queue", "download"),
}
LISTS = {"wavespeed", "replicate", "comfyui"}
PASSING = (
    "reset-before",
    "reset-after",
    "stall-after",
    "truncated",
    "429",
    "502",
    "503",
    "html",
    "broken-json",
)
PLACES = [(name, step) for name, steps in STEPS.items() for step in steps]
REPEATED = [(name, step) for name, step in PLACES if step != "submit"]
SURVIVED = [
    (name, step, kind)
    for name, step in REPEATED
    for kind in PASSING
    if not (kind in {"html", "broken-json"} and step in {"put", "download"})  # no JSON there
]
REFUSALS = [
    (name, step, kind)
    for name, step in REPEATED
    for kind in ("400", "403", "404", "410", "413", "422")
    if step in {"poll", "fetch", "download"}
    # So the result of a request that failed at fal looks.
    and not (name == "fal" and step == "fetch" and kind in {"413", "422"})
]
KEYED = [name for name in STEPS if name != "comfyui"]


HANG_S = 40.0
"""Far more than the patience of any test here, on a busy machine."""


@pytest.mark.parametrize(("name", "step", "kind"), SURVIVED)
def test_a_passing_fault_is_survived_with_one_job(start, name, step, kind):
    server = start(name)
    server.spoil(step, kind)
    answer = split(server)
    assert len(answer.layers) == 3
    assert server.billed == 1
    assert server.submissions == 1


@pytest.mark.parametrize("kind", ["reset-after", "stall-before", "429", "502", "html"])
@pytest.mark.parametrize(("name", "step"), REPEATED)
def test_a_lasting_fault_ends_in_words_and_the_job_is_resumed(start, name, step, kind):
    server = start(name)
    server.spoil(step, kind, times=10_000)
    began = time.monotonic()
    try:
        answer = split(server, job="mine", timing=IMPATIENT)
    except LayersplitError as error:
        check_words(error, server)
    else:
        # Only where there is another way: another upload, the websocket, a page that is no JSON.
        assert len(answer.layers) == 3
        assert server.billed == 1
        return
    assert time.monotonic() - began < HANG_S
    assert server.submissions <= 1
    for faulty in (server.api, server.cdn):
        faulty.faults.clear()
    entry = Journal().read("mine")
    if server.billed == 0:
        assert entry is None, "nothing was paid, so nothing is offered"
        return
    assert entry.state in UNFINISHED
    assert entry.remote_id in server.jobs
    answer = split(server, job="mine")
    assert len(answer.layers) == 3
    assert server.billed == 1
    assert server.submissions == 1


@pytest.mark.parametrize(
    ("name", "step", "kind"), [r for r in REFUSALS if r[1] != "download" and r[2] != "403"]
)
def test_a_service_that_denies_a_job_for_a_moment_is_asked_again(start, name, step, kind):
    server = start(name)
    server.spoil(step, kind, times=2)
    assert len(split(server, job="mine").layers) == 3
    assert server.submissions == 1


@pytest.mark.parametrize(("name", "step", "kind"), REFUSALS)
def test_a_refused_question_is_never_the_end_of_a_paid_job(start, name, step, kind):
    server = start(name)
    server.spoil(step, kind, times=10_000)
    with pytest.raises(LayersplitError) as caught:
        split(server, job="mine", timing=IMPATIENT)
    check_words(caught.value, server)
    assert "jobs resume mine" in caught.value.remedy
    assert Journal().read("mine").state is State.SUBMITTED
    for faulty in (server.api, server.cdn):
        faulty.faults.clear()
    assert len(split(server, job="mine").layers) == 3
    assert server.billed == server.submissions == 1


@pytest.mark.parametrize("name", STEPS)
def test_too_busy_is_a_refusal_only_with_the_time_to_come_back(start, name):
    server = start(name)
    server.spoil("submit", "503", headers={"Retry-After": "30"})
    with pytest.raises(ProviderError) as caught:
        split(server, job="mine")
    assert not isinstance(caught.value, SubmissionUnknownError)
    assert Journal().read("mine") is None
    server.spoil("submit", "503")
    with pytest.raises(SubmissionUnknownError, match="was lost"):
        split(server, job="mine")
    assert server.billed == 0


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("wavespeed", {"code": 500, "message": "internal"}),
        ("runcomfy", {"error_code": 500001, "error_message": "internal"}),
    ],
)
def test_a_server_error_inside_a_good_answer_leaves_the_submission_in_doubt(start, name, body):
    server = start(name)
    server.spoil("submit", "replace", body=body)
    try:
        assert len(split(server, job="mine").layers) == 3
    except SubmissionUnknownError:
        assert name not in LISTS
    assert server.billed == 1
    assert Journal().read("mine") is not None


@pytest.mark.parametrize("kind", [*PASSING, "500", "504", "other-json"])
@pytest.mark.parametrize("name", STEPS)
def test_a_submission_is_sent_at_most_once_and_what_is_paid_is_found(start, name, kind):
    server = start(name)
    server.spoil("submit", kind)
    try:
        answer = split(server, job="mine")
    except LayersplitError as error:
        check_words(error, server)
        lost = error
    else:
        assert len(answer.layers) == 3
        assert server.billed == 1
        assert name in LISTS
        return
    assert server.billed <= 1
    assert server.submissions <= 1
    if kind == "429":
        assert not isinstance(lost, SubmissionUnknownError), "the service said that it did not"
        assert Journal().read("mine") is None
        return
    assert isinstance(lost, SubmissionUnknownError)
    assert Journal().read("mine").state is State.UNKNOWN
    if name in LISTS:
        assert server.billed == 0, "a job that the service lists must have been found"
        answer = split(server, job="mine")  # its list proves that there is none: the first one
        assert len(answer.layers) == 3
    else:
        with pytest.raises(SubmissionUnknownError, match=r"."):
            split(server, job="mine")
        assert server.submissions <= 1, "resuming never submits what may exist"
    assert server.billed <= 1


def check_words(error: LayersplitError, server) -> None:
    fact, meaning, remedy = error.sentences
    for sentence in (fact, meaning, remedy):
        assert sentence.strip()
        assert sentence[-1] in ".!?)" or "layersplit jobs resume" in sentence or "http" in sentence
        assert server.key not in sentence
        assert "Traceback" not in sentence
        assert "<" not in sentence
    if server.billed and server.variable:
        assert error.may_have_cost
        assert "not charged" not in meaning
        assert "nothing is charged" not in meaning


def test_a_server_that_is_not_there_is_named(start):
    server = start("wavespeed")
    server.close()
    with pytest.raises(UnreachableError, match="Nothing answers at WaveSpeedAI") as caught:
        split(server, timing=IMPATIENT)
    assert caught.value.exit_status == 4
    assert "No job was started" in caught.value.meaning
    assert Journal().entries() == []


@pytest.mark.parametrize("name", STEPS)
def test_a_page_instead_of_data_points_at_the_network(start, name):
    server = start(name)
    for step in (*STEPS[name], "quote", "look"):
        server.spoil(step, "html", times=100)
    with pytest.raises((UnreachableError, SubmissionUnknownError), match="A web page came back"):
        split(server, timing=IMPATIENT)


@pytest.mark.parametrize("name", KEYED)
def test_a_wrong_key_is_said_before_anything_is_paid(start, monkeypatch, name):
    server = start(name)
    monkeypatch.setenv(server.variable, "sk-wrong-key-000")
    with pytest.raises(RefusedError, match="does not accept the key") as caught:
        split(server)
    assert caught.value.exit_status == 3
    assert "sk-wrong" not in " ".join(caught.value.sentences)
    assert server.billed == 0


@pytest.mark.parametrize("value", [None, "", "  "])
@pytest.mark.parametrize("name", KEYED)
def test_no_key_is_no_set_up_and_sends_nothing(start, monkeypatch, name, value):
    server = start(name)
    if value is None:
        monkeypatch.delenv(server.variable)
    else:
        monkeypatch.setenv(server.variable, value)
    with pytest.raises(LayersplitError, match="There is no key for") as caught:
        split(server)
    assert caught.value.exit_status == 5
    assert f"layersplit key set {name}" in caught.value.remedy
    assert server.api.requests == []


@pytest.mark.parametrize("name", KEYED)
def test_an_empty_account_is_its_own_sentence(start, name):
    server = start(name, balance=0.0)
    with pytest.raises(RefusedError, match="no money left on your account") as caught:
        split(server)
    assert caught.value.meaning == "No job was started, so nothing is charged."
    assert not caught.value.may_have_cost


@pytest.mark.parametrize("name", KEYED)
def test_a_rate_limit_tells_the_wait_and_does_not_submit_again(start, name):
    server = start(name)
    server.spoil("submit", "429", headers={"Retry-After": "37"})
    with pytest.raises(RefusedError, match="too many requests") as caught:
        split(server)
    assert "in 37 seconds" in caught.value.remedy
    assert caught.value.retry_helps
    assert server.submissions == 1


def test_a_throttled_question_waits_as_long_as_asked_but_not_for_ever(server):
    server.spoil("poll", "429", headers={"Retry-After": "0.2"})
    began = time.monotonic()
    assert len(split(server).layers) == 3
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("name", "said", "pattern"),
    [
        *((name, "content moderation: NSFW content", "rules on content") for name in KEYED),
        *((name, "CUDA out of memory", "The job failed at") for name in STEPS),
    ],
)
def test_a_failed_job_says_why_and_what_it_costs(start, name, said, pattern):
    server = start(name)
    server.fail_with = said
    with pytest.raises(ProviderError, match=pattern) as caught:
        split(server, job="mine")
    if server.name != "comfyui":
        assert said in caught.value.fact
        assert caught.value.may_have_cost
    remote_id = next(iter(server.jobs))
    assert remote_id in caught.value.meaning
    assert Journal().read("mine").state is State.FAILED
    with pytest.raises(ProviderError):
        split(server, job="mine")
    assert server.submissions == 1


@pytest.mark.parametrize("name", ["wavespeed", "fal"])
def test_flagged_layers_are_moderation(start, name):
    server = start(name, flag=True)
    with pytest.raises(RefusedError, match="rules on content") as caught:
        split(server)
    assert caught.value.may_have_cost
    assert "was completed there and is charged" in caught.value.meaning
    assert Book().sums().day > 0


@pytest.mark.parametrize("name", KEYED)
def test_links_that_have_expired_are_asked_for_again(start, name):
    server = start(name)
    server.spoil("download", "403", times=2)
    assert len(split(server).layers) == 3
    assert server.submissions == 1


@pytest.mark.parametrize(
    ("variation", "said"),
    [
        ("jpeg", "JPEG"),
        ("bomb", "9000 x 9000"),
        ("cut", "damaged or cut short"),
        ("page", "web page"),
    ],
)
def test_a_file_that_is_no_layer_is_refused_before_it_is_unpacked(server, variation, said):
    server.variation = variation
    if server.name == "comfyui":
        server.cuts = True
    with pytest.raises(ProviderError, match=said):
        split(server, job="mine")
    assert Journal().read("mine").state is State.SUBMITTED
    assert server.submissions == 1


def test_another_picture_under_the_same_job_is_refused(server):
    split(server, job="mine")
    with pytest.raises(InputError, match="another picture or request"):
        split(server, job="mine", prompt="something else", fresh=True)


def test_every_service_is_covered():
    assert set(STEPS) == set(SERVERS)
