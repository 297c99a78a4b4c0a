"""ZIP files and folders of PNGs with a manifest."""

import json
import re
import zipfile

import cv2
import numpy as np
import pytest
from fakes.stacks import (
    ICC,
    in_file,
    merged,
    picture_for,
    profile_in_file,
    raster,
    stack_of,
    stacks,
)
from hypothesis import given, settings

from layersplit.domain import Extent
from layersplit.export import write
from layersplit.run import Run

REPORT = {
    "output": "/home/somebody/secret",
    "provider": "classic",
    "reconstruction": {"max_abs": 3.0, "psnr_db": 50.0},
    "notes": ["A note."],
}


def contents(path):
    """Name to bytes, of a folder or a ZIP."""
    if path.is_dir():
        return {p.name: p.read_bytes() for p in path.iterdir()}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def decoded(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]


@pytest.mark.parametrize("name", ["out.zip", "out"])
@given(stack=stacks())
@settings(max_examples=30)  # every file is forced to the disk
def test_the_layers_are_in_the_set_bit_for_bit(tmp_path_factory, name, stack):
    out = tmp_path_factory.mktemp("set") / name
    report = {**REPORT, "notes": ["A note."]}
    assert write(stack, picture_for(stack), out, run=Run(), report=report) == out
    files = contents(out)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["extent"] == [stack.extent.width, stack.extent.height]
    assert len(manifest["layers"]) == len(stack)
    for layer, row in zip(stack, manifest["layers"], strict=True):
        wanted = raster(layer)
        assert np.array_equal(decoded(files.pop(row["file"])), wanted)
        assert row["bounds"] == [layer.x, layer.y, wanted.shape[1], wanted.shape[0]]
        assert re.fullmatch(r"\d\d-[a-z0-9-]{1,40}\.png", row["file"])
        assert row["name"]
        assert 0 <= row["coverage"] <= 1
    assert np.array_equal(decoded(files.pop(manifest["merged"])), in_file(merged(stack)))
    if profile_in_file(stack) is not None:
        assert files.pop(manifest["icc"]) == profile_in_file(stack)
    assert not files
    assert "secret" not in json.dumps(manifest)
    assert list(out.parent.iterdir()) == [out]


def test_the_manifest_says_what_is_in_the_set(tmp_path):
    pixels = np.full((4, 6, 4), 255, np.uint8)
    half = np.full((2, 6, 4), 255, np.uint8)
    stack = stack_of(
        (pixels, 0, 0), (half, 0, -1), extent=Extent(width=6, height=4), icc=ICC, title="A poster"
    )
    write(stack, picture_for(stack), tmp_path / "out", run=Run(), report=dict(REPORT))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["format"] == "layersplit-layers"
    assert manifest["version"] == 1
    assert manifest["title"] == "A poster"
    assert manifest["bits"] == 8
    assert manifest["icc"] == "profile.icc"
    assert manifest["arithmetic"] == "per-layer"
    assert [row["coverage"] for row in manifest["layers"]] == [1.0, 0.25]
    assert manifest["report"] == {k: REPORT[k] for k in ("provider", "reconstruction", "notes")}


def test_floats_become_16_bits_with_a_note(tmp_path):
    pixels = np.full((4, 6, 4), 0.5, np.float32)
    stack = stack_of((pixels, 0, 0), extent=Extent(width=6, height=4))
    report = dict(REPORT)
    write(stack, picture_for(stack), tmp_path / "out", run=Run(), report=report)
    assert len(report["notes"]) == 2
    assert "16" in report["notes"][1]
    assert REPORT["notes"] == ["A note."]


def simple(value=1):
    pixels = np.full((4, 6, 4), value, np.uint8)
    return stack_of((pixels, 0, 0), extent=Extent(width=6, height=4), title="A poster!")


def put(stack, out):
    return write(stack, picture_for(stack), out, run=Run(), report={})


def test_an_empty_folder_becomes_the_set(tmp_path):
    (tmp_path / "out").mkdir()
    assert put(simple(), tmp_path / "out") == tmp_path / "out"
    assert (tmp_path / "out" / "manifest.json").exists()


def test_an_earlier_set_is_replaced_as_a_whole(tmp_path):
    put(stack_of(*[(np.zeros((2, 2, 4), np.uint8), 0, 0)] * 3, extent=Extent(width=2, height=2)),
        tmp_path / "out")  # fmt: skip
    assert put(simple(7), tmp_path / "out") == tmp_path / "out"
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["00-layer-0.png", "manifest.json", "merged.png"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_what_else_is_in_a_folder_is_never_touched(tmp_path):
    put(simple(), tmp_path / "out")
    (tmp_path / "out" / "my notes.txt").write_text("keep")
    before = contents(tmp_path / "out")
    assert put(simple(7), tmp_path / "out") == tmp_path / "out" / "a-poster"
    assert put(simple(8), tmp_path / "out") == tmp_path / "out" / "a-poster-2"
    after = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    assert after == before
