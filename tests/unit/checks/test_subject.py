"""Boxes and rough masks around and inside subjects, before grounds of texture."""

import cv2
import numpy as np
import pytest

from layersplit.checks.subject import subject_mattes
from layersplit.domain import Bounds, Extent, Hints

HEIGHT, WIDTH = 360, 480
EXTENT = Extent(width=WIDTH, height=HEIGHT)


def blotches(seed, colours, size=6):
    """Texture of a few colours, as leaves, stones or fur have it."""
    random = np.random.default_rng(seed)
    fields = [
        cv2.GaussianBlur(random.standard_normal((HEIGHT, WIDTH)), (0, 0), size) for _ in colours
    ]
    return np.float32(colours)[np.argmax(fields, axis=0)]


def arm(mask, start, end, width):
    cv2.line(mask, start, end, 1, width)


def creature():
    """A body with limbs that enclose ground: (h, w), 0 or 1."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (240, 170), (70, 50), 0, 0, 360, 1, -1)
    for start, end in (((200, 200), (150, 300)), ((280, 200), (330, 300)), ((240, 130), (300, 60))):
        arm(mask, start, end, 26)
    return mask


def scene():
    mask = creature()
    ground = blotches(1, [(70, 90, 60), (84, 104, 66), (96, 110, 80)])
    ground[:120] = blotches(2, [(120, 150, 190), (130, 160, 200), (140, 165, 200)])[:120]
    rock = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(rock, (300, 260), (170, 45), 0, 0, 360, 1, -1)
    stone = blotches(4, [(180, 170, 150), (183, 173, 153), (178, 168, 148)])
    ground = np.where(rock[..., None] > 0, stone, ground)
    skin = blotches(3, [(150, 90, 60), (190, 130, 80), (60, 40, 40)])
    rgb = np.where(mask[..., None] > 0, skin, ground)
    rgb = cv2.GaussianBlur(rgb, (0, 0), 0.8)
    pixels = np.dstack([rgb, np.full((HEIGHT, WIDTH), 255)]).astype(np.uint8)
    return pixels, mask


def iou(matte, mask):
    found = matte > 0.5
    return float((found & (mask > 0)).sum() / (found | (mask > 0)).sum())


def box_of(mask, looser_px):
    x, y, width, height = cv2.boundingRect(mask)
    box = Bounds(x=x, y=y, width=width, height=height).padded(looser_px)
    return box.intersection(Bounds(x=0, y=0, width=WIDTH, height=HEIGHT))


@pytest.mark.parametrize("looser_px", [0, 30, 60])
def test_a_box_gives_the_subject_and_not_the_rock_that_lies_mostly_in_it(looser_px):
    pixels, mask = scene()
    hints = Hints(boxes=(box_of(mask, looser_px),))
    (matte,) = subject_mattes(pixels, hints, EXTENT)
    assert iou(matte, mask) > 0.9


@pytest.mark.parametrize("inner_px", [10, 20])
def test_a_mask_inside_the_subject_gives_the_subject(inner_px):
    pixels, mask = scene()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * inner_px + 1, 2 * inner_px + 1))
    hints = Hints(mask=cv2.erode(mask, kernel) * 255)
    (matte,) = subject_mattes(pixels, hints, EXTENT)
    assert iou(matte, mask) > 0.7
