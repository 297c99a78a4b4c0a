"""The rehearsal of the benchmark for cards: it runs to its end, so nothing trivial fails on one."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def test_every_plan_and_the_stock_pipeline_are_measured(tmp_path):
    done = subprocess.run(
        [sys.executable, "benchmarks/gpu.py", "--check", "--stock", "--steps", "2",
         "--cases", "640x1,640x2", "--output", tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.glob("gpu-*.json")
    content = json.loads(written.read_text())
    assert sorted(content["remarks"]) == ["cancelled", "caption"], content["remarks"]
    measured = {(result["plan"], result["layers"]) for result in content["results"]}
    plans = ("resident", "stock", "int8", "nf4", "offload")
    assert measured == {(plan, layers) for plan in plans for layers in (1, 2)}
    assert all(result["seconds_step"] > 0 for result in content["results"])
    (table,) = tmp_path.glob("gpu-*.md")
    assert "| offload | native |" in table.read_text()


def test_the_effect_of_a_step_cache_is_measured(tmp_path, picture, model_folder):
    Image.fromarray(picture).save(tmp_path / "p.png")
    done = subprocess.run(
        [sys.executable, "benchmarks/step_cache.py", tmp_path / "p.png", "--model", model_folder,
         "--layers", "1", "--steps", "4", "--resolution", "96", "--thresholds", "0.0001,0.9"],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["0.0001", "0.9"]
    assert rows[0][4].strip() == "0.00"  # no block was left out
    assert "dB" in rows[1][5]
