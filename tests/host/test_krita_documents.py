"""Every kind of document in the real Krita: the group alone gives the picture."""

from __future__ import annotations

import numpy as np
import pytest
from krita_host import DIALOG, SRGB, KritaHost, Tree
from pictures import deep, poster, sticker, to_bgra, to_grey

ADOBE = "ClayRGB-elle-V2-g22.icc"
LINEAR = "sRGB-elle-V2-g10.icc"
GREY = "Gray-D50-elle-V2-srgbtrc.icc"
RGBA_8 = ("RGBA", "U8", SRGB)

EXACT = {
    "8 bits": (RGBA_8, to_bgra(poster())),
    "8 bits, wide gamut": (("RGBA", "U8", ADOBE), to_bgra(poster())),
    "8 bits, linear": (("RGBA", "U8", LINEAR), to_bgra(poster())),
    "8 bits, grey": (("GRAYA", "U8", GREY), to_grey(poster())),
    "16 bits, grey": (("GRAYA", "U16", GREY), to_grey(deep(poster(), np.uint16))),
}
SIXTEEN = {
    "16 bits": (("RGBA", "U16", SRGB), to_bgra(deep(poster(), np.uint16))),
    "16 bits, wide gamut": (("RGBA", "U16", ADOBE), to_bgra(deep(poster(), np.uint16))),
}
FLOAT = {
    "half": (("RGBA", "F16", SRGB), deep(poster(), np.float16)),
    "float": (("RGBA", "F32", SRGB), deep(poster(), np.float32)),
    "float, linear": (("RGBA", "F32", LINEAR), deep(poster(), np.float32)),
}


def visible(tree: Tree) -> list[bool]:
    return [node["visible"] for node in tree]


def split(krita: KritaHost, pixels: np.ndarray, space: tuple[str, str, str]) -> np.ndarray:
    """The picture that the new group gives alone."""
    krita.new_document("kind", pixels, space)
    krita.split_again("kind")
    (group,) = krita.groups("kind")
    assert len(group["children"]) >= 2
    return krita.picture_of_top("kind", pixels)


@pytest.mark.parametrize("kind", EXACT)
def test_a_document_of_eight_bits_or_of_grey_is_exact(krita: KritaHost, kind: str) -> None:
    space, pixels = EXACT[kind]
    assert np.array_equal(split(krita, pixels, space), pixels)


@pytest.mark.parametrize("kind", SIXTEEN)
def test_a_document_of_sixteen_bits_is_off_by_one_at_most(krita: KritaHost, kind: str) -> None:
    space, pixels = SIXTEEN[kind]
    got = split(krita, pixels, space)
    assert np.abs(got.astype(np.int64) - pixels.astype(np.int64)).max() <= 1


@pytest.mark.parametrize("kind", FLOAT)
def test_a_document_of_floats_is_as_exact_as_floats_are(krita: KritaHost, kind: str) -> None:
    space, pixels = FLOAT[kind]
    got = split(krita, pixels, space)
    allowed = 2e-3 if pixels.dtype == np.float16 else 2e-6
    assert np.abs(got.astype(np.float64) - pixels.astype(np.float64)).max() <= allowed


def test_a_cmyk_document_is_split_and_the_user_is_told(krita: KritaHost) -> None:
    ink = np.dstack([255 - poster()[..., :3], np.zeros(poster().shape[:2], np.uint8)])
    pixels = np.dstack([ink, np.full(poster().shape[:2], 255, np.uint8)])
    krita.new_document("ink", np.ascontiguousarray(pixels), ("CMYKA", "U8", "Chemical proof"))
    before = krita.shown_picture("ink")
    krita.ask()
    assert "This picture is CMYK" in krita.text(DIALOG)
    krita.call("press_button", DIALOG, "Split")
    krita.wait_for_groups("ink", 1)
    after = krita.shown_picture("ink")
    assert np.abs(after.astype(int) - before).mean() < 8  # twice through other inks


def test_a_transparent_picture_looks_the_same_before_and_after(krita: KritaHost) -> None:
    pixels = to_bgra(sticker())
    krita.new_document("sticker", pixels)
    krita.split_again("sticker")
    krita.wait_until("the original is hidden", lambda: not krita.tree("sticker")[0]["visible"])
    assert np.array_equal(krita.picture("sticker", pixels)[..., 3], pixels[..., 3])
    assert np.abs(krita.picture("sticker", pixels).astype(int) - pixels).max() <= 1
    krita.undo()
    krita.wait_until("one visible layer", lambda: visible(krita.tree("sticker")) == [True])
    assert np.array_equal(krita.picture("sticker", pixels), pixels)
