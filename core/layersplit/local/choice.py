"""The plan for this run: chosen, or refused in one sentence before anything long starts."""

from __future__ import annotations

from typing import Final

from layersplit.errors import InputError, SetupError
from layersplit.local import parts
from layersplit.local.estimate import Work
from layersplit.local.facts import ModelFacts
from layersplit.local.machine import Machine, duration, gigabytes
from layersplit.local.plans import (
    RAM_RESERVE_BYTES,
    RESERVE_BYTES,
    TITLES,
    Plan,
    candidates,
    fits,
)

LONGEST_SECONDS: Final = 3600.0
"""A run without a graphics card that would take longer is refused unless its plan is named."""


def choose(facts: ModelFacts, machine: Machine, work: Work, forced: str | None) -> Plan:
    """Take the first plan that fits, or the one that the user named.

    Raises InputError for a name that does not exist, SetupError when nothing fits, when the named
    plan cannot work here, and when a computer without a graphics card would need hours.
    """
    plans = candidates(facts, machine, work)
    if forced is not None:
        return _forced(forced, plans, machine)
    fitting = [plan for plan in plans if fits(plan, machine)]
    if not fitting:
        raise _too_small(plans, machine)
    chosen = fitting[0]
    if machine.kind == "cpu" and chosen.seconds > LONGEST_SECONDS:
        raise SetupError(
            _no_card(),
            meaning=f"On the processor alone this picture would take {duration(chosen.seconds)}.",
            remedy=f"Choose another provider, or add --plan {chosen.name} to run it all the same.",
        )
    return chosen


def _no_card() -> str:
    """Why it is the processor."""
    if parts.card_here() not in ("cuda", "rocm"):
        return "No graphics card was found that PyTorch can use."
    if parts.is_wrong_build(parts.card_here()):
        return "PyTorch here was built without the graphics card that this computer has."
    return "PyTorch cannot use the graphics card; its driver may be too old for it."


def announcement(plan: Plan, machine: Machine, *, loaded: bool) -> str:
    """What the user is told before the run: plan, memory, time."""
    where = "of memory" if machine.shares_ram else f"of the card's {gigabytes(machine.total_bytes)}"
    beside = f", {gigabytes(plan.ram_bytes)} of memory" if plan.ram_bytes else ""
    loading = "" if loaded else f", {duration(plan.load_seconds)} of loading before it"
    return (
        f"Plan {plan.name} ({TITLES[plan.name]}): {gigabytes(plan.peak_bytes)} {where}{beside}; "
        f"{duration(plan.seconds)}{loading}"
    )


def _forced(name: str, plans: list[Plan], machine: Machine) -> Plan:
    if name not in TITLES:
        raise InputError(
            f"There is no plan called '{name}'.",
            meaning="Nothing was loaded.",
            remedy=f"Choose one of: {', '.join(TITLES)}; or leave it out.",
        )
    named = [plan for plan in plans if plan.name == name]
    if not named:
        possible = dict.fromkeys(plan.name for plan in plans)
        raise SetupError(
            f"The plan '{name}' does not go with these weights on this computer.",
            meaning="Nothing was loaded.",
            remedy=f"Choose one of: {', '.join(possible)}; or leave it out.",
        )
    fitting = [plan for plan in named if fits(plan, machine)]
    if fitting:
        return fitting[0]
    least = min(named, key=lambda plan: plan.peak_bytes)
    if least.peak_bytes > machine.total_bytes or (
        not machine.shares_ram and least.ram_bytes > machine.ram_total_bytes
    ):
        raise _too_small([least], machine)
    return least  # other programs may give memory back; the card's limit guards the rest


def _too_small(plans: list[Plan], machine: Machine) -> SetupError:
    least = min(plans, key=lambda plan: (plan.peak_bytes, plan.ram_bytes))
    needed = least.peak_bytes + RESERVE_BYTES[machine.kind]
    needs = f"The plan '{least.name}' needs {gigabytes(needed)}"
    has = f"{gigabytes(machine.free_bytes)} of {gigabytes(machine.total_bytes)} are free"
    if not machine.shares_ram:
        needs += f" on the card and {gigabytes(least.ram_bytes + RAM_RESERVE_BYTES)} of memory"
        has += f" on the {machine.name}, and {gigabytes(machine.ram_free_bytes)} of memory"
    return SetupError(
        f"{needs}; {has}.",
        meaning="The model does not fit, so nothing was loaded.",
        remedy="Close other programs, ask for fewer layers or resolution 640, name smaller "
        "weights with --model, or choose another provider.",
    )
