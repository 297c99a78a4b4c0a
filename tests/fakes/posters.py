"""Pictures of known layers for the splitter's tests: small, antialiased, without any font file."""

from dataclasses import dataclass

import cv2
import numpy as np

from layersplit.classic.splitter import Splitting, split
from layersplit.domain import Extent, Hints
from layersplit.run import Run

FINER = 4
WIDTH, HEIGHT = 720, 540


@dataclass
class Drawing:
    """Layers bottom first by name, (h, w, 4) f32 0..1 straight."""

    layers: dict[str, np.ndarray]

    def picture(self) -> np.ndarray:
        out = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for layer in self.layers.values():
            out = out + (layer[..., :3] - out) * layer[..., 3:]
        return np.rint(np.dstack([out, np.ones((HEIGHT, WIDTH))]) * 255).astype(np.uint8)

    def alpha(self, name: str) -> np.ndarray:
        return self.layers[name][..., 3]


def layer(colour, paint) -> np.ndarray:
    """``paint(mask)`` draws on a mask at four times the size; ``colour`` 0..255."""
    mask = np.zeros((HEIGHT * FINER, WIDTH * FINER), np.uint8)
    paint(mask)
    alpha = cv2.resize(mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) / 255
    rgb = np.broadcast_to(np.array(colour) / 255, (HEIGHT, WIDTH, 3))
    return np.dstack([rgb, alpha]).astype(np.float32)


def ground(kind: str) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    share = {
        "flat": np.zeros_like(x),
        "gradient": x / WIDTH * 0.5 + y / HEIGHT * 0.5,
        "radial": np.hypot(x - WIDTH / 2, y - HEIGHT / 2) / WIDTH,
        "stripes": ((x + y) % 36 < 18).astype(np.float32),
        "paper": np.random.default_rng(0).normal(0.5, 0.05, x.shape),
    }[kind][..., None]
    rgb = np.array((250, 236, 200)) * (1 - share) + np.array((200, 214, 240)) * share
    return np.dstack([np.clip(rgb / 255, 0, 1), np.ones(x.shape)]).astype(np.float32)


def written(words: str, x: int, y: int, size: float, colour=(40, 40, 60)) -> np.ndarray:
    def paint(mask):
        cv2.putText(mask, words, (x * FINER, y * FINER), cv2.FONT_HERSHEY_DUPLEX, size * FINER,
                    255, round(size * 2.2 * FINER), cv2.LINE_AA)  # fmt: skip

    return layer(colour, paint)


def figure(x: int, y: int) -> np.ndarray:
    """A body with a head and a hat: three colours, one thing."""
    corners = scaled(x - 55, y), scaled(x + 55, y + 130)
    axes = (62 * FINER, 20 * FINER)
    parts = [
        layer((60, 90, 190), lambda m: cv2.rectangle(m, *corners, 255, -1)),
        layer((230, 180, 150), lambda m: cv2.circle(m, scaled(x, y - 40), 50 * FINER, 255, -1)),
        layer((190, 50, 50), lambda m: cv2.ellipse(m, scaled(x, y - 78), axes, 0, 0, 360, 255, -1)),
    ]
    out = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    for part in parts:
        alpha = part[..., 3:]
        out[..., :3] = part[..., :3] * alpha + out[..., :3] * (1 - alpha)
        out[..., 3:] = alpha + out[..., 3:] * (1 - alpha)
    out[..., :3] /= np.maximum(out[..., 3:], 1e-6)
    return out


def scaled(x: int, y: int) -> tuple[int, int]:
    return x * FINER, y * FINER


def poster(kind: str) -> Drawing:
    return Drawing(
        {
            "background": ground(kind),
            "figure": figure(430, 330),
            "title": written("SUMMER FAIR", 40, 90, 2.2),
        }
    )


def divided(picture: np.ndarray, hints: Hints | None = None, count: int | None = None) -> Splitting:
    extent = Extent(width=picture.shape[1], height=picture.shape[0])
    return split(picture, hints=hints or Hints(), extent=extent, layer_count=count, run=Run())


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.minimum(one, other).sum() / max(np.maximum(one, other).sum(), 1e-6))


def best(result: Splitting, alpha: np.ndarray) -> tuple[float, int]:
    """IoU with, and index of, the layer that fits best."""
    fits = [iou(one.pixels[..., 3] / 255, alpha) for one in result.layers[1:]]
    at = int(np.argmax(fits)) if fits else 0
    return (fits[at] if fits else 0.0), at + 1
