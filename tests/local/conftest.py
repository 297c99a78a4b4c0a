"""The tests of ``local`` on a tiny model; without torch each file is skipped and says so."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from layersplit.local.job import LocalTask
from layersplit.local.options import Options
from layersplit.local.session import Session
from layersplit.run import Run

for _name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ[_name] = "1"

NEEDED = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "gguf", "psutil")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


class _Absent(pytest.Module):
    """A test file that cannot run here."""

    def collect(self) -> list[Any]:
        pytest.skip(f"{MISSING[0]} is not installed", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Module | None:
    if not MISSING:
        return None
    module: pytest.Module = _Absent.from_parent(parent, path=module_path)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process for all of them: torch is imported once, and two would fight for the cores."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("local"))
            # Deprecations between these libraries are theirs; warnings of ours stay errors.
            for module in ("torch", "transformers", "diffusers", "accelerate", "gguf", "<frozen"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:::{module}"))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch  # noqa: PLC0415 - skipped without it

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and no model that another test left loaded."""
    monkeypatch.setenv("LAYERSPLIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model on the disk; nobody may change it."""
    from local import tiny  # noqa: PLC0415 - as above

    return tiny.save(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def picture() -> np.ndarray:
    """96 x 64: red, a blue square, a transparent corner."""
    pixels = np.full((64, 96, 4), (220, 40, 40, 255), np.uint8)
    pixels[20:51, 30:61] = (40, 40, 220, 255)
    pixels[:8, :8] = 0
    return pixels


@pytest.fixture
def session() -> Iterator[Any]:
    """A session of the test's own, emptied afterwards."""
    own = Session(lambda: None)
    yield own
    own.release()


Listener = Callable[[str, float | None, str], None]


@pytest.fixture
def split(picture: np.ndarray, model_folder: Path, session: Any) -> Callable[..., SimpleNamespace]:
    """``split(prompt=..., plan=..., listener=..., options=...)``: layers, names, notes, told."""
    from layersplit.local.splitter import split_locally  # noqa: PLC0415 - torch

    def run_once(
        listener: Listener | None = None,
        cancelled: threading.Event | None = None,
        options: Options | None = None,
        **changes: Any,
    ) -> SimpleNamespace:
        told: list[tuple[float | None, str]] = []

        def listen(stage: str, fraction: float | None, sentence: str) -> None:
            told.append((fraction, sentence))
            if listener is not None:
                listener(stage, fraction, sentence)

        settings: dict[str, Any] = {
            "picture": lambda _area: picture,
            "width": 96,
            "height": 64,
            "layers": 2,
            "prompt": "a blue square on red",
            "resolution": 96,
            "steps": 2,
            "seed": 7,
            "model": str(model_folder),
        }
        task = LocalTask(**(settings | changes))
        options = options or Options()
        done = split_locally(task, options, Run(listen, cancelled), session=session)
        return SimpleNamespace(layers=done.layers, names=done.names, notes=done.notes, told=told)

    return run_once
