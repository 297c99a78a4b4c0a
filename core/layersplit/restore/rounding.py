"""Integers for the layers' colours whose composite is the picture, in every arithmetic at once.

From the front layer down, each channel of each pixel carries

- ``goal``: the integer that the layers from here down must composite to when the program rounds
  after every layer (Krita); for the front layer that is the picture itself;
- ``drift``: by how much the same integers miss the picture when nothing is rounded before the end
  (GIMP). Each layer adds its own rounding error, times what the layers in front let through.

A layer of alpha ``a`` picks its colour ``c`` and the goal ``d`` for what is below, both integers,
so that the error ``c a + d (1 - a) - goal`` stays inside half a unit, and the drift inside half a
unit too. Because the error may have either sign, choosing the sign that opposes the drift leaves a
window half a unit wide at the least; the smaller of ``a`` and ``1 - a`` multiplies an integer in
steps of at most half a unit. So there always is a solution for 8-bit alpha, and the same layers are
exact in both programs. With 16 bits float32 itself is coarse near 65535, the windows are narrower,
and where both cannot be had the program that was asked for wins.

Krita's 16-bit grey cuts off towards the backdrop instead of rounding. There ``c >= goal >= d``
needs an error of [0, 1), and ``c <= goal <= d`` one of (-1, 0]: a window of a whole unit, so a step
of at most half a unit always meets it, and ``c = d = goal`` shows that the sides never stand in the
way. The side is that of the wish for whichever of the two weighs more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from layersplit.domain import Arithmetic, Mask

Values: TypeAlias = npt.NDArray[np.floating[Any]]
Limits: TypeAlias = tuple[Values | float, Values | float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """``full``: 255 or 65535. ``margin``: float32 rounding of the hosts. ``slack``: of ours."""

    full: float
    work: type[np.floating[Any]]
    margin: float
    slack: float

    def with_margin(self, margin: float) -> Depth:
        """The same for a host that is less exact."""
        return replace(self, margin=margin)


DEPTHS = {
    255.0: Depth(full=255.0, work=np.float32, margin=1e-3, slack=2e-4),
    65535.0: Depth(full=65535.0, work=np.float64, margin=0.02, slack=1e-6),
}


def exact_integers(
    picture: Values,
    alphas: Sequence[Values],
    desired: Sequence[Values],
    depth: Depth,
    arithmetic: Arithmetic,
) -> list[Values]:
    """Choose integer colours near ``desired`` that composite to ``picture``.

    ``picture`` (3, n): integers. ``alphas``: one (n,) of 0..1 for each layer above the bottom,
    multiples of 1 / full. ``desired``: (3, n) for every layer, the opaque bottom first, in units.
    All lists bottom first. Returns (3, n) integers (as floats) for every layer.
    """
    work = depth.work
    shares: list[Values] = [alpha.astype(work) for alpha in alphas]
    wanted: list[Values] = [colour.astype(work) for colour in desired]
    beneath: list[Values] = [wanted[0]]
    for share, colour in zip(shares[:-1], wanted[1:-1], strict=True):
        beneath.append(beneath[-1] + share * (colour - beneath[-1]))
    state = _State(picture.astype(work), depth, arithmetic)
    out: list[Values] = []
    for share, colour, below in zip(
        reversed(shares), reversed(wanted[1:]), reversed(beneath), strict=True
    ):
        out.append(state.put(share, np.rint(colour), np.rint(below)))
    out.append(state.finish(np.rint(wanted[0])))
    out.reverse()
    return out


class _State:
    """Goal and drift of every channel, and how much of the pixel is still to be decided."""

    def __init__(self, picture: Values, depth: Depth, arithmetic: Arithmetic) -> None:
        self.goal = picture
        self.drift = np.zeros_like(picture)
        self.through = np.ones(picture.shape[1], picture.dtype)
        self.free = np.zeros(picture.shape[1], bool)
        self.depth = depth
        self.arithmetic = arithmetic

    def put(self, share: Values, colour: Values, below: Values) -> Values:
        """Choose one layer's colours near ``colour``, with ``below`` desired underneath."""
        opaque, partial = share >= 1, (share > 0) & (share < 1)
        live = partial & ~self.free
        if self.arithmetic is Arithmetic.CUT_OFF and self.depth.full == 65535:
            share = np.rint(share * self.depth.full) / self.depth.full  # float32 cuts off elsewhere
            chosen, goal = self._pick_to_cut_off(share, colour, below)
        else:
            chosen, goal = self._pick_to_round(share, colour, below, live)
        error = chosen * share + goal * (1 - share) - self.goal
        out = np.where(live, chosen, np.clip(colour, 0, self.depth.full))
        out = np.where(opaque & ~self.free, self.goal, out)
        self.drift = np.where(live, self.drift + self.through * error, self.drift)
        self.through = np.where(live, self.through * (1 - share), self.through)
        self.goal = np.where(live, goal, self.goal)
        self.free |= opaque
        return out

    def finish(self, colour: Values) -> Values:
        """The opaque bottom: exactly the goal where it shows."""
        return np.where(self.free, np.clip(colour, 0, self.depth.full), self.goal)

    def _pick_to_round(
        self, share: Values, colour: Values, below: Values, live: Mask
    ) -> tuple[Values, Values]:
        """The colour and the goal below for programs that round, in both if that can be."""
        whole: Limits = (0.0, self.depth.full)
        limits = (whole, whole)
        chosen, goal = self._pick(share, colour, below, self._window(both=True), limits)
        low, high = self._window(both=False)
        error = chosen * share + goal * (1 - share) - self.goal
        missed = live & ((error < low - self.depth.slack) | (error > high + self.depth.slack))
        if missed.any():
            instead = self._pick(share, colour, below, (low, high), limits)
            chosen = np.where(missed, instead[0], chosen)
            goal = np.where(missed, instead[1], goal)
        return chosen, goal

    def _pick_to_cut_off(
        self, share: Values, colour: Values, below: Values
    ) -> tuple[Values, Values]:
        """The colour and the goal below for Krita's 16-bit grey, one on either side of the goal."""
        full, goal = self.depth.full, self.goal
        most = 1 - 0.5 / full  # errors are multiples of 1 / full
        rises = np.where(share > 0.5, colour >= goal, below <= goal)
        least, greatest = np.where(rises, 0, -most), np.where(rises, most, 0)
        under = np.where(rises, 0, goal), np.where(rises, goal, full)
        over = np.where(rises, goal, 0), np.where(rises, full, goal)
        return self._pick(share, colour, below, (least, greatest), (over, under))

    def _pick(
        self,
        share: Values,
        colour: Values,
        below: Values,
        window: tuple[Values, Values],
        limits: tuple[Limits, Limits],
    ) -> tuple[Values, Values]:
        """The colour and the goal below whose error lies in ``window``, nearest to the wishes.

        ``limits``: the least and the greatest colour, and those of the goal below.
        The heavier of the two is chosen near its wish, then the lighter one meets the window.
        """
        low, high = window
        clear = 1 - share
        front_heavy = share > 0.5
        heavy_limits, light_limits = _sorted(front_heavy, *limits)
        heavy = np.where(front_heavy, share, clear)
        light = np.where(front_heavy, clear, share)
        light = np.where(light > 0, light, 1)  # nothing to choose: the caller keeps its wish
        lighter = np.clip(np.where(front_heavy, below, colour), *light_limits)
        least, most = (self.goal + low) / heavy, (self.goal + high) / heavy
        # Where an integer lets the lighter one keep its wish, take that; else any that can work.
        kept = lighter * (light / heavy)
        wish = np.where(front_heavy, colour, below)
        first = self._inside(wish, least - kept, most - kept, heavy_limits)
        ratio = light / heavy
        first = self._inside(
            first, least - light_limits[1] * ratio, most - light_limits[0] * ratio, heavy_limits
        )
        rest = self.goal - first * heavy
        second = self._inside(lighter, (rest + low) / light, (rest + high) / light, light_limits)
        return np.where(front_heavy, first, second), np.where(front_heavy, second, first)

    def _inside(self, value: Values, low: Values, high: Values, limits: Limits) -> Values:
        """``value`` moved to the nearest integer of [low, high] and of the ``limits``."""
        least = np.ceil(low - self.depth.slack)
        most = np.floor(high + self.depth.slack)
        return np.clip(np.clip(value, least, most), *limits)

    def _window(self, *, both: bool) -> tuple[Values, Values]:
        """The least and the greatest error of this layer: for ``both`` programs, or ours alone."""
        half = 0.5 - self.depth.margin
        once = (-half - self.drift) / self.through, (half - self.drift) / self.through
        each = np.full_like(self.drift, -half), np.full_like(self.drift, half)
        if not both:
            return once if self.arithmetic is Arithmetic.ONCE else each
        return np.maximum(once[0], each[0]), np.minimum(once[1], each[1])


def _sorted(front_heavy: Mask, front: Limits, below: Limits) -> tuple[Limits, Limits]:
    """The limits of the heavier one and those of the lighter one."""
    if front is below:
        return front, below
    heavy = np.where(front_heavy, front[0], below[0]), np.where(front_heavy, front[1], below[1])
    light = np.where(front_heavy, below[0], front[0]), np.where(front_heavy, below[1], front[1])
    return heavy, light
