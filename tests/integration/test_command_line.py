"""The real command in a real process: exit status, output, messages, files."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def command(*arguments):
    return [sys.executable, "-m", "layersplit", *map(str, arguments)]


def environment(home):
    kept = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_TOKEN", "_KEY"))}
    return {**kept, "LAYERSPLIT_HOME": str(home)}


def layersplit(home, *arguments, **options):
    return subprocess.run(
        command(*arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


def poster(path: Path, size=(480, 640)) -> Path:
    """A flat poster: ground, disc, title."""
    image = Image.new("RGB", size, (30, 60, 120))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.ellipse(
        (width // 5, height // 2, 4 * width // 5, height // 2 + 3 * width // 5), fill=(230, 90, 40)
    )
    draw.text((width // 10, height // 10), "LAYERS", fill=(250, 240, 200), font_size=width // 5)
    image.save(path)
    return path


def sentences(result):
    """The message of a failure: four lines and no traceback."""
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("The log is at "), result.stderr
    assert len(lines) == 4, result.stderr
    return lines


def composite(path: Path) -> np.ndarray:
    """Flatten an OpenRaster file as Krita does: 8-bit integers after every layer."""
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("stack.xml"))  # noqa: S314 - the file is ours
        below = None
        for layer in reversed(root.findall("./stack/layer")):
            with archive.open(layer.get("src")) as file:
                rgba = np.asarray(Image.open(file).convert("RGBA")).astype(np.float32)
            x, y = int(layer.get("x", 0)), int(layer.get("y", 0))
            if below is None:
                below = np.zeros((int(root.get("h")), int(root.get("w")), 3), np.float32)
            part = below[y : y + rgba.shape[0], x : x + rgba.shape[1]]
            alpha = rgba[..., 3:] * np.float32(1 / 255)
            part[:] = np.rint(alpha * (rgba[..., :3] - part) + part)
    return below.astype(np.uint8)


def test_a_poster_becomes_layers_that_add_up_to_it(home, tmp_path):
    source = poster(tmp_path / "poster.png")
    result = layersplit(home, "split", source, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert len(result.stdout.splitlines()) == 1
    assert report["output"] == str(tmp_path / "poster.ora")
    assert report["provider"] == "classic"
    assert report["extent"] == [480, 640]
    assert report["reconstruction"] == {"max_abs": 0, "psnr_db": None}
    assert set(report["seconds"]) == {"prepare", "provider", "restore", "export"}
    assert len(report["layers"]) >= 3
    assert len({layer["name"] for layer in report["layers"]}) == len(report["layers"])
    assert np.array_equal(composite(tmp_path / "poster.ora"), np.asarray(Image.open(source)))


@pytest.mark.parametrize("suffix", [".ora", ".psd", ".zip", ""])
def test_every_kind_of_output_is_written(home, tmp_path, suffix):
    source = poster(tmp_path / "in.png", (120, 160))
    out = tmp_path / f"out{suffix}"
    result = layersplit(home, "split", source, "-o", out)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(out)
    assert out.exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path != home) == sorted(
        ["in.png", out.name]
    )


def test_nothing_but_the_result_is_printed_where_no_terminal_is(home, tmp_path):
    result = layersplit(home, "split", poster(tmp_path / "in.png", (60, 80)))
    assert result.stdout == f"{tmp_path / 'in.ora'}\n"
    assert "%" not in result.stderr


def test_one_bad_picture_does_not_stop_a_batch(home, tmp_path):
    good = poster(tmp_path / "good.png", (60, 80))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not a picture")
    out = tmp_path / "out"
    result = layersplit(home, "split", bad, good, "-o", out)
    assert result.returncode == 2
    assert "bad.png" in result.stderr
    assert [path.name for path in out.iterdir()] == ["good.ora"]


def not_a_picture(folder):
    path = folder / "notes.png"
    path.write_text("These are notes.", encoding="utf-8")
    return path


def truncated(folder):
    whole = poster(folder / "whole.png").read_bytes()
    path = folder / "half.png"
    path.write_bytes(whole[: len(whole) // 2])
    return path


def huge_header(folder):
    def chunk(kind, body):
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = folder / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(
    "make",
    [
        not_a_picture,
        truncated,
        huge_header,
        lambda folder: folder,
        lambda folder: folder / "absent.png",
    ],
    ids=["not a picture", "truncated", "60000 x 60000", "a folder", "absent"],
)
def test_bad_input_is_one_message_and_status_2(home, tmp_path, make):
    folder = tmp_path / "in"
    folder.mkdir()
    source = make(folder)
    before = sorted(folder.rglob("*"))
    result = layersplit(home, "split", source)
    assert result.returncode == 2, result.stderr
    sentences(result)
    assert result.stdout == ""
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "extra",
    [
        ["--layers", "0"],
        ["--layers", "99"],
        ["--layers", "many"],
        ["--box", "900,900,950,950"],
        ["--box", "1,2,3"],
        ["--point", "500,10"],
        ["--provider", "nobody"],
        ["--resolution", "800"],
        ["--no-such-option"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused_before_anything_is_done(home, tmp_path, extra):
    source = poster(tmp_path / "in.png", (60, 80))
    result = layersplit(home, "split", source, *extra)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "in.ora").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_picture_that_may_not_be_read_is_said(home, tmp_path):
    source = poster(tmp_path / "in.png", (60, 80))
    source.chmod(0)
    result = layersplit(home, "split", source)
    assert result.returncode == 2
    sentences(result)


def test_an_output_folder_that_does_not_exist_is_said(home, tmp_path):
    source = poster(tmp_path / "in.png", (60, 80))
    result = layersplit(home, "split", source, "-o", tmp_path / "absent" / "deep" / "out.ora")
    assert result.returncode == 2 or (tmp_path / "absent" / "deep" / "out.ora").exists()
    if result.returncode:
        sentences(result)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said_and_nothing_stays(home, tmp_path):
    source = poster(tmp_path / "in.png", (480, 640))
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from layersplit.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    Image.fromarray(noise).save(source)
    result = subprocess.run(
        [sys.executable, "-c", script, "split", str(source)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir() if p != home) == ["in.png"]


def test_control_c_stops_within_two_seconds_and_leaves_nothing(home, tmp_path):
    source = tmp_path / "noise.png"
    noise = np.random.default_rng(1).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(source, compress_level=0)
    child = subprocess.Popen(
        command("split", source), env=environment(home), stderr=subprocess.PIPE, text=True
    )
    time.sleep(2.0)
    child.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = child.communicate(timeout=30)
    assert time.monotonic() - start < 4.0  # two seconds, doubled for a busy machine
    assert child.returncode == 130, errors
    assert "Cancelled" in errors
    assert "Traceback" not in errors
    assert sorted(p.name for p in tmp_path.iterdir() if p != home) == ["noise.png"]


def test_the_doctor_finds_this_environment_fine(home):
    result = layersplit(home, "doctor")
    assert result.returncode == 0, result.stdout
    assert "packages: fine" in result.stdout
    assert "provider classic: fine" in result.stdout


def test_every_provider_says_whether_it_is_ready_and_what_it_costs(home):
    result = layersplit(home, "providers", "--json")
    assert result.returncode == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)["providers"]}
    assert next(iter(rows)) == "classic"
    assert rows["classic"]["ready"] is True
    assert rows["wavespeed"]["ready"] is False
    assert rows["wavespeed"]["reason"].endswith(".")
    assert rows["wavespeed"]["price_usd"] == 0.05


def test_help_needs_nothing_heavy(home):
    script = (
        "import sys; from layersplit.cli import main; main(['--help']);"
        "heavy = {'numpy', 'cv2', 'PIL', 'httpx', 'torch', 'keyring'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
