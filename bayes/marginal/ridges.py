"""Ridges of the density: where the other scores are largest as one of them moves.

Here: how each direction of the root bends the others, measured by one step on each side, and the
map that takes it out. A population whose plateaus are higher has slower rates, and the more so the
higher they are: along a straight line from the mode the density falls many times as fast as along
its ridge, and proposals that do not bend miss the tail. Not here: how fast it falls along a ridge
(`proposals.py`).

The map moves each score by functions of those before it in an order, so that it has no Jacobian
to account for: what it does to a volume is nothing.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.grid import copy_places
from bayes.marginal.mode import Mode
from bayes.marginal.target import Target
from bayes.parameters import KERNEL_NAMES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AT = 2.0
"""Where the bend of a direction is measured, in Laplace's standard deviations."""
FARTHEST = 2.0
"""The most that others are displaced there, in the same unit."""


@dataclass(frozen=True)
class Ridges:
    """How far each score displaces the others.

    Attributes
    ----------
    order
        Directions, the one that bends most first; none displaces those before it, shape (size,).
    bend
        Displacement at a score x of each direction, over x^2, on the negative and the positive
        side, shape (size, 2, size).
    """

    order: IntArray
    bend: FloatArray

    @cached_property
    def _bending(self) -> list[int]:
        """Directions that displace any other, in order: chains ask at every place they try."""
        return [k for k in self.order.tolist() if self.bend[k].any()]

    def bent(self, straight: FloatArray) -> FloatArray:
        """Return the scores that lie that far from the ridges, shape (..., size)."""
        scores = straight.copy()
        for k in self._bending:
            scores += _displacement(scores[..., k], self.bend[k])
        return scores

    def straightened(self, scores: FloatArray) -> FloatArray:
        """Return how far scores lie from the ridges, the inverse of `bent`."""
        straight = scores.copy()
        for k in self._bending:
            straight -= _displacement(scores[..., k], self.bend[k])
        return straight

    def at(self, x: float) -> FloatArray:
        """Return the place of every ridge where its own score is x, shape (size, size)."""
        n = len(self.order)
        return np.asarray(x * np.eye(n) + _displacement(np.full(n, x), self.bend))

    def among(self, kept: IntArray) -> "Ridges":
        """Return the ridges of these directions alone, by position."""
        number = {k: place for place, k in enumerate(kept.tolist())}
        order = [number[k] for k in self.order.tolist() if k in number]
        return Ridges(np.array(order), self.bend[kept][..., kept])


def measure_ridges(target: Target, mode: Mode) -> Ridges:
    """Measure how every direction of the population's root bends the others.

    Two standard deviations along it the slope in the other directions is a Newton step, since their
    curvature is the unit; how much of it is taken the parabola says that goes through the densities
    at both ends. What enters by the logit of rising alone is left straight.
    """
    single = replace(target, threads=1)
    bend = np.zeros((target.size, 2, target.size))

    def one(k: int, side: int) -> None:
        places = copy_places(mode.places)
        point = mode.point + (2 * side - 1) * AT * mode.root[:, k]
        single.adapt(point, places, 2)
        before, slope = single.density_and_slope(point, places)
        slope = mode.root.T @ slope
        step = np.where(np.arange(len(slope)) == k, 0.0, slope)
        length = float(np.linalg.norm(step))
        if not 0 < length < np.inf:
            return
        step *= min(1.0, FARTHEST / length)
        end = point + mode.root @ step
        single.adapt(end, places, 1)
        at_once, gained = float(step @ slope), single.density(end, places) - before
        taken = min(at_once / (2 * (at_once - gained)), 1.0) if gained < at_once else 1.0
        bend[k, side] = taken * step / AT**2

    sides = [(k, side) for k in range(len(KERNEL_NAMES)) for side in (0, 1)]
    with ThreadPoolExecutor(target.threads) as pool:
        list(pool.map(one, *zip(*sides, strict=True)))
    order = np.argsort(-np.abs(bend).sum(axis=(1, 2)), kind="stable")
    for number, k in enumerate(order):
        bend[k][:, order[: number + 1]] = 0.0
    return Ridges(order, bend)


def _displacement(x: FloatArray, bend: FloatArray) -> FloatArray:
    """Return what scores x add to others: quadratic as far as measured, straight beyond."""
    far = np.abs(x)
    grown = np.where(far < AT, far**2, AT * (2 * far - AT))
    side = np.where(x[..., None] > 0, bend[..., 1, :], bend[..., 0, :])
    return np.asarray(side * grown[..., None])
