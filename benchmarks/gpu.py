"""Speed and memory of ``local`` on a graphics card: full-size networks with random weights.

Time and memory do not depend on what the weights are, so no checkpoint is needed: the real classes
are filled on the card. Everything else is the product's own path (plan, packing, loop, decoding).

    python benchmarks/gpu.py --output results                       everything, about 8 minutes
    python benchmarks/gpu.py --output results --plans resident --stock
    python benchmarks/gpu.py --output results --plans int8,nf4,offload --cases 640x2,640x4,1024x4
    python benchmarks/gpu.py --output results --plans nf4 --visible-gb 16
    python benchmarks/gpu.py --check                                the same with tiny networks, CPU

Writes ``gpu-CARD.json`` and ``gpu-CARD.md`` after every case, so that a run that is cut short
leaves what it had. Needs torch with CUDA, diffusers and transformers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(name, "1")
ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tests" / "local")]

import numpy as np  # noqa: E402 - the path above
import torch  # noqa: E402
from diffusers import QwenImageLayeredPipeline  # noqa: E402
from diffusers import __version__ as diffusers_version  # noqa: E402
from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered  # noqa: E402
from full_size import NoFiles, random_parts, tiny_facts  # noqa: E402
from PIL import Image  # noqa: E402

from layersplit.errors import Cancelled, LayersplitError  # noqa: E402
from layersplit.local import devices, loop, memory, prompts, words  # noqa: E402
from layersplit.local.choice import choose  # noqa: E402
from layersplit.local.estimate import Work, step_flop  # noqa: E402
from layersplit.local.facts import QWEN_IMAGE_LAYERED  # noqa: E402
from layersplit.local.machine import GB, Machine  # noqa: E402
from layersplit.local.model import Model  # noqa: E402
from layersplit.local.options import Options  # noqa: E402
from layersplit.local.plans import Plan  # noqa: E402
from layersplit.local.watch import transformer_steps  # noqa: E402

PICTURE_STEPS: Final = 50
"""Of the published figures; the product's default is 28."""
ALL_CASES: Final = "640x2,640x4,640x8,1024x2,1024x4,1024x8"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of one step and of decoding all layers, with an attention backend."""

    step: float
    decoding: float
    attention: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """One case under one plan, or the stock pipeline (``plan`` "stock")."""

    plan: str
    attention: str
    resolution: int
    layers: int
    seconds_step: float
    seconds_picture: float
    decode_seconds: float
    peak_gb: float
    announced_gb: float | None
    announced_seconds: float | None
    share_of_peak: float
    share_of_limit: float


def main() -> int:
    """Measure what was asked for; returns 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("benchmark-results"))
    parser.add_argument("--plans", default="resident,int8,nf4,offload")
    parser.add_argument("--cases", default=ALL_CASES, help="RESOLUTIONxLAYERS, comma separated")
    parser.add_argument("--steps", type=int, default=4, help="denoising steps to time (after one)")
    parser.add_argument("--stock", action="store_true", help="time the stock pipeline, too")
    parser.add_argument("--attention", default="", help="backends to compare, comma separated")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--visible-gb", type=float, help="imitate a smaller card")
    parser.add_argument("--minutes", type=float, default=8.5, help="begin nothing new after this")
    parser.add_argument("--check", action="store_true", help="tiny networks, to try the script")
    arguments = parser.parse_args()
    if not arguments.check and not torch.cuda.is_available():
        print("No CUDA device: nothing to measure.")
        return 5
    Bench(arguments).run()
    return 0


