"""From the key to the layers, in the real Krita."""

from __future__ import annotations

import numpy as np
from krita_host import DIALOG, KritaHost
from pictures import poster, to_bgra
from PIL import Image

PLACE = "Bilder/Plakat für Ümit"


def test_the_shortcut_and_enter_give_a_group_of_named_layers(krita: KritaHost) -> None:
    pixels = poster((900, 600))
    folder = krita.work / PLACE
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., :3]).save(folder / "Größe ✓.png")
    krita.call("open_document", "picture", f"/work/{PLACE}/Größe ✓.png")
    before = krita.picture("picture", to_bgra(pixels))
    krita.run("xdotool", "mousemove", "700", "900")
    krita.press("ctrl+shift+k", window=krita.call("main_window_id"))
    krita.wait_until("the dialog", lambda: krita.window(DIALOG))
    krita.screenshot("dialog")
    krita.press("Return")
    krita.wait_for_groups("picture", 1)
    krita.screenshot("layers")
    original, group = krita.tree("picture")
    assert group["name"] == "Größe ✓ (layers)"
    assert len(group["children"]) >= 3
    assert all(layer["type"] == "paintlayer" for layer in group["children"])
    assert len({layer["name"] for layer in group["children"]}) == len(group["children"])
    assert group["children"][0]["bounds"] == [0, 0, 900, 600]  # the rearmost covers everything
    assert group["bounds"] == [0, 0, 900, 600]  # else Krita would show no picture of it yet
    assert original["visible"]
    assert np.array_equal(krita.picture_of_top("picture", before), before)


def test_one_undo_takes_everything_away_and_redo_brings_it_back(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("undo", pixels)
    krita.split_again("undo")
    tree = krita.tree("undo")
    krita.undo()
    krita.wait_until("no group", lambda: len(krita.tree("undo")) == 1)
    assert np.array_equal(krita.picture("undo", pixels), pixels)
    krita.redo()
    krita.wait_until("the group again", lambda: len(krita.tree("undo")) == 2)
    assert krita.tree("undo") == tree
    assert np.array_equal(krita.picture_of_top("undo", pixels), pixels)


def test_saved_and_opened_again_the_layers_are_the_same(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("saved", pixels)
    krita.split_again("saved")
    tree = krita.tree("saved")
    assert krita.call("save_document", "saved", "/work/saved.kra")
    krita.call("close_document", "saved")
    krita.call("open_document", "again", "/work/saved.kra")
    assert krita.tree("again") == tree
    assert np.array_equal(krita.picture_of_top("again", pixels), pixels)


def test_the_actions_stand_in_the_layer_menu_and_work_while_a_group_is_active(
    krita: KritaHost,
) -> None:
    krita.new_document("menus", to_bgra(poster()))
    krita.split_again("menus")
    assert krita.call("menu_entries", "Layer")[-2:] == [
        "Split into Layers…",
        "Split Again with Last Settings",
    ]
    assert krita.groups("menus")[-1]["name"] in krita.call("active_node")
    assert krita.call("is_enabled", "layersplit_split")
    assert krita.call("is_enabled", "layersplit_again")
