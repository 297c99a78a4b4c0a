"""A service that costs money, in the real Krita: key, price, consent, result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from krita_host import DIALOG, KritaHost
from paid import AGREEMENT, KEY, PRICE, TITLE, PaidService, files_with_the_key, forget_the_user
from pictures import poster, to_bgra

KEY_DIALOG = "layersplit_key"
Paid = tuple[KritaHost, PaidService]


@pytest.fixture(scope="module")
def running(own_place: tuple[Path, Path, Path]) -> Iterator[Paid]:
    with contextlib.closing(KritaHost(*own_place, name="krita-paid")) as krita:
        service = PaidService(krita)
        krita.launch(**service.environment)
        yield krita, service


@pytest.fixture
def paid(running: Paid) -> Iterator[Paid]:
    """Krita without any document, and the service."""
    yield running
    running[0].call("close_windows")
    running[0].call("close_documents")


def ask(krita: KritaHost) -> None:
    """The dialog with the service chosen."""
    krita.ask()
    krita.call("choose", DIALOG, TITLE)
    krita.wait_until("the price", lambda: PRICE in krita.text(DIALOG))


def can_split(krita: KritaHost) -> bool:
    return bool(krita.call("is_button_enabled", DIALOG, "Split"))


def buttons(krita: KritaHost) -> list[str]:
    window = krita.window(DIALOG)
    assert window is not None
    return list(window["buttons"])


def leave(krita: KritaHost) -> None:
    krita.press("Escape")
    krita.wait_until("the dialog is gone", lambda: not krita.window(DIALOG))


def test_a_key_alone_sends_nothing_and_consent_is_for_one_service(paid: Paid) -> None:
    krita, service = paid
    forget_the_user(krita)
    krita.new_document("refused", to_bgra(poster()))
    ask(krita)
    assert "There is no key" in krita.text(DIALOG)
    krita.call("press_button", DIALOG, "Enter Key")
    krita.wait_until("the question", lambda: krita.window(KEY_DIALOG))
    krita.call("fill", KEY_DIALOG, "Key", KEY)
    krita.screenshot("key")
    krita.call("press_button", KEY_DIALOG, "Save")
    krita.wait_until("ready", lambda: "Ready." in krita.text(DIALOG))
    assert "The picture is sent to WaveSpeedAI, reduced to" in krita.text(DIALOG)
    assert AGREEMENT in buttons(krita)
    assert not can_split(krita)
    krita.call("press_button", DIALOG, "I agree")
    krita.wait_until("it can begin", lambda: can_split(krita))
    krita.screenshot("agreed")
    krita.call("choose", DIALOG, "fal")
    krita.call("choose", DIALOG, TITLE)
    assert not can_split(krita)  # else the tick would count for whichever service is chosen next
    leave(krita)
    krita.call("trigger", "layersplit_again")  # the last settings are still the offline splitter's
    krita.wait_for_groups("refused", 1)
    assert not service.was_sent_something
    assert files_with_the_key(krita) == ["keys.json"]


def test_after_consent_the_layers_add_up_and_one_job_was_paid(paid: Paid) -> None:
    krita, service = paid
    pixels = to_bgra(poster())
    krita.new_document("paid", pixels)
    ask(krita)
    assert not can_split(krita)
    krita.call("press_button", DIALOG, "I agree")
    krita.wait_until("it can begin", lambda: can_split(krita))
    krita.call("press_button", DIALOG, "Split")
    krita.wait_for_groups("paid", 1)
    (group,) = krita.groups("paid")
    assert len(group["children"]) >= 2
    assert np.array_equal(krita.picture_of_top("paid", pixels), pixels)
    assert service.billed == 1


def test_consent_is_asked_for_once(paid: Paid) -> None:
    krita, service = paid
    before = service.billed
    pixels = to_bgra(poster(seed=3))
    krita.new_document("once", pixels)
    ask(krita)
    assert AGREEMENT not in buttons(krita)
    assert can_split(krita)
    krita.press("Return")
    krita.wait_for_groups("once", 1)
    krita.split_again("once", 2)  # the same picture again comes from the cache
    assert np.array_equal(krita.picture_of_top("once", pixels), pixels)
    assert service.billed == before + 1
