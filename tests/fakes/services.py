"""The test servers of all hosted services, and how to run a provider against one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes.comfyui_server import ComfyUIServer
from fakes.fal_server import FalServer
from fakes.replicate_server import ReplicateServer
from fakes.runcomfy_server import RunComfyServer
from fakes.wavespeed_server import WaveSpeedServer
from PIL import Image

from layersplit.domain import Extent, Hints, SplitRequest
from layersplit.providers import provider
from layersplit.providers.base import Answer, Task
from layersplit.remote.timing import Timing
from layersplit.run import Run

SERVERS = {
    server.name: server
    for server in (WaveSpeedServer, RunComfyServer, FalServer, ReplicateServer, ComfyUIServer)
}
FAST = Timing(
    connect_s=5.0,
    answer_s=0.8,
    early_s=5.0,
    patience_s=5.0,
    poll_s=0.002,
    first_poll_s=0.002,
    deadline_s=20.0,
    backoff_s=0.01,
    backoff_cap_s=0.05,
    settle_s=0.0,
)
"""Nothing here waits for anybody; a stalled answer is given up after less than a second."""
IMPATIENT = replace(FAST, answer_s=0.3, early_s=0.2, patience_s=0.3)
"""For faults that last: giving up is what is tested."""


def environment(server) -> dict[str, str]:
    """The variables that point a run at ``server``."""
    variables = {f"LAYERSPLIT_{server.name.upper()}_URL": server.url}
    if server.variable:
        variables[server.variable] = server.key
    return variables


def picture(width: int = 96, height: int = 64) -> np.ndarray:
    """(h, w, 4) u8: gradients and a disc, opaque."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256, x * 0 + 255], axis=-1)
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2
    pixels[disc, :3] = (230, 90, 40)
    return pixels.astype(np.uint8)


def reduced(pixels: np.ndarray, area_px: int) -> np.ndarray:
    """At most ``area_px`` pixels, never enlarged."""
    height, width = pixels.shape[:2]
    scale = min(1.0, (area_px / (width * height)) ** 0.5)
    if scale == 1.0:
        return pixels
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def task(pixels: np.ndarray | None = None, *, job=None, remember=None, **request) -> Task:
    """What split_picture hands to a provider."""
    pixels = picture() if pixels is None else pixels
    return Task(
        request=SplitRequest(**request),
        extent=Extent(width=pixels.shape[1], height=pixels.shape[0]),
        hints=Hints(),
        reduced=lambda area_px: reduced(pixels, area_px),
        job=job,
        remember=remember,
    )


def split(server, pixels=None, *, run=None, timing=FAST, **more) -> Answer:
    """Run the provider of ``server``; ``more`` are fields of the request, or job and remember."""
    more.setdefault("layer_count", 3)
    hosted = replace(provider(server.name), timing=timing)
    return hosted.split(task(pixels, provider=server.name, **more), run or Run())
