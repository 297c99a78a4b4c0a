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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from layersplit.domain import Arithmetic

Values: TypeAlias = npt.NDArray[np.floating[Any]]


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
        chosen, goal = self._pick(share, colour, below, *self._window(both=True))
        low, high = self._window(both=False)
        error = chosen * share + goal * (1 - share) - self.goal
        missed = live & ((error < low - self.depth.slack) | (error > high + self.depth.slack))
        if missed.any():
            instead = self._pick(share, colour, below, low, high)
            chosen = np.where(missed, instead[0], chosen)
            goal = np.where(missed, instead[1], goal)
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

    def _pick(
        self, share: Values, colour: Values, below: Values, low: Values, high: Values
    ) -> tuple[Values, Values]:
        """The colour and the goal below whose error lies in [low, high], nearest to the wishes.

        The heavier of the two is chosen near its wish, then the lighter one meets the window.
        """
        full, clear = self.depth.full, 1 - share
        front_heavy = share > 0.5
        heavy = np.where(front_heavy, share, clear)
        light = np.where(front_heavy, clear, share)
        light = np.where(light > 0, light, 1)  # nothing to choose: the caller keeps its wish
        lighter = np.clip(np.where(front_heavy, below, colour), 0, full)
        least, most = (self.goal + low) / heavy, (self.goal + high) / heavy
        # Where an integer lets the lighter one keep its wish, take that; else any that can work.
        kept = lighter * (light / heavy)
        first = self._inside(np.where(front_heavy, colour, below), least - kept, most - kept)
        first = self._inside(first, least - full * (light / heavy), most)
        rest = self.goal - first * heavy
        second = self._inside(lighter, (rest + low) / light, (rest + high) / light)
        return np.where(front_heavy, first, second), np.where(front_heavy, second, first)

    def _inside(self, value: Values, low: Values, high: Values) -> Values:
        """``value`` moved to the nearest integer of [low, high] and of [0, full]."""
        least = np.ceil(low - self.depth.slack)
        most = np.floor(high + self.depth.slack)
        return np.clip(np.clip(value, least, most), 0, self.depth.full)

    def _window(self, *, both: bool) -> tuple[Values, Values]:
        """The least and the greatest error of this layer: for ``both`` programs, or ours alone."""
        half = 0.5 - self.depth.margin
        once = (-half - self.drift) / self.through, (half - self.drift) / self.through
        each = np.full_like(self.drift, -half), np.full_like(self.drift, half)
        if not both:
            return each if self.arithmetic is Arithmetic.PER_LAYER else once
        return np.maximum(once[0], each[0]), np.minimum(once[1], each[1])
