"""One picture into layers on this machine: weights, plan, description, layers, names.

    find the weights -> look at the machine -> choose and announce a plan -> describe -> denoise
    -> decode -> name

Everything that can be refused is refused before a weight is loaded. When memory runs out all the
same, the next smaller plan is tried once, and the user is told.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import Final

import torch
from PIL import Image

from layersplit.domain import U8
from layersplit.errors import SetupError
from layersplit.local import devices, loop, memory
from layersplit.local.choice import announcement, choose
from layersplit.local.describing import embeddings_for, names_for
from layersplit.local.job import Job, LocalTask
from layersplit.local.machine import duration, gigabytes
from layersplit.local.model import Model
from layersplit.local.options import Options
from layersplit.local.plans import Plan, candidates, fits, next_smaller
from layersplit.local.session import Session
from layersplit.local.survey import facts_of
from layersplit.local.timeline import Timeline
from layersplit.local.weights import Weights, find_weights
from layersplit.log import LOG
from layersplit.run import Run


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalLayers:
    """``layers``: (h, w, 4) u8 each, straight alpha, bottom first. ``names``: None: unnamed."""

    layers: tuple[U8, ...]
    names: tuple[str | None, ...]
    notes: tuple[str, ...]


SESSION: Final = Session(
    lambda: torch.cuda.mem_get_info()[0] if torch.cuda.is_initialized() else None
)
"""The one model of this process."""


def split_locally(
    task: LocalTask, options: Options, run: Run, session: Session = SESSION
) -> LocalLayers:
    """Split; raises InputError, SetupError before anything long starts, and Cancelled."""
    with session.running(options.idle_minutes):
        run.progress("provider", 0.0, "Looking at the weights and the machine")
        weights = find_weights(task.model or options.model)
        facts = facts_of(weights)
        own = session.model.ram_bytes if session.model is not None else 0
        machine = devices.examine(options.memory_gb, own)
        job = Job(task=task, options=options, facts=facts, machine=machine)
        plan = _plan_for(job, session, weights)
        try:
            return _attempt(job, plan, weights, session, run)
        except Exception as error:
            if not memory.is_out_of_memory(error):
                raise
            LOG.warning("Out of memory with the plan %s: %s", plan.name, error)
        # Outside the handler: its traceback would hold on to every tensor of the failed try.
        session.release()
        return _smaller_attempt(job, plan, weights, session, run)


def _plan_for(job: Job, session: Session, weights: Weights) -> Plan:
    """The plan of the model that is loaded, where it still fits and nothing else was asked for."""
    model = session.model
    if model is not None and not (model.key == weights.key and model.is_set_up_for(job.options)):
        session.release()
        model = None
    if model is not None and job.task.plan in (None, model.plan.name):
        for plan in candidates(job.facts, job.machine, job.work):
            if model.fits_plan(plan) and fits(plan, job.machine):
                return plan
    return choose(job.facts, job.machine, job.work, job.task.plan)


def _smaller_attempt(
    job: Job, failed: Plan, weights: Weights, session: Session, run: Run
) -> LocalLayers:
    smaller = next_smaller(failed, candidates(job.facts, job.machine, job.work), job.machine)
    if smaller is None:
        raise _no_memory(failed)
    note = (
        f"The plan '{failed.name}' ran out of memory; '{smaller.name}', which needs "
        f"{gigabytes(smaller.peak_bytes)}, was used instead."
    )
    run.announce(note)
    try:
        result = _attempt(job, smaller, weights, session, run)
    except Exception as error:
        if not memory.is_out_of_memory(error):
            raise
        LOG.warning("Out of memory again with the plan %s: %s", smaller.name, error)
    else:
        return replace(result, notes=(note, *result.notes))
    session.release()
    raise _no_memory(smaller)


def _attempt(job: Job, plan: Plan, weights: Weights, session: Session, run: Run) -> LocalLayers:
    """Run under ``plan``; errors of torch pass through."""
    if session.model is None or not session.model.fits_plan(plan):
        session.release()
        session.model = Model(weights, job.facts, plan, job.machine.kind, job.options)
    model = session.model
    run.announce(announcement(plan, job.machine, loaded=model.is_warm))
    devices.guard(job.machine)
    memory.start_measuring()
    start = time.perf_counter()
    encoder_share = job.facts.text_encoder.stored_bytes / job.facts.stored_bytes
    loading = 0.0 if model.is_warm else plan.load_seconds
    parts = {
        "load text": encoder_share * loading,
        "text": plan.text_seconds,
        "load": (1 - encoder_share) * loading,
        "denoise": plan.denoise_seconds,
        "decode": plan.decode_seconds,
        "names": plan.names_seconds,
    }
    timeline = Timeline(run, parts)
    seed = secrets.randbelow(2**31) if job.task.seed is None else job.task.seed
    layers, names = _layers(job, plan, model, timeline, seed)
    return LocalLayers(
        layers=tuple(layers),
        names=tuple(names),
        notes=(_summary(plan, time.perf_counter() - start, seed),),
    )


def _layers(
    job: Job, plan: Plan, model: Model, timeline: Timeline, seed: int
) -> tuple[list[U8], list[str | None]]:
    width, height = job.size
    # Four times the area: the last reduction is the model's own kind, from enough pixels.
    picture = Image.fromarray(job.task.picture(4 * width * height))
    timeline.enter("load text", "Reading the description")
    described, plain = embeddings_for(job, model, timeline, picture)
    timeline.enter("load", "Loading the transformer")
    transformer = model.transformer(timeline.at, tokens=job.work.tokens)
    vae = model.vae(tiled=plan.tiled)
    recipe = loop.Recipe(
        width=width,
        height=height,
        layers=job.work.layers,
        steps=job.work.steps,
        guidance=job.guidance,
        seed=seed,
        described=described.to(model.device, model.kind),
        plain=None if plain is None else plain.to(model.device, model.kind),
    )
    timeline.enter("denoise", _step_sentence(0.0, job.work.steps), tells_time=True)
    latents = loop.separate(
        loop.Networks(transformer=transformer, vae=vae, scheduler=model.scheduler),
        picture,
        recipe,
        lambda done: timeline.at(done, _step_sentence(done, job.work.steps)),
    )
    timeline.enter("decode", "Decoding the layers")
    layers = loop.decode(vae, latents, timeline.at)
    return layers, names_for(job, model, timeline, layers)


def _step_sentence(done: float, steps: int) -> str:
    return f"Separating the layers: step {min(steps, int(done * steps) + 1)} of {steps}"


def _summary(plan: Plan, seconds: float, seed: int) -> str:
    used = memory.peak_bytes()
    took = f"Made with plan '{plan.name}' and seed {seed} in {duration(seconds)}"
    if used is None:
        return took + "."
    return f"{took}, at most {gigabytes(used)} (expected {gigabytes(plan.peak_bytes)})."


def _no_memory(plan: Plan) -> SetupError:
    return SetupError(
        f"Memory ran out with the plan '{plan.name}', and no smaller one is left.",
        meaning="Another program may have taken memory meanwhile; nothing was made.",
        remedy="Close other programs, ask for fewer layers or resolution 640, or choose another "
        "provider.",
    )
