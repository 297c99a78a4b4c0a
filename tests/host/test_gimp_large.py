"""A large image in the real GIMP."""

from __future__ import annotations

import numpy as np
from gimp_host import GimpHost
from memory import PeakOfWorkers, large
from pictures import poster

MOST_MIB = 1500


@large
def test_sixty_megapixels_are_split_within_memory_and_exact(gimp: GimpHost) -> None:
    pixels = poster((9000, 6700))
    gimp.new_image("large", pixels)
    with PeakOfWorkers() as peak:
        gimp.split("large")
    print(f"worker: {peak.mib:.0f} MiB")
    assert 0 < peak.mib < MOST_MIB
    assert np.array_equal(gimp.picture("large", pixels, top=True), pixels)
