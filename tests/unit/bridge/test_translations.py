"""The catalogues: complete, compiled, and with every fact in its place."""

import gettext
import importlib.util
import io
import json
import re
import sys
from pathlib import Path

import pytest

from layersplit.bridge import texts, words
from layersplit.bridge.choices import OFFLINE_ROW, Choices
from layersplit.bridge.messages import Failed, Progress
from layersplit.bridge.spoken import in_users_language, spoken

ROOT = Path(__file__).parents[3]
LANGUAGES = sorted(path.stem for path in (ROOT / "translations").glob("*.po"))
FACTS = re.compile(r"%(?:\(\w+\))?[-\d.]*[sdf]|\{\d+\}")


@pytest.fixture(scope="module")
def update():
    """The program that makes the catalogues."""
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("update", ROOT / "translations" / "update.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["update"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    texts.speak([])


def speak_german():
    texts.speak(["de-AT", "de"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_hosts_is_translated(update, language):
    catalogue = update.read(ROOT / "translations" / f"{language}.po")
    marked = [text for text in update.texts() if not text.is_spoken]
    assert len(marked) > 150
    for text in marked:
        found = catalogue.get(text.forms[0])
        assert found is not None, f"{text.forms[0]!r}: run translations/update.py"
        assert not found.fuzzy
        forms = found.string if isinstance(found.string, tuple) else (found.string,)
        assert all(forms), f"{text.forms[0]!r} is not translated"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workers_sentences_are_translated(update, language):
    catalogue = update.read(ROOT / "translations" / f"{language}.po")
    spoken_ones = [text.forms[0] for text in update.texts() if text.is_spoken]
    lacking = [text for text in spoken_ones if not getattr(catalogue.get(text), "string", "")]
    assert len(lacking) < len(spoken_ones) / 10
    if lacking:  # they are shown in English; a change of the core need not wait for translators
        pytest.skip(f"not yet in '{language}': {lacking}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_facts_agree_and_keys_stay_keys(update, language):
    for message in update.read(ROOT / "translations" / f"{language}.po"):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for original, string in zip(originals, strings, strict=True):
            if original and string:
                assert sorted(FACTS.findall(original)) == sorted(FACTS.findall(string)), original
                assert string.count("_") == original.count("_"), original


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shipped_is_what_was_translated(update, language):
    catalogue = update.read(ROOT / "translations" / f"{language}.po")
    gettext_file, sentences = update.compiled(catalogue)
    folder = texts.CATALOGUES / language
    made = gettext.GNUTranslations(io.BytesIO(gettext_file))
    with (folder / "LC_MESSAGES" / "layersplit.mo").open("rb") as stream:
        shipped = gettext.GNUTranslations(stream)
    for message in catalogue:
        if message.id:
            one, many = message.id if isinstance(message.id, tuple) else (message.id, message.id)
            assert shipped.ngettext(one, many, 2) == made.ngettext(one, many, 2)
            assert shipped.gettext(one) == made.gettext(one)
    assert json.loads((folder / "sentences.json").read_text("utf-8")) == json.loads(sentences)


@pytest.mark.parametrize(
    ("wanted", "shown", "told"),
    [
        (["de-AT", "de"], "Abbrechen", "de_AT"),
        (["de_DE.UTF-8"], "Abbrechen", "de_DE"),
        (["fr", "de"], "Abbrechen", "fr"),
        (["en-GB", "de"], "Cancel", "en"),
        (["C"], "Cancel", "en"),
        (["xx"], "Cancel", "xx"),
        ([], "Cancel", "en"),
    ],
)
def test_the_users_languages_are_tried_in_their_order(wanted, shown, told):
    texts.speak(wanted)
    assert texts.translated("Cancel") == shown
    assert texts.language() == told


def test_the_language_reaches_the_worker_for_the_names_of_the_layers():
    speak_german()
    assert Choices().options(OFFLINE_ROW).language == "de_AT"


def test_one_layer_is_counted_as_one():
    assert words.done(1, 2.2, {}) == "1 layer in 2 s"
    speak_german()
    assert words.done(1, 2.2, {}) == "1 Ebene in 2 s"
    assert words.done(3, 2.2, {}) == "3 Ebenen in 2 s"


def test_the_worker_is_understood_word_by_word_and_by_pattern():
    speak_german()
    assert spoken("Looking for text") == "Text wird gesucht"
    assert spoken("Asking fal for the layers") == "fal wird um die Ebenen gebeten"
    assert spoken("Something quite new.") == "Something quite new."
    heard = in_users_language(
        Progress("1", "provider", 0.5, "The job waits at fal, 3 jobs before it")
    )
    assert heard.sentence == "Der Auftrag wartet bei fal, 3 Aufträge sind vor ihm"
    assert (heard.job, heard.fraction) == ("1", 0.5)


def test_a_sentence_within_a_sentence_is_understood_too():
    speak_german()
    fact = "fal gets too many requests from your account."
    remedy = "Try again in 3 minutes. To bring the layers: layersplit jobs resume 7"
    failed = Failed("1", "refused", [fact, remedy])
    assert in_users_language(failed).sentences == [
        "fal bekommt zu viele Anfragen von Ihrem Konto.",
        "Versuchen Sie es in 3 Minuten noch einmal. Die Ebenen bringt: layersplit jobs resume 7",
    ]


def test_in_english_nothing_is_changed():
    assert spoken("Looking for text") == "Looking for text"


def test_a_torn_list_of_sentences_means_english(tmp_path, monkeypatch):
    (tmp_path / "qq").mkdir()
    (tmp_path / "qq" / "sentences.json").write_text("[[")
    monkeypatch.setattr("layersplit.bridge.spoken.CATALOGUES", tmp_path)
    texts.speak(["qq"])
    assert spoken("Asking fal for the layers") == "Asking fal for the layers"
