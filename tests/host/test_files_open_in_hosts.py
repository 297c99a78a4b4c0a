"""The files that the export writes, opened by the real GIMP and the real Krita.

What the programs are known to do with them (see docs/formats.md) is part of what is tested: Krita's
OpenRaster documents are 8-bit sRGB, GIMP blends the layers of an OpenRaster file in linear light.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import deep, poster, sticker
from roots import NoRootError, root_for

from layersplit.domain import Extent, Layer, LayerStack, Picture, SplitRequest
from layersplit.export import write
from layersplit.pixels.profile_writer import SRGB_PRIMARIES, gamma_curve, rgb_profile
from layersplit.run import Run
from layersplit.split import split_picture

HERE = Path(__file__).parent
SIZE = (240, 160)
NAMES = ["<b>&\"'", "🎈 名前", "x" * 300, ""]
PROFILE = rgb_profile(SRGB_PRIMARIES, gamma_curve(1.9), "Gamma 1.9")
FILES = ["poster.ora", "poster.psd", "poster.psb", "sticker.ora", "sticker.psd", "deep.ora",
         "deep.psd", "wide.psd", "odd.ora", "odd.psd"]  # fmt: skip


@dataclass(frozen=True)
class Written:
    """The folder with the files, and what each was made from."""

    folder: Path
    sources: dict[str, tuple[LayerStack, np.ndarray]]


@dataclass(frozen=True)
class Seen:
    """What a program made of one file."""

    folder: Path
    name: str
    said: dict[str, Any]

    def merged(self, like: np.ndarray, order: list[int]) -> np.ndarray:
        """The picture that the program shows."""
        content = (self.folder / f"{self.name}.merged").read_bytes()
        return np.frombuffer(content, like.dtype).reshape(like.shape)[..., order]

    def layer(self, index: int, dtype: Any, order: list[int]) -> np.ndarray:
        """The pixels of one layer within the bounds that the program gives it."""
        _, _, width, height = self.said["layers"][index]["bounds"]
        content = (self.folder / f"{self.name}.{index}").read_bytes()
        return np.frombuffer(content, dtype).reshape(height, width, 4)[..., order]


RGBA, BGRA = [0, 1, 2, 3], [2, 1, 0, 3]


@pytest.fixture(scope="module")
def root() -> Path:
    try:
        return root_for(os.environ.get("LAYERSPLIT_HOSTS", "trixie"))
    except NoRootError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Every file, made as the command line makes it."""
    folder = tmp_path_factory.mktemp("files")
    pictures = {
        "poster": Picture(pixels=poster(SIZE)),
        "sticker": Picture(pixels=sticker(SIZE)),
        "deep": Picture(pixels=deep(poster(SIZE), np.uint16)),
        "wide": Picture(pixels=poster(SIZE), icc=PROFILE),
    }
    sources = {}
    for kind, picture in pictures.items():
        stack, report = split_picture(picture, SplitRequest(), run=Run())
        for name in (name for name in FILES if name.startswith(kind)):
            write(stack, picture, folder / name, run=Run(), report=report.as_json(None))
            sources[name] = (stack, picture.pixels)
    stack, picture = odd()
    for name in (name for name in FILES if name.startswith("odd")):
        write(stack, picture, folder / name, run=Run(), report={})
        sources[name] = (stack, picture.pixels)
    return Written(folder, sources)


def odd() -> tuple[LayerStack, Picture]:
    """Layers that hang over the edges, with names that are hard to write."""
    random = np.random.default_rng(3)
    pixels = random.integers(1, 256, (41, 67, 4), dtype=np.uint8)
    ground = Layer(name="Ground", pixels=np.full((41, 67, 4), 255, np.uint8))
    places = [(-5, -7), (50, 30), (-30, 20), (10, 10)]
    over = tuple(
        Layer(name=name, pixels=pixels[: 20 + n, : 30 + n], x=x, y=y)
        for n, (name, (x, y)) in enumerate(zip(NAMES, places, strict=True))
    )
    stack = LayerStack(extent=Extent(width=67, height=41), layers=(ground, *over))
    return stack, Picture(pixels=pixels)


