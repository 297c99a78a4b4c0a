"""Small operations on masks that several parts of the splitter need."""

from __future__ import annotations

import cv2
import numpy as np

from layersplit.domain import Mask


def grown(mask: Mask, radius: int) -> Mask:
    """The mask with ``radius`` pixels more on every side."""
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)