class Bench:
    """One call of the script."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.facts = tiny_facts() if arguments.check else QWEN_IMAGE_LAYERED
        self.deadline = time.monotonic() + 60 * arguments.minutes
        self.results: list[Result] = []
        self.remarks: dict[str, Any] = {}
        self.machine = self._machine()
        self.cases = [
            (int(resolution), int(layers))
            for resolution, layers in (case.split("x") for case in arguments.cases.split(","))
        ]

    def run(self) -> None:
        """Every plan; the stock pipeline beside the resident one, over the same networks."""
        say(f"{self.machine.name}: {self.machine.rates}")
        for name in self.arguments.plans.split(","):
            for attention in self.arguments.attention.split(","):
                if time.monotonic() > self.deadline:
                    self.remarks.setdefault("not run", []).append(name)
                    continue
                try:
                    self._plan(name, attention or None)
                except (LayersplitError, RuntimeError, MemoryError) as error:
                    self.remarks[f"{name} {attention}".strip()] = str(error)[:300]
                    say(f"{name}: {error}")
                finally:
                    memory.give_back()
        self.write()
        print(markdown(self.results, self.remarks, self.machine))

    def _machine(self) -> Machine:
        machine = devices.examine(self.arguments.visible_gb)
        if self.arguments.visible_gb:
            size = int(self.arguments.visible_gb * GB)
            machine = replace(machine, total_bytes=size, free_bytes=size)
            if machine.kind == "cuda":
                total = torch.cuda.mem_get_info()[1]
                torch.cuda.set_per_process_memory_fraction(min(1.0, size / total))
        return machine

    def _plan(self, name: str, attention: str | None) -> None:
        options = Options(attention=attention, compile=self.arguments.compile, names=False)
        model: Model | None = None
        reading = 0
        for resolution, layers in self.cases:
            if time.monotonic() > self.deadline:
                break
            work = self._work(resolution, layers)
            plan = self._chosen(name, work)
            if model is None or not model.fits_plan(plan):
                if model is not None:
                    model.release()
                with random_parts(tiny_parts=self.arguments.check):
                    model = Model(NoFiles(), self.facts, plan, self.machine.kind, options)
                    start = time.perf_counter()
                    reading = self._read(model, work)
                    say(f"{name}: made and read in {time.perf_counter() - start:.0f} s")
            with random_parts(tiny_parts=self.arguments.check):
                self._case(model, plan, work, reading)
        if model is not None and name == "resident":
            with random_parts(tiny_parts=self.arguments.check):
                self._text(model)
                self._cancel(model)
        if model is not None:
            model.release()

    def _work(self, resolution: int, layers: int) -> Work:
        side = 96 if self.arguments.check else resolution
        return Work(width=side, height=side, layers=layers, steps=PICTURE_STEPS, captioned=False)

    def _chosen(self, name: str, work: Work) -> Plan:
        if not (self.arguments.check and name == "offload"):
            return choose(self.facts, self.machine, work, name)
        whole = choose(self.facts, self.machine, work, "staged")  # no other memory to stream from
        return replace(whole, name="offload", streamed=True)

    def _read(self, model: Model, work: Work) -> int:
        """Read a description, then load the transformer, as a run does; returns the peak."""
        memory.give_back()
        memory.start_measuring()
        encoder = model.text_encoder(lambda _done, _sentence: None)
        prompts.embed("a picture, " * 90, encoder, model.sight.tokenizer, lambda: None)
        peak = memory.peak_bytes() or 0
        del encoder
        model.transformer(lambda _done, _sentence: None, tokens=work.tokens)
        return peak

    def _case(self, model: Model, plan: Plan, work: Work, reading: int) -> None:
        recipe = self._recipe(model, work)
        transformer = model.transformer(lambda _done, _sentence: None, tokens=work.tokens)
        vae = model.vae(tiled=plan.tiled)
        networks = loop.Networks(transformer=transformer, vae=vae, scheduler=model.scheduler)
        picture = Image.fromarray(random_picture(work))
        memory.give_back()
        memory.start_measuring()
        marks: list[float] = []
        looks_a_step = len(transformer_steps(transformer)) * recipe.passes

        def tick(done: float) -> None:
            if round(done * self.arguments.steps * looks_a_step) % looks_a_step == 0:
                finish()
                marks.append(time.perf_counter())

        latents = loop.separate(networks, picture, recipe, tick)
        finish()
        marks.append(time.perf_counter())
        start = time.perf_counter()
        loop.decode(vae, latents, lambda _done: None)
        finish()
        decoding = time.perf_counter() - start
        step = (marks[-1] - marks[-self.arguments.steps]) / (self.arguments.steps - 1)
        backend = transformer.layersplit_attention
        timing = Timing(step=step, decoding=decoding, attention=backend)
        self._keep(plan.name, work, timing, plan, reading)
        if self.arguments.stock and plan.name == "resident":
            try:
                self._stock(model, networks, picture, work)
            except torch.OutOfMemoryError as error:
                self.remarks[f"stock {work.width}x{work.layers}"] = str(error)[:300]

    def _recipe(self, model: Model, work: Work) -> loop.Recipe:
        width = self.facts.text_width
        described = torch.randn(1, 300, width, device=model.device, dtype=model.kind)
        return loop.Recipe(
            width=work.width,
            height=work.height,
            layers=work.layers,
            steps=self.arguments.steps,
            guidance=4.0,
            seed=1,
            described=described,
            plain=described[:, :6].clone(),
        )

    def _stock(
        self,
        model: Model,
        networks: loop.Networks,
        picture: Image.Image,
        work: Work,
    ) -> None:
        """The same networks under diffusers' own pipeline."""
        recipe = self._recipe(model, work)
        pipeline = QwenImageLayeredPipeline(
            scheduler=model.scheduler,
            vae=networks.vae,
            text_encoder=model.text_encoder(lambda _done, _sentence: None),
            tokenizer=model.sight.tokenizer,
            processor=None,
            transformer=networks.transformer,
        )
        pipeline.set_progress_bar_config(disable=True)
        networks.transformer.set_attention_backend("native")
        memory.give_back()
        memory.start_measuring()
        marks: list[float] = []

        def mark(_pipe: Any, _index: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            finish()
            marks.append(time.perf_counter())
            return tensors

        known = work.width if work.width in (640, 1024) else 640
        sizes = mock.patch.object(  # it knows these two only
            pipeline_qwenimage_layered,
            "calculate_dimensions",
            return_value=(work.width, work.height),
        )
        with sizes if known != work.width else nullcontext():
            pipeline(
                picture,
                prompt="a picture",
                prompt_embeds=recipe.described,
                negative_prompt_embeds=recipe.plain,
                true_cfg_scale=4.0,
                layers=work.layers,
                num_inference_steps=self.arguments.steps,
                resolution=known,
                cfg_normalize=True,
                callback_on_step_end=mark,
            )
        finish()
        decoding = time.perf_counter() - marks[-1]
        step = (marks[-1] - marks[0]) / (self.arguments.steps - 1)
        timing = Timing(step=step, decoding=decoding, attention="native")
        self._keep("stock", work, timing, None)
        networks.transformer.set_attention_backend(networks.transformer.layersplit_attention)

    def _keep(
        self, name: str, work: Work, timing: Timing, plan: Plan | None, reading: int = 0
    ) -> None:
        rate = step_flop(self.facts, work) / timing.step / 1e12
        result = Result(
            plan=name,
            attention=timing.attention,
            resolution=work.width,
            layers=work.layers,
            seconds_step=round(timing.step, 4),
            seconds_picture=round(PICTURE_STEPS * timing.step + timing.decoding, 2),
            decode_seconds=round(timing.decoding, 3),
            peak_gb=round(max(reading, memory.peak_bytes() or 0) / GB, 2),
            announced_gb=None if plan is None else round(plan.peak_bytes / GB, 2),
            announced_seconds=None if plan is None else round(plan.seconds, 1),
            share_of_peak=round(rate / self.machine.rates.matrix_tflops, 3),
            share_of_limit=round(rate / 790.0, 3),
        )
        self.results.append(result)
        say(json.dumps(asdict(result)))
        self.write()

    def _text(self, model: Model) -> None:
        """A caption of full length, word by word, and one reading of a description."""
        encoder = model.text_encoder(lambda _done, _sentence: None)
        picture = Image.fromarray(random_picture(self._work(640, 4)))
        finish()
        start = time.perf_counter()
        words.caption(picture, encoder, model.sight, lambda _done: None)
        finish()
        seconds = time.perf_counter() - start
        self.remarks["caption"] = f"{seconds:.2f} s for {words.CAPTION_TOKENS} words"
        say(self.remarks["caption"])

    def _cancel(self, model: Model) -> None:
        """How long a cancelled run goes on, in the middle of the largest case."""
        resolution, layers = self.cases[-1]
        work = self._work(resolution, layers)
        cancelled = threading.Event()
        asked: list[float] = []

        def ask() -> None:
            asked.append(time.perf_counter())
            cancelled.set()

        def tick(_done: float) -> None:
            if cancelled.is_set():
                raise Cancelled

        transformer = model.transformer(lambda _done, _sentence: None, tokens=work.tokens)
        networks = loop.Networks(
            transformer=transformer, vae=model.vae(tiled=False), scheduler=model.scheduler
        )
        delay = 0.05 if self.arguments.check else 2.3
        threading.Timer(delay, ask).start()
        recipe = replace(self._recipe(model, work), steps=2000)
        try:
            loop.separate(networks, Image.fromarray(random_picture(work)), recipe, tick)
        except Cancelled:
            finish()
            seconds = time.perf_counter() - asked[0]
            self.remarks["cancelled"] = f"{seconds:.3f} s after the request, {resolution}x{layers}"
            say(self.remarks["cancelled"])

    def write(self) -> None:
        """Write both files."""
        folder = self.arguments.output
        folder.mkdir(parents=True, exist_ok=True)
        card = self.machine.name.replace(" ", "-").replace("/", "-").lower() or "processor"
        content = {
            "card": self.machine.name,
            "machine": asdict(self.machine),
            "versions": versions(),
            "picture_steps": PICTURE_STEPS,
            "timed_steps": self.arguments.steps,
            "arguments": {k: str(v) for k, v in vars(self.arguments).items()},
            "results": [asdict(result) for result in self.results],
            "remarks": self.remarks,
        }
        (folder / f"gpu-{card}.json").write_text(json.dumps(content, indent=1) + "\n")
        table = markdown(self.results, self.remarks, self.machine)
        (folder / f"gpu-{card}.md").write_text(table)


def random_picture(work: Work) -> Any:
    """(h, w, 4) u8, opaque."""
    pixels = np.random.default_rng(0).integers(0, 256, (work.height, work.width, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def finish() -> None:
    """Wait for the card."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def versions() -> dict[str, str]:
    """What the figures were measured with."""
    import transformers  # noqa: PLC0415 - its version only

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers_version,
        "transformers": transformers.__version__,
    }


def markdown(results: list[Result], remarks: dict[str, Any], machine: Machine) -> str:
    """The table as it stands in benchmarks/results."""
    rates = machine.rates
    made_with = ", ".join(f"{name} {version}" for name, version in versions().items())
    about = (
        f"Random weights at full size, cfg 4 (two passes a step), picture = {PICTURE_STEPS} steps "
        "and decoding. Product of 8192 x 8192 bfloat16 matrices on this card: "
        f"{rates.matrix_tflops:.0f} TFLOP/s; memory {rates.memory_gb_s:.0f} GB/s; bus "
        f"{rates.bus_gb_s:.0f} GB/s. {made_with}."
    )
    columns = (
        "plan", "attention", "area, layers", "s a step", "s a picture (announced)",
        "peak GB (announced)", "share of this card's rate", "of 790 TFLOP/s",
    )  # fmt: skip
    lines = [f"# local on {machine.name}", "", about, ""]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for r in results:
        seconds = "" if r.announced_seconds is None else f" ({r.announced_seconds:.0f})"
        announced = "" if r.announced_gb is None else f" ({r.announced_gb:.1f})"
        lines.append(
            f"| {r.plan} | {r.attention} | {r.resolution}, {r.layers} | {r.seconds_step:.3f} | "
            f"{r.seconds_picture:.1f}{seconds} | {r.peak_gb:.1f}{announced} | "
            f"{100 * r.share_of_peak:.0f} % | {100 * r.share_of_limit:.0f} % |"
        )
    lines += ["", *(f"- {name}: {remark}" for name, remark in remarks.items())]
    return "\n".join(lines) + "\n"


def say(line: str) -> None:
    """At once, also where output is a file."""
    print(f"[{time.strftime('%H:%M:%S')}] {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
