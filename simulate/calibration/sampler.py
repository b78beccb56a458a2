"""Where the study may lie: population Monte Carlo over parameters and structures.

Here: a cloud (shares of structures, a normal law of the deviates in each), the cloud around the
most likely places, and draws of prior times likelihood, tempered from there. Not here: what the
likelihood is (`emulator.py`), rounds of simulation (`calibrate.py`).

Prior: deviates are independent standard normal, structures equally likely. The search starts from
Laplace's cloud, one mode a combination of structures, and goes on by sequential Monte Carlo, which
needs no luck with that first cloud.
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
    sight: Sight, start: Cloud, rng: np.random.Generator, *, n: int, moves: int = 3
) -> tuple[Cloud, Draws]:
    """Return n draws of prior times likelihood, equally weighted, and a cloud around them.

    Sequential Monte Carlo (Del Moral 2006): draws of Laplace's cloud are turned step by step into
    draws of the posterior, each step as large as keeps half of the effective size, followed by
    resampling and `moves` moves of each draw; at the end four times as many.
    """
    origin = laplace_cloud(sight, start)
    place, structure = origin.draw(n, rng, 1.1)
    power, height = 0.0, _heights(sight, origin, place, structure)
    while power < 1:
        rise = height[1] - height[0]
        step = min(_step(rise, 0.5 * n), 1 - power)
        power += step
        index = _resampled(np.exp(step * (rise - rise.max())), rng)
        place, structure, height = place[index], structure[index], height[:, index]
        for _ in range(moves if power < 1 else 4 * moves):
            place, height = _moved(sight, origin, place, structure, height, power, rng)
            structure, height = _switched(sight, origin, place, structure, height, power, rng)
    draws = Draws(place, structure, np.zeros(n))
    return around(draws, start.combinations), draws


def around(draws: Draws, combinations: IntArray) -> Cloud:
    """Return a cloud around draws: shares, means by combination, one covariance.

    A combination with few draws keeps near the common mean.
    """
    place, size = draws.place, len(draws.place)
    d = place.shape[1]
    empty = Cloud(combinations, np.ones(len(combinations)), np.zeros((0, d)), np.zeros((0, d, d)))
    which = empty.index(draws.structure)
    n = np.bincount(which, minlength=len(combinations)).astype(float)
    total = np.zeros((len(combinations), d))
    np.add.at(total, which, place)
    common = place.mean(axis=0)
    trust = n / (n + d)
    own = total / np.maximum(n, 1)[:, None]
    mean = common + trust[:, None] * np.where(n[:, None] > 0, own - common, 0)
    factor = np.linalg.cholesky(_covariance(place - mean[which]))
    share = (1 - FLOOR) * n / size + FLOOR / len(combinations)
    return Cloud(combinations, share, mean, np.tile(factor, (len(combinations), 1, 1)))


def log_prior(place: FloatArray) -> FloatArray:
    """Return the prior's log density, up to what is the same everywhere."""
    return -0.5 * np.asarray((place**2).sum(axis=1))


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


def _heights(sight: Sight, origin: Cloud, place: FloatArray, structure: IntArray) -> FloatArray:
    """Return log densities of the origin and of the posterior, (2, n), each up to a constant."""
    posterior = sight.log_likelihood(place, structure) + log_prior(place)
    return np.stack([origin.log_density(place, structure), posterior])


def _step(rise: FloatArray, floor: float) -> float:
    """Return the largest power of the weights that keeps an effective size of `floor`."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        weight = np.exp(middle * (rise - rise.max()))
        enough = weight.sum() ** 2 / (weight**2).sum() >= floor
        low, high = (middle, high) if enough else (low, middle)
    return max(low, 1e-4)


def _resampled(weight: FloatArray, rng: np.random.Generator) -> IntArray:
    """Systematic resampling: as many numbers as weights."""
    edges = np.cumsum(weight)
    n = len(weight)
    picks = np.searchsorted(edges, (np.arange(n) + rng.random()) / n * edges[-1])
    return np.minimum(picks, n - 1)


def _covariance(gap: FloatArray) -> FloatArray:
    """Covariance of deviations, its correlations drawn towards zero where draws are few."""
    n, d = gap.shape
    shrink = min(0.9, 0.5 * d / n)
    raw = gap.T @ gap / n
    return np.asarray((1 - shrink) * raw + shrink * np.diag(np.diag(raw)) + 1e-6 * np.eye(d))


def _moved(
    sight: Sight,
    origin: Cloud,
    place: FloatArray,
    structure: IntArray,
    height: FloatArray,
    power: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Move each draw a step that would leave the draws' own normal law alone (Cotter 2013)."""
    mean = place.mean(axis=0)
    factor = np.linalg.cholesky(_covariance(place - mean))
    stride = rng.choice([0.15, 0.3, 0.6], size=(len(place), 1))
    gap = place - mean
    fresh = rng.standard_normal(place.shape) @ factor.T
    there = mean + np.sqrt(1 - stride**2) * gap + stride * fresh
    after = _heights(sight, origin, there, structure)
    own = [0.5 * (np.linalg.solve(factor, (x - mean).T) ** 2).sum(axis=0) for x in (there, place)]
    log_ratio = _at(after, power) - _at(height, power) + own[0] - own[1]
    taken = np.log(rng.random(len(place))) < log_ratio
    return np.where(taken[:, None], there, place), np.where(taken, after, height)


def _switched(
    sight: Sight,
    origin: Cloud,
    place: FloatArray,
    structure: IntArray,
    height: FloatArray,
    power: float,
    rng: np.random.Generator,
) -> tuple[IntArray, FloatArray]:
    """Try another combination of structures at the same place."""
    there = origin.combinations[rng.integers(len(origin.combinations), size=len(place))]
    after = _heights(sight, origin, place, there)
    taken = np.log(rng.random(len(place))) < _at(after, power) - _at(height, power)
    return np.where(taken[:, None], there, structure), np.where(taken, after, height)


def _at(height: FloatArray, power: float) -> FloatArray:
    return np.asarray((1 - power) * height[0] + power * height[1])
