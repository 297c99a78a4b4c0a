"""A large image in the real GIMP."""

from __future__ import annotations

import numpy as np
from gimp_host import GimpHost
from memory import Peaks, large
from pictures import poster

MOST_MIB = 1500


@large
def test_sixty_megapixels_are_split_within_memory_and_exact(gimp: GimpHost) -> None:
    pixels = poster((9000, 6700))
    gimp.new_image("large", pixels)
    with Peaks() as peaks:
        gimp.split("large")
    assert 0 < peaks.mib["worker"] < MOST_MIB
    assert np.array_equal(gimp.picture("large", pixels, top=True), pixels)
