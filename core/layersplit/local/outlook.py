"""How ``local`` would run here: every plan with its figures, for a person who wonders."""

from __future__ import annotations

from layersplit.errors import LayersplitError, SetupError
from layersplit.local import parts
from layersplit.local.choice import announcement, choose
from layersplit.local.estimate import Work
from layersplit.local.facts import QWEN_IMAGE_LAYERED
from layersplit.local.machine import Machine, duration, gigabytes
from layersplit.local.options import load_options
from layersplit.local.plans import Plan, candidates, fits
from layersplit.local.survey import facts_of
from layersplit.local.weights import find_weights


def outlook(model: str | None, layers: int, resolution: int, steps: int) -> list[str]:
    """Lines for a terminal; raises SetupError without torch or for a broken model."""
    if parts.missing():
        raise not_installed()
    from layersplit.local import devices  # noqa: PLC0415 - torch

    options = load_options()
    named = model or options.model
    try:
        facts = facts_of(find_weights(named))
    except LayersplitError:
        if named is not None:
            raise
        facts = QWEN_IMAGE_LAYERED  # nothing fetched yet: the figures of the published model
    machine = devices.examine(options.memory_gb)
    work = Work(width=resolution, height=resolution, layers=layers, steps=steps)
    rates = machine.rates
    speed = f"{rates.matrix_tflops:.1f} TFLOP/s, {rates.memory_gb_s:.0f} GB/s"
    lines = [f"{machine.name} ({machine.kind}, {speed}): {room(machine)}"]
    lines += [_line(plan, machine) for plan in candidates(facts, machine, work)]
    try:
        lines.append(announcement(choose(facts, machine, work, None), machine, loaded=False))
    except SetupError as error:
        lines.append(" ".join(error.sentences))
    return lines


def room(machine: Machine) -> str:
    """Free memory in words."""
    card = f"{gigabytes(machine.free_bytes)} of {gigabytes(machine.total_bytes)} free"
    return card if machine.shares_ram else f"{card}, {gigabytes(machine.ram_free_bytes)} of RAM"


def _line(plan: Plan, machine: Machine) -> str:
    ram = f"{gigabytes(plan.ram_bytes)} of RAM" if plan.ram_bytes else ""
    return (
        f"{'fits' if fits(plan, machine) else '-':4} {plan.name:9} "
        f"text encoder: {plan.text_place:9}{gigabytes(plan.peak_bytes):>8} {ram:>16}  "
        f"{duration(plan.seconds)}"
    )


def not_installed() -> SetupError:
    """The optional part is missing."""
    absent = parts.missing()
    return SetupError(
        f"The part that runs the model on this computer is not installed ({absent[0]} is missing).",
        meaning="Nothing was loaded.",
        remedy="Run: python3 install.py --local. " + parts.installation().sentence,
    )
