"""A service that costs money, in the real GIMP: key, price, consent, result."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gimp_host import DIALOG, GimpHost
from paid import AGREEMENT, KEY, PRICE, TITLE, PaidService, files_with_the_key, forget_the_user
from session import HOME
from test_gimp_window import ask, close, open_picture

from layersplit.capabilities import CAPABILITIES

LOOK = "import sys; sys.path.append('/repository/tests/host/inside'); import gtk_look\n"
MOST_S = 60
Paid = tuple[GimpHost, PaidService]


@pytest.fixture(scope="module")
def paid(own_place: tuple[Path, Path, Path]) -> Iterator[Paid]:
    with contextlib.closing(GimpHost(*own_place, name="gimp-paid")) as gimp:
        folder = gimp.run("python3", "-m", "site", "--user-site")[1].strip()
        inside = gimp.work / Path(folder).relative_to(HOME)
        inside.mkdir(parents=True, exist_ok=True)
        (inside / "usercustomize.py").write_text(LOOK, encoding="utf-8")
        service = PaidService(gimp)
        gimp.launch(**service.environment, LAYERSPLIT_WINDOWS=f"{HOME}/windows.json")
        yield gimp, service


def seen(gimp: GimpHost) -> dict[str, Any]:
    """What the plug-in's newest window shows; empty when there is none."""
    file = gimp.work / "windows.json"
    windows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return windows[-1] if windows else {"title": "", "text": [], "buttons": {}}


def text(gimp: GimpHost) -> str:
    return "\n".join(seen(gimp)["text"])


def can_split(gimp: GimpHost) -> bool:
    return bool(seen(gimp)["buttons"].get("Split"))


def ask_with_service(gimp: GimpHost) -> None:
    """The dialog with the service chosen, by the keyboard."""
    ask_afresh(gimp)
    choose(gimp, "wavespeed")


def ask_afresh(gimp: GimpHost) -> None:
    """The dialog, with nothing left of what the one before showed."""
    (gimp.work / "windows.json").unlink(missing_ok=True)
    ask(gimp)
    gimp.wait_until("its text", lambda: text(gimp))


def choose(gimp: GimpHost, name: str) -> None:
    """Choose a provider: each is one key below the one before."""
    title = CAPABILITIES[name].title

    def chosen() -> bool:
        if title in seen(gimp)["text"]:
            return True
        for keys in ("alt+p", "Home", *["Down"] * list(CAPABILITIES).index(name)):
            gimp.press(keys, window=gimp.windows(DIALOG)[0])
        time.sleep(0.6)
        return title in seen(gimp)["text"]

    gimp.wait_until(title, chosen, MOST_S)


def leave(gimp: GimpHost) -> None:
    gimp.press("Escape")
    gimp.wait_until("the dialog is gone", lambda: not gimp.windows(DIALOG))
    gimp.wait_until_idle()


def test_a_key_alone_sends_nothing_and_consent_is_for_one_service(paid: Paid) -> None:
    gimp, service = paid
    forget_the_user(gimp)
    open_picture(gimp, "refused", (480, 320))
    ask_with_service(gimp)
    assert "There is no key" in text(gimp)
    assert PRICE in text(gimp)
    gimp.press("alt+k")  # Enter Key…
    gimp.wait_until("the question", lambda: gimp.windows(f"^Key for {TITLE}"))
    gimp.run("xdotool", "type", KEY)
    gimp.screenshot("key")
    gimp.press("Return")
    gimp.wait_until("ready", lambda: "Ready." in text(gimp), MOST_S)
    assert "The picture is sent to WaveSpeedAI, reduced to" in text(gimp)
    assert seen(gimp)["buttons"].get(AGREEMENT)
    assert not can_split(gimp)
    gimp.press("alt+g")
    gimp.wait_until("it can begin", lambda: can_split(gimp))
    gimp.screenshot("agreed")
    choose(gimp, "fal")
    choose(gimp, "wavespeed")
    time.sleep(0.5)
    assert not can_split(gimp)  # else the tick would count for whichever service is chosen next
    leave(gimp)
    assert len(gimp.tree("refused")) == 1
    assert not service.was_sent_something
    assert files_with_the_key(gimp) == ["keys.json"]
    success, error = gimp.call("split", "refused", {"provider": "wavespeed"}, None)
    assert not success
    assert "Nobody has agreed yet that pictures are sent to WaveSpeedAI." in error
    for window in gimp.windows("^GIMP Message$"):
        gimp.press("Escape", window=window)
    assert not service.was_sent_something
    close(gimp, "refused")


def test_after_consent_the_layers_add_up_and_one_job_was_paid(paid: Paid) -> None:
    gimp, service = paid
    pixels = open_picture(gimp, "paid", (480, 320))
    ask_with_service(gimp)
    assert not can_split(gimp)
    gimp.press("alt+g")
    gimp.wait_until("it can begin", lambda: can_split(gimp))
    gimp.press("Return")
    gimp.wait_until("a group", lambda: gimp.groups("paid"), MOST_S)
    gimp.wait_until_idle()
    (group,) = gimp.groups("paid")
    assert len(group["children"]) >= 2
    assert np.array_equal(gimp.picture("paid", pixels, top=True)[..., :3], pixels[..., :3])
    assert service.billed == 1
    close(gimp, "paid")


def test_consent_is_asked_for_once(paid: Paid) -> None:
    gimp, service = paid
    before = service.billed
    pixels = open_picture(gimp, "once", (480, 320), seed=3)
    ask_afresh(gimp)
    gimp.wait_until("it is chosen", lambda: TITLE in seen(gimp)["text"], MOST_S)  # as last time
    assert PRICE in text(gimp)
    assert AGREEMENT not in seen(gimp)["buttons"]
    gimp.press("Return")
    gimp.wait_until("a group", lambda: gimp.groups("once"), MOST_S)
    gimp.wait_until_idle()
    assert service.billed == before + 1
    gimp.split("once", provider="wavespeed")  # the same picture again comes from the cache
    assert len(gimp.groups("once")) == 2
    assert np.array_equal(gimp.picture("once", pixels, top=True)[..., :3], pixels[..., :3])
    assert service.billed == before + 1
    close(gimp, "once")
