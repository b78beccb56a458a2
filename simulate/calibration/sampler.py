"""Where the study may lie: population Monte Carlo over parameters and structures.

Here: a cloud (shares of structures, a normal law of the deviates in each), the cloud around the
most likely places, drawing from it, weighing draws by prior and likelihood, moving it to where the
weight is. Not here: what the likelihood is (`emulator.py`), rounds of simulation (`calibrate.py`).

Prior: deviates are independent standard normal, structures equally likely. The first cloud is
Laplace's, one mode a combination of structures; it then follows the weighted draws (Cappe 2004),
always somewhat wider than them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simulate.calibration.emulator import Emulator, IntArray

FloatArray = NDArray[np.float64]
WIDER = 1.08  # of the SDs of the weighted draws
FLOOR = 0.1  # of all draws, shared by all combinations of structures: none is given up
STEPS = 25  # of Gauss and Newton


@dataclass(frozen=True)
class Sight:
    """What the draws are weighed by: an emulator and the printed vector that it should meet.

    Attributes
    ----------
    emulator
        Mean and covariance of a clinic's figures.
    observed, rounding
        Printed figures and half widths of rounding, (T,); NaN does not enter.
    """

    emulator: Emulator
    observed: FloatArray
    rounding: FloatArray

    def log_likelihood(self, place: FloatArray, structure: IntArray) -> FloatArray:
        """Return the log likelihood at each place."""
        return self.emulator.log_likelihood(place, structure, self.observed, self.rounding)


@dataclass(frozen=True)
class Draws:
    """Weighted draws: deviates (n, d), structure codes (n, s), log weights (n,), not normalised."""

    place: FloatArray
    structure: IntArray
    log_weight: FloatArray

    @property
    def weight(self) -> FloatArray:
        """Weights that sum to 1."""
        raw = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray(raw / raw.sum())

    @property
    def effective_size(self) -> float:
        """(sum w)^2 / sum w^2."""
        return float(1 / (self.weight**2).sum())


@dataclass(frozen=True)
class Cloud:
    """Where to draw: g combinations of structures, each with a share and a normal law.

    Attributes
    ----------
    combinations
        Codes, (g, s).
    share
        (g,), sums to 1.
    mean, factor
        Means (g, d) and Cholesky factors of the covariances (g, d, d).
    """

    combinations: IntArray
    share: FloatArray
    mean: FloatArray
    factor: FloatArray

    def draw(
        self, n: int, rng: np.random.Generator, wider: float = 1.0
    ) -> tuple[FloatArray, IntArray]:
        """Return n places and their structures; SDs times `wider`."""
        which = rng.choice(len(self.share), size=n, p=self.share)
        z = wider * rng.standard_normal((n, self.mean.shape[1]))
        place = np.empty_like(z)
        for g in np.unique(which):
            here = which == g
            place[here] = self.mean[g] + z[here] @ self.factor[g].T
        return place, self.combinations[which]

    def deviates(self, place: FloatArray, structure: IntArray) -> tuple[FloatArray, IntArray]:
        """Return what `draw` would have drawn to get there, and the combination of each place."""
        which = self.index(structure)
        z = np.empty_like(place)
        for g in np.unique(which):
            here = which == g
            z[here] = np.linalg.solve(self.factor[g], (place[here] - self.mean[g]).T).T
        return z, which

    def log_density(self, place: FloatArray, structure: IntArray) -> FloatArray:
        """Return the log density of places in their structures, up to a constant."""
        z, which = self.deviates(place, structure)
        size = np.log(np.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(np.log(self.share)[which] - size[which] - 0.5 * (z**2).sum(axis=1))

    def index(self, structure: IntArray) -> IntArray:
        """Return the number of each combination."""
        lookup = {tuple(row): g for g, row in enumerate(self.combinations.tolist())}
        return np.array([lookup[tuple(row)] for row in structure.tolist()])


def prior_cloud(d: int, levels: tuple[tuple[int, ...], ...]) -> Cloud:
    """Return the prior as a cloud."""
    combinations = np.array(list(product(*levels)), dtype=np.int64).reshape(-1, len(levels))
    g = len(combinations)
    return Cloud(combinations, np.full(g, 1 / g), np.zeros((g, d)), np.tile(np.eye(d), (g, 1, 1)))


def laplace_cloud(sight: Sight, start: Cloud) -> Cloud:
    """Return the cloud around the highest posterior density of each combination of structures.

    Gauss and Newton from the means of `start`, damped where a step does not rise (Levenberg).
    """
    place, structure = start.mean.copy(), start.combinations
    damping = np.full(len(place), 1e-2)
    height = sight.log_likelihood(place, structure) + log_prior(place)
    for _ in range(STEPS):
        gradient, curvature = _slopes(sight, place, structure)
        eye = np.eye(place.shape[1])
        step = np.linalg.solve(curvature + damping[:, None, None] * eye, gradient[:, :, None])[
            :, :, 0
        ]
        there = np.clip(place + step, -6, 6)
        rise = sight.log_likelihood(there, structure) + log_prior(there)
        better = rise > height
        done = np.abs(np.where(better, rise - height, 0)).max() < 1e-3 and damping.max() < 1e6
        place = np.where(better[:, None], there, place)
        height = np.where(better, rise, height)
        damping = np.where(better, damping / 5, damping * 10).clip(1e-6, 1e9)
        if done and better.any():
            break
    _, curvature = _slopes(sight, place, structure)
    covariance = np.linalg.inv(curvature)
    factor = np.linalg.cholesky((covariance + covariance.transpose(0, 2, 1)) / 2)
    evidence = height + np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return Cloud(start.combinations, _shares(evidence), place, WIDER * factor)


def concentrate(
    sight: Sight, start: Cloud, rng: np.random.Generator, *, n: int, steps: int = 4
) -> tuple[Cloud, Draws]:
    """Return the cloud where prior times likelihood is, and weighted draws from it.

    Laplace's cloud, moved after its own weighted draws as long as that evens the weights. The
    likelihood is tempered wherever the move would rest on a few draws.
    """
    cloud = laplace_cloud(sight, start)
    draws, height = _weighed(sight, cloud, rng, n)
    for _ in range(steps):
        power = _power(draws, height, floor=max(0.1 * n, 3 * cloud.mean.shape[1]))
        moved = _followed(cloud, _tempered(draws, height, power))
        tried, tried_height = _weighed(sight, moved, rng, n)
        if tried.effective_size < 1.1 * draws.effective_size:
            break
        cloud, draws, height = moved, tried, tried_height
    return cloud, draws


def log_prior(place: FloatArray) -> FloatArray:
    """Return the prior's log density, up to what is the same everywhere."""
    return -0.5 * np.asarray((place**2).sum(axis=1))


