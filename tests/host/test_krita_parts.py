"""A selection, a layer, a layer of the layers: only parts of a document are split."""

from __future__ import annotations

import numpy as np
from krita_host import DIALOG, KritaHost, Tree
from pictures import poster, sticker, to_bgra

BALL = [30, 100, 160, 170]
"""Around the ball of the poster, with some sky."""


def split_by_dialog(krita: KritaHost, scope: str) -> None:
    """Choose what to split in the dialog, and split."""
    krita.ask()
    krita.call("choose", DIALOG, scope)
    krita.call("press_button", DIALOG, "Split")
    krita.wait_until("the dialog is gone", lambda: not krita.window(DIALOG))


def children(tree: Tree) -> Tree:
    return tree[-1]["children"]


def test_a_rectangle_is_split_in_its_place_and_the_rest_is_untouched(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("box", pixels)
    krita.select("box", BALL)
    krita.call("trigger", "layersplit_split")
    krita.wait_until("the dialog", lambda: krita.window(DIALOG))
    krita.call("press_button", DIALOG, "Split")  # a selection is what is split, without a word
    krita.wait_for_groups("box", 1)
    assert np.array_equal(krita.picture("box", pixels), pixels)
    x, y, width, height = BALL
    alone = krita.picture_of_top("box", pixels)
    inside = (slice(y, y + height), slice(x, x + width))
    assert np.array_equal(alone[inside], pixels[inside])
    alone = alone.copy()
    alone[inside] = 0
    assert not alone.any()
    assert all(layer["type"] == "paintlayer" for layer in children(krita.tree("box")))


def test_a_round_selection_masks_the_group(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("round", pixels)
    x, y, width, height = BALL
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot((columns - width / 2) / width, (rows - height / 2) / height)
    mask = np.clip((0.49 - distance) * 4000, 0, 255).astype(np.uint8)
    krita.select("round", BALL, mask)
    split_by_dialog(krita, "The selection")
    krita.wait_for_groups("round", 1)
    kinds = [layer["type"] for layer in children(krita.tree("round"))]
    assert kinds[-1] == "transparencymask"
    assert kinds.count("transparencymask") == 1
    assert np.array_equal(krita.picture("round", pixels), pixels)
    alone = krita.picture_of_top("round", pixels)
    where = np.zeros(pixels.shape[:2], np.uint8)
    where[y : y + height, x : x + width] = mask
    assert np.array_equal(alone[..., 3], where)
    assert np.array_equal(alone[where == 255], pixels[where == 255])
    krita.undo()
    krita.wait_until("one undo step", lambda: not krita.groups("round"))


def test_a_layer_is_split_above_itself_with_its_transparency(krita: KritaHost) -> None:
    pixels = to_bgra(sticker())
    krita.new_document("layer", pixels)
    krita.call("add_layer", "layer", "Paper")  # a white layer below, so that the place shows
    krita.call("make_active", "layer", ["Picture"])
    krita.call("change_node", "layer", ["Picture"], 180, "multiply")
    before = krita.picture("layer", pixels)
    split_by_dialog(krita, "The active layer")
    krita.wait_for_groups("layer", 1)
    names = [node["name"] for node in krita.tree("layer")]
    assert names == ["Paper", "Picture", "Picture (layers)"]
    group = krita.tree("layer")[-1]
    assert (group["opacity"], group["mode"]) == (180, "multiply")
    krita.wait_until("the original is hidden", lambda: not krita.tree("layer")[1]["visible"])
    after = krita.picture("layer", pixels)
    assert np.abs(after.astype(int) - before).max() <= 1
    krita.call("change_node", "layer", ["Picture (layers)"], 255, "normal")
    alone = krita.picture_of_top("layer", pixels)
    assert np.array_equal(alone[..., 3], pixels[..., 3])


def test_a_layer_of_a_split_can_be_split_again(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("twice", pixels)
    krita.split_again("twice")
    group = krita.groups("twice")[0]
    rearmost = group["children"][0]["name"]
    krita.call("make_active", "twice", [group["name"], rearmost])
    split_by_dialog(krita, "The active layer")
    krita.wait_until("a group in the group", lambda: _has_group(krita.groups("twice")[0]))
    inner = krita.groups("twice")[0]["children"]
    assert [node["name"] for node in inner[:2]] == [rearmost, f"{rearmost} (layers)"]
    assert np.array_equal(krita.picture_of_top("twice", pixels), pixels)
    krita.undo()
    krita.wait_until("one step", lambda: not _has_group(krita.groups("twice")[0]))


def test_a_group_is_split_as_what_it_shows(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("group", pixels)
    krita.split_again("group")
    group = krita.groups("group")[0]["name"]
    krita.call("make_active", "group", [group])
    split_by_dialog(krita, "The active layer")
    krita.wait_for_groups("group", 2)
    assert [node["name"] for node in krita.groups("group")] == [group, f"{group} (layers)"]
    assert np.array_equal(krita.picture_of_top("group", pixels), pixels)


def _has_group(node: dict[str, object]) -> bool:
    return any(child["type"] == "grouplayer" for child in node["children"])  # type: ignore[union-attr] # JSON


def test_a_layer_without_pixels_is_refused_in_words(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("empty", pixels)
    krita.call("add_layer", "empty", "Nothing", False)
    krita.call("make_active", "empty", ["Nothing"])
    split_by_dialog(krita, "The active layer")
    krita.wait_until("a message", lambda: krita.window("layersplit_message"))
    assert "“Nothing” has no pixels" in krita.text("layersplit_message")
    krita.call("press_button", "layersplit_message", "Close")
    krita.wait_until("it is gone", lambda: not krita.window("layersplit_message"))
    assert len(krita.tree("empty")) == 2
