"""What makes strokes side by side a written line."""

import numpy as np
import pytest

from layersplit.classic.glyphs import Glyph
from layersplit.classic.lines import is_line

LETTERS = {  # heights as shares of a capital, standing on one base
    "small letters": (0.7, 0.7, 1.0, 0.7, 0.7, 1.0),
    "capitals": (1.0, 1.0, 1.0, 1.0),
    "one capital": (1.0, 0.7, 0.72),
    "folds of cloth": (1.2, 0.7, 0.35),
    "grass": (0.6, 1.15, 0.8),
    "a long stroke and two short ones": (0.45, 0.48, 1.3),
}


def row_of(shares, capital=40):
    """Strokes of an L, each with its foot on the base, 6 px wide."""
    row, x = [], 10
    for at, share in enumerate(shares):
        height, width = round(capital * share), 18 + 4 * (at % 3)
        mask = np.zeros((height, width), bool)
        mask[:, :6] = True
        mask[-6:] = at % 2 == 0
        colour = np.float32((30, 0, 0))
        row.append(
            Glyph(
                x=x, y=200 - height, width=width, height=height, stroke=6, colour=colour, mask=mask
            )
        )
        x += width + 6
    return row


@pytest.mark.parametrize("name", LETTERS)
def test_a_line_has_letters_of_one_height(name):
    written = name in ("small letters", "capitals", "one capital")
    assert is_line(row_of(LETTERS[name])) is written