def opened(root: Path, written: Written, home: Path, *command: str) -> dict[str, Seen]:
    """Run a program in the root over all files."""
    for name in written.sources:
        (home / name).write_bytes((written.folder / name).read_bytes())
    (home / "files.json").write_text(json.dumps(list(written.sources)), encoding="utf-8")
    (home / "wheels").mkdir()
    log = home / "program.log"
    with log.open("wb") as output:
        subprocess.run(
            [HERE / "run_in_root.sh", root, home, HERE.parent.parent, home / "wheels", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=300,
        )
    seen = {}
    for name in written.sources:
        said = home / f"{name}.json"
        assert said.exists(), log.read_text(encoding="utf-8", errors="replace")[-2000:]
        seen[name] = Seen(home, name, json.loads(said.read_text(encoding="utf-8")))
        assert "error" not in seen[name].said, seen[name].said["error"]
    return seen


@pytest.fixture(scope="module")
def in_krita(
    root: Path, written: Written, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Seen]:
    inside = "PYTHONPATH=/repository/tests/host/inside"
    program = ("kritarunner", "-s", "open_in_krita", "-f", "main")
    quiet = ("QT_QPA_PLATFORM=offscreen", "PYTHONDONTWRITEBYTECODE=1")
    home = tmp_path_factory.mktemp("krita")
    return opened(root, written, home, "env", inside, *quiet, *program)


@pytest.fixture(scope="module")
def in_gimp(
    root: Path, written: Written, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Seen]:
    programs = sorted((root / "usr/bin").glob("gimp-console-3.*"))
    if not programs:
        pytest.skip("This root has no GIMP 3.")
    script = "/repository/tests/host/inside/open_in_gimp.py"
    batch = f"exec(open('{script}', encoding='utf-8').read())"
    home = tmp_path_factory.mktemp("gimp")
    return opened(
        root, written, home, programs[-1].name, "-i", "-d", "-f", "--quit",
        "--batch-interpreter", "python-fu-eval", "-b", batch,
    )  # fmt: skip


def check_layers(seen: Seen, stack: LayerStack, order: list[int]) -> None:
    """Number, order, names, places and every pixel that can be seen."""
    assert seen.said["size"] == [stack.extent.width, stack.extent.height]
    assert len(seen.said["layers"]) == len(stack)
    for index, (layer, said) in enumerate(zip(stack, seen.said["layers"], strict=True)):
        assert said["name"][:30] == (layer.name or f"Layer {index + 1}")[:30]
        x, y, _, _ = said["bounds"]
        shown = seen.layer(index, layer.pixels.dtype, order)
        # Krita's bounds leave out transparent margins: both are laid on one canvas.
        canvas = np.zeros((600, 600, 4), layer.pixels.dtype)
        ours = canvas.copy()
        canvas[y + 200 : y + 200 + shown.shape[0], x + 200 : x + 200 + shown.shape[1]] = shown
        height, width = layer.pixels.shape[:2]
        ours[layer.y + 200 : layer.y + 200 + height, layer.x + 200 : layer.x + 200 + width] = (
            layer.pixels
        )
        assert np.array_equal(canvas[..., 3], ours[..., 3])
        visible = ours[..., 3] > 0
        assert np.array_equal(canvas[visible], ours[visible])


@pytest.mark.parametrize("name", FILES)
def test_krita_shows_the_layers_bit_for_bit(
    in_krita: dict[str, Seen], written: Written, name: str
) -> None:
    check_layers(in_krita[name], written.sources[name][0], BGRA)


@pytest.mark.parametrize(
    "name", ["poster.ora", "poster.psd", "poster.psb", "deep.psd", "wide.psd", "sticker.ora",
             "sticker.psd"],
)  # fmt: skip
def test_krita_composites_them_to_the_source_exactly(
    in_krita: dict[str, Seen], written: Written, name: str
) -> None:
    source = written.sources[name][1]
    shown = in_krita[name].merged(source, BGRA)
    assert np.array_equal(shown[..., 3], source[..., 3])
    visible = source[..., 3] > 0
    assert np.array_equal(shown[visible], source[visible])


def test_krita_shows_a_deep_openraster_as_8_bits_and_within_one_level(
    in_krita: dict[str, Seen], written: Written
) -> None:
    source = np.rint(written.sources["deep.ora"][1] / 257).astype(np.uint8)
    assert in_krita["deep.ora"].said["depth"] == "U8"
    shown = in_krita["deep.ora"].merged(source, BGRA)
    assert np.abs(shown.astype(int) - source).max() <= 1


def test_krita_keeps_depth_and_profile_of_a_psd(in_krita: dict[str, Seen]) -> None:
    assert in_krita["deep.psd"].said["depth"] == "U16"
    assert in_krita["wide.psd"].said["profile"] == "Gamma 1.9"


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith(("poster", "sticker", "odd"))])
def test_gimp_shows_the_layers_bit_for_bit(
    in_gimp: dict[str, Seen], written: Written, name: str
) -> None:
    check_layers(in_gimp[name], written.sources[name][0], RGBA)


@pytest.mark.parametrize("name", ["poster.psd", "poster.psb", "deep.psd", "sticker.psd"])
def test_gimp_composites_a_psd_to_the_source_within_one_level(
    in_gimp: dict[str, Seen], written: Written, name: str
) -> None:
    source = written.sources[name][1]
    shown = in_gimp[name].merged(source, RGBA)
    assert np.array_equal(shown[..., 3], source[..., 3])
    visible = source[..., 3] > 0
    assert np.abs(shown[visible].astype(int) - source[visible]).max() <= 1
