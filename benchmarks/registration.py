"""How exactly a service's displacement is measured.

    python -m benchmarks.registration

Every scene of known layers goes through the simulated service with shifts of up to 2 % of the
sides. Printed, for each strength and shift: the error of the displacement that was found, in small
pixels, on average over the scenes and at most (95 % of the pixels of a scene; what no edge is near
to cannot be known). Harsh and severe answers are bent besides; the bend is part of what is sought.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.scenes import SCENES, flattened
from benchmarks.service import DEGRADATIONS, Degradation, answer, bend

from layersplit.domain import F32
from layersplit.restore.registration import displacement

SIZE: Final = (1200, 900)
SHIFTS: Final = ((0.0, 0.0), (0.003, -0.002), (0.01, 0.007), (-0.02, 0.02), (0.02, -0.014))
MARGIN: Final = 0.06
"""Share of the sides at the border that is not looked at: nothing was sent from beyond it."""


def main() -> None:
    print(
        "| strength | shift, % of the sides | mean error, small px | greatest of 95 %, small px |"
    )
    print("|---|---|---|---|")
    scenes = {name: draw(SIZE) for name, draw in SCENES.items()}
    for strength, how in DEGRADATIONS.items():
        for shift in SHIFTS:
            moved = dataclasses.replace(how, shift=shift)
            errors = [error_of(layers, moved) for layers in scenes.values()]
            mean = float(np.mean([error.mean() for error in errors]))
            most = max(float(np.quantile(error, 0.95)) for error in errors)
            print(f"| {strength} | {shift[0]:.1%}, {shift[1]:.1%} | {mean:.3f} | {most:.3f} |")


def error_of(layers: list[npt.NDArray[np.uint8]], how: Degradation) -> F32:
    """Length of the error of the displacement found, (h, w) without a margin, in small pixels."""
    small = answer(layers, how)
    height, width = small[0].shape[:2]
    picture = cv2.resize(flattened(layers)[..., :3], (width, height), interpolation=cv2.INTER_AREA)
    goal = picture.astype(np.float32) / 255
    found = displacement(goal, _composite(small))
    true = _true(how, (width, height))
    error = np.linalg.norm(true - (0 if found is None else found), axis=-1)
    rows, columns = round(height * MARGIN), round(width * MARGIN)
    return np.asarray(error[rows:-rows, columns:-columns], np.float32)


def _true(how: Degradation, size: tuple[int, int]) -> F32:
    """Where to read the answer: the inverse of where the service read, by fixed-point steps."""
    read = np.dstack(bend(size, how, np.random.default_rng(0)))
    here = np.dstack(
        np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    )
    off = read - here
    back = -off
    for _ in range(6):
        at = here + back
        back = -cv2.remap(
            off, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return np.asarray(back, np.float32)


def _composite(layers: list[npt.NDArray[np.uint8]]) -> F32:
    out = layers[0][..., :3].astype(np.float32) / 255
    for layer in layers[1:]:
        values = layer.astype(np.float32) / 255
        out = out + (values[..., :3] - out) * values[..., 3:]
    return out


if __name__ == "__main__":
    main()
