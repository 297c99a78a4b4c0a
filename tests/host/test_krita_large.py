"""A large document in the real Krita."""

from __future__ import annotations

import numpy as np
from krita_host import KritaHost
from memory import Peaks, large
from pictures import poster, to_bgra

MOST_MIB = 1500


@large
def test_sixty_megapixels_are_split_within_memory_and_exact(krita: KritaHost) -> None:
    pixels = to_bgra(poster((9000, 6700)))
    krita.new_document("large", pixels)
    with Peaks() as peaks:
        krita.split_again("large", seconds=300)
    assert 0 < peaks.mib["worker"] < MOST_MIB
    assert np.array_equal(krita.picture_of_top("large", pixels), pixels)
