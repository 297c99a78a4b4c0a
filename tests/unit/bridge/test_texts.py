import re
import struct

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


def test_a_catalogue_of_another_folder_can_be_spoken(tmp_path):
    catalogue = tmp_path / "xx" / "LC_MESSAGES" / "layersplit.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_bytes(compiled({"This program is closing.": "Ende."}))
    try:
        texts.speak(["xx"], tmp_path)
        assert texts.translated("This program is closing.") == "Ende."
    finally:
        texts.speak([])
    assert texts.translated("This program is closing.") == "This program is closing."


def compiled(pairs):
    """A catalogue as msgfmt makes it (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = {"": "Content-Type: text/plain; charset=UTF-8\n", **pairs}
    keys = [key.encode() for key in sorted(pairs)]
    values = [pairs[key].encode() for key in sorted(pairs)]
    tables, texts_, start = b"", b"", 28 + 16 * len(keys)
    for words in (keys, values):
        for word in words:
            tables += struct.pack("<II", len(word), start + len(texts_))
            texts_ += word + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return head + tables + texts_


def test_a_failure_on_this_side_becomes_a_message_for_any_job():
    error = InstallError("not-installed", detail="gone")
    assert isinstance(error, BridgeError)
    assert error.failed("7").job == "7"
    assert error.failed("7").sentences == list(error.sentences)