def weigh(sight: Sight, cloud: Cloud, place: FloatArray, structure: IntArray) -> Draws:
    """Return draws from a cloud with their weights."""
    height = sight.log_likelihood(place, structure)
    return Draws(place, structure, height + log_prior(place) - cloud.log_density(place, structure))


def _slopes(sight: Sight, place: FloatArray, structure: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient (g, d) and Gauss-Newton curvature (g, d, d) of prior times likelihood."""
    g, d = place.shape
    move = 0.02
    steps = np.concatenate([np.zeros((1, d)), move * np.eye(d)])
    at = (place[:, None] + steps).reshape(-1, d)
    mean = sight.emulator.mean(at, np.repeat(structure, d + 1, axis=0)).reshape(g, d + 1, -1)
    here = np.isfinite(sight.observed)
    slope = ((mean[:, 1:] - mean[:, :1]) / move)[:, :, here]
    covariance = sight.emulator.covariance[np.ix_(here, here)]
    inverse = np.linalg.inv(covariance + np.diag(sight.rounding[here] ** 2 / 3))
    gap = sight.observed[here] - mean[:, 0][:, here]
    gradient = np.einsum("gdt,tu,gu->gd", slope, inverse, gap, optimize=True) - place
    curvature = np.einsum("gdt,tu,geu->gde", slope, inverse, slope, optimize=True) + np.eye(d)
    return gradient, curvature


def _shares(log_evidence: FloatArray) -> FloatArray:
    raw = np.exp(log_evidence - log_evidence.max())
    return np.asarray((1 - FLOOR) * raw / raw.sum() + FLOOR / len(raw))


def _weighed(
    sight: Sight, cloud: Cloud, rng: np.random.Generator, n: int
) -> tuple[Draws, FloatArray]:
    place, structure = cloud.draw(n, rng)
    return weigh(sight, cloud, place, structure), sight.log_likelihood(place, structure)


def _tempered(draws: Draws, height: FloatArray, power: float) -> Draws:
    """Return the draws weighted as if the likelihood counted only to a power."""
    return Draws(draws.place, draws.structure, draws.log_weight + (power - 1) * height)


def _power(draws: Draws, height: FloatArray, floor: float) -> float:
    """Return the largest power of the likelihood that keeps an effective size of `floor`."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        enough = _tempered(draws, height, middle).effective_size >= floor
        low, high = (middle, high) if enough else (low, middle)
    return low


def _followed(cloud: Cloud, draws: Draws) -> Cloud:
    """Return the cloud moved after weighted draws: shares, and one shift and scaling for all."""
    weight, size = draws.weight, draws.effective_size
    z, which = cloud.deviates(draws.place, draws.structure)
    shift = weight @ z
    scale = WIDER * np.sqrt(weight @ (z - shift) ** 2)
    held = np.bincount(which, weight, minlength=len(cloud.share))
    share = (1 - FLOOR) * (size * held + 5 * cloud.share) / (size + 5) + FLOOR / len(held)
    mean = cloud.mean + np.einsum("gde,e->gd", cloud.factor, shift)
    return Cloud(cloud.combinations, share / share.sum(), mean, cloud.factor * scale)
