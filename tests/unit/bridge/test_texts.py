import re

import pytest

from layersplit.bridge import texts
from layersplit.bridge.failures import BridgeError, InstallError
from layersplit.bridge.messages import Failed


class AnyFact(dict):
    def __missing__(self, key):
        return f"<{key}>"


@pytest.mark.parametrize("words", sorted(texts.SENTENCES))
def test_every_failure_says_fact_meaning_and_remedy(words):
    for sentence in texts.SENTENCES[words]:
        said = sentence % AnyFact()
        assert said[0].isupper() or said.startswith("<")
        assert re.search(r"[.>\w]$", said)
        assert "Error" not in said
        assert "Traceback" not in said


def test_the_facts_are_filled_in():
    failed = texts.failed("raw-length", "7", name="a", found=1, needed=24, width=2, height=3)
    assert failed.sentences[0] == "The file a has 1 bytes; 2 x 3 pixels need 24."
    assert (failed.job, failed.code) == ("7", "raw-length")


def test_only_the_code_travels_and_the_variant_says_that_money_may_be_gone():
    failed = texts.failed("worker-died/paid", "7", detail="signal SIGSEGV")
    assert (failed.code, failed.may_have_cost) == ("worker-died", True)
    assert texts.failed("cancelled/by force", "7").code == "cancelled"


def test_what_may_have_cost_leads_to_the_history():
    assert texts.next_step(texts.failed("worker-died/paid", "7", detail="")) == "History…"
    assert texts.next_step(texts.failed("worker-died", "7", detail="")) == "Try Again"
    assert texts.next_step(texts.failed("not-installed", "7", detail="")) == "Set Up…"
    assert texts.next_step(Failed("7", "input", ["a", "b", "c"])) is None


def test_a_dialog_points_at_the_log_unless_the_user_cancelled():
    assert "layersplit.log" in texts.as_text(texts.failed("internal", "7"))
    assert "layersplit.log" not in texts.as_text(texts.failed("cancelled", "7"))


def test_a_failure_on_this_side_becomes_a_message_for_any_job():
    error = InstallError("not-installed", detail="gone")
    assert isinstance(error, BridgeError)
    assert error.failed("7").job == "7"
    assert error.failed("7").sentences == list(error.sentences)
