"""Pictures to look at: what a person sees with enlarged layers, and with restored ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

U8: TypeAlias = npt.NDArray[np.uint8]

CROPS: Final = {
    "poster": (0.03, 0.60, 3),
    "hair": (0.13, 0.20, 1),
    "photo": (0.40, 0.42, 3),
    "soft": (0.27, 0.52, 2),
    "eight": (0.12, 0.10, 6),
    "comic": (0.30, 0.36, 2),
    "foliage": (0.33, 0.78, 2),
    "dusk": (0.41, 0.52, 3),
}
"""For each scene: left and top of the crop as shares of the picture, and the layer shown alone."""
CROP_PX: Final = 220
ZOOM: Final = 2
TITLES: Final = (
    "picture",
    "layers enlarged",
    "restored",
    "one layer, true",
    "enlarged",
    "restored",
)


def save_panel(
    path: Path, scene: str, picture: U8, stacks: tuple[list[U8], list[U8], list[U8]]
) -> None:
    """Write a sheet of six crops; ``stacks``: true, enlarged and restored layers."""
    left, top, shown = CROPS[scene]
    height, width = picture.shape[:2]
    x, y = round(left * width), round(top * height)
    crop = (slice(y, y + CROP_PX), slice(x, x + CROP_PX))
    truth, naive, ours = ([layer[crop] for layer in stack] for stack in stacks)
    cells = [picture[crop][..., :3], _together(naive), _together(ours)]
    cells += [_on_checks(stack[shown]) for stack in (truth, naive, ours)]
    side = CROP_PX * ZOOM
    sheet = Image.new("RGB", (3 * side + 8, 2 * (side + 26) + 4), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=17)
    for number, (cell, title) in enumerate(zip(cells, TITLES, strict=True)):
        place = ((number % 3) * (side + 4), (number // 3) * (side + 30))
        pen.text((place[0] + 4, place[1] + 3), title, fill="black", font=font)
        large = Image.fromarray(cell).resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(large, (place[0], place[1] + 26))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def save_small(sheet: Path, path: Path) -> None:
    """The sheet of crops with a palette of 128 colours: a third of the bytes, for documents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(sheet) as full:
        small = full.resize((full.width * 3 // 4, full.height * 3 // 4), Image.Resampling.LANCZOS)
        small.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def _together(layers: list[U8]) -> U8:
    out = layers[0][..., :3].astype(np.float32)
    for layer in layers[1:]:
        out += (layer[..., :3] - out) * (layer[..., 3:] / np.float32(255))
    return np.rint(out).astype(np.uint8)


def _on_checks(layer: U8) -> U8:
    """A layer on the usual checkerboard."""
    rows, columns = np.indices(layer.shape[:2]) // 10
    ground = (((rows + columns) % 2) * 40 + 190)[..., None].astype(np.float32)
    share = layer[..., 3:] / np.float32(255)
    return np.rint(ground + (layer[..., :3] - ground) * share).astype(np.uint8)
