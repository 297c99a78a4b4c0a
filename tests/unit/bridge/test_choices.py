"""What a dialog edits: within the provider's ranges, remembered, and asked for consent once."""

import json
import stat
import sys

import pytest

from layersplit.bridge import words
from layersplit.bridge.choices import (
    OFFLINE_ROW,
    Choices,
    Consent,
    ProviderRow,
    last_choices,
    remember_choices,
    rows_of,
)
from layersplit.bridge.titles import TITLES, title_of
from layersplit.capabilities import CAPABILITIES

ROWS = {name: ProviderRow.from_json(row.as_json(None)) for name, row in CAPABILITIES.items()}
EAGER = Choices(
    layers=99, prompt="a cat", negative_prompt="dogs", resolution=640, steps=999, guidance=99.0,
    seed=7,
)  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_only_what_the_provider_has_travels_within_its_ranges(name):
    row, capability = ROWS[name], CAPABILITIES[name]
    options = EAGER.options(row)
    assert options.provider == name
    assert options.layers == capability.layers[1]
    assert bool(options.prompt) == ("prompt" in capability.options)
    assert bool(options.negative_prompt) == ("negative_prompt" in capability.options)
    assert (options.seed == 7) == ("seed" in capability.options)
    assert options.steps == (capability.steps[1] if capability.steps else None)
    assert options.guidance == (capability.guidance[1] if capability.guidance else None)
    assert options.resolution == (640 if capability.resolutions else None)


def test_the_row_of_the_first_moment_is_that_of_the_worker():
    for part in ("layers", "options", "title", "resolutions", "sends_to"):
        assert getattr(OFFLINE_ROW, part) == getattr(ROWS["classic"], part)


def test_the_names_for_those_who_cannot_ask_are_the_workers():
    assert {name: row.title for name, row in CAPABILITIES.items()} == TITLES
    assert title_of("tomorrow's") == "tomorrow's"


def test_a_newer_worker_may_say_more():
    (row,) = rows_of([{"name": "classic", "mood": "good", "options": ["hints"]}])
    assert row.options == {"hints"}


def test_choices_are_remembered(data_folder):
    remember_choices(EAGER)
    assert last_choices() == EAGER


@pytest.mark.parametrize("text", ["", "[]", "{", '{"layers": "many"}', '{"provider": 3}'])
def test_a_torn_memory_gives_something_that_works(data_folder, text):
    (data_folder / "last-choices.json").write_text(text)
    last_choices().options(OFFLINE_ROW)


def test_the_provider_of_the_settings_is_the_first_choice(data_folder):
    (data_folder / "settings.json").write_text('{"provider": "fal"}')
    assert last_choices().provider == "fal"
    remember_choices(Choices(provider="classic"))
    assert last_choices().provider == "classic"


def test_consent_is_asked_once_for_each_service_and_kept(data_folder):
    (data_folder / "settings.json").write_text('{"limit_day_usd": 5}')
    fal, replicate = ROWS["fal"], ROWS["replicate"]
    assert Consent.load().is_needed(fal)
    assert not Consent.load().is_needed(OFFLINE_ROW)
    Consent.give(fal, "2026-11-25")
    assert not Consent.load().is_needed(fal)
    assert Consent.load().is_needed(replicate)
    settings = json.loads((data_folder / "settings.json").read_text())
    assert settings == {"limit_day_usd": 5, "told": {"fal": "2026-11-25"}}
    if sys.platform != "win32":
        assert stat.S_IMODE((data_folder / "settings.json").stat().st_mode) == 0o600


def test_the_price_is_said_before_the_run():
    assert words.price(OFFLINE_ROW, None) == "Free."
    assert words.price(ROWS["wavespeed"], 3).startswith("About $0.15: 3 layers at $0.05")
    assert words.price(ROWS["wavespeed"], None).startswith("About $0.20: 4 layers")
    assert words.price(ROWS["fal"], 8).startswith("About $0.05, as published on ")
    assert "no fixed price" in words.price(ROWS["runcomfy"], 4)


def test_what_is_sent_is_said_with_its_receiver():
    assert words.sending(OFFLINE_ROW) == ""
    assert "sent to fal, reduced" in words.sending(ROWS["fal"])
    assert words.sending(ROWS["replicate"]).endswith("How long it is kept there: 1 hour.")
    assert words.agreement(ROWS["fal"]) == "I a_gree that my pictures are sent to fal"


def test_a_missing_key_is_said_without_commands_because_a_button_is_there():
    row = ProviderRow.from_json(
        CAPABILITIES["fal"].as_json("There is no key for fal. Set one with: x")
    )
    assert words.readiness(row) == "There is no key for fal."


def test_labels_carry_their_key_in_each_toolkits_way():
    assert words.qt_label("Ad_vanced") == "Ad&vanced"
    assert words.qt_label("This & _that") == "This && &that"
    assert words.gtk_label("Ad_vanced") == "Ad_vanced"
    assert words.label("Ad_vanced") == "Advanced"


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0.2, "1 s"), (89, "89 s"), (300, "5 min")]
)
def test_an_estimate_in_words(seconds, said):
    assert said in words.duration(seconds)
