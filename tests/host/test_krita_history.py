"""Past splits in Krita's docker."""

from __future__ import annotations

import numpy as np
from krita_host import KritaHost
from pictures import poster, to_bgra

DOCKER = "layersplit_history"


def test_a_past_split_can_be_inserted_again_and_deleted(krita: KritaHost) -> None:
    pixels = to_bgra(poster(seed=11))
    krita.new_document("past", pixels)
    krita.split_again("past")
    krita.wait_until("it is kept", lambda: krita.call("newest_kept") == "past")
    krita.call("show_docker", DOCKER)
    krita.screenshot("history")
    before = krita.call("docker_texts", DOCKER)
    assert before[0].startswith("past\nOffline splitter, ")
    krita.call("choose_in_docker", DOCKER, 0)
    krita.call("press_in_docker", DOCKER, "Insert Again")
    krita.wait_for_groups("past", 2)
    assert np.array_equal(krita.picture_of_top("past", pixels), pixels)
    krita.undo()
    krita.wait_for_groups("past", 1)
    krita.call("choose_in_docker", DOCKER, 0)
    krita.call("press_in_docker", DOCKER, "Delete")
    krita.wait_until("one less", lambda: krita.call("docker_texts", DOCKER) == before[1:])
    krita.call("hide_docker", DOCKER)
