"""Where the study may lie: sequential Monte Carlo over parameters and structures.

Here: the cloud around the most likely places, and draws of prior times likelihood, tempered from
there. Not here: what the likelihood is (`emulator.py`), rounds of simulation (`calibrate.py`).

The search starts from Laplace's cloud, one mode a combination of structures, and goes on by
sequential Monte Carlo, which needs no luck with that first cloud and leaves the evidence behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.calibration.cloud import (
    FLOOR,
    Cloud,
    Draws,
    FloatArray,
    IntArray,
    around,
    covariance_of,
    log_prior,
)
from simulate.calibration.emulator import Emulator

WIDER = 1.1  # SDs of the first draws over Laplace's
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
class Look:
    """What was found: equally weighted draws, the cloud around them, the log evidence.

    The evidence is that of all the structures which the look could take, equally likely before; up
    to a constant that all sights of the same figures share.
    """

    cloud: Cloud
    draws: Draws
    log_evidence: float


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
    return Cloud(start.combinations, _shares(evidence), place, factor)


def look(sight: Sight, start: Cloud, rng: np.random.Generator, *, n: int, moves: int = 3) -> Look:
    """Return n draws of prior times likelihood.

    Sequential Monte Carlo (Del Moral 2006): draws of Laplace's cloud are turned step by step into
    draws of the posterior, each step as large as keeps half of the effective size, followed by
    resampling and `moves` moves of each draw; at the end four times as many. The evidence is the
    product of the steps' mean weights.
    """
    origin = laplace_cloud(sight, start).widened(WIDER)
    place, structure = origin.draw(n, rng)
    power, height, evidence = 0.0, _heights(sight, origin, place, structure), 0.0
    while power < 1:
        rise = height[1] - height[0]
        step = min(_step(rise, 0.5 * n), 1 - power)
        power += step
        weight = np.exp(step * (rise - rise.max()))
        evidence += float(np.log(weight.mean()) + step * rise.max())
        index = _resampled(weight, rng)
        place, structure, height = place[index], structure[index], height[:, index]
        for _ in range(moves if power < 1 else 4 * moves):
            place, height = _moved(sight, origin, place, structure, height, power, rng)
            if len(start.combinations) > 1:
                structure, height = _switched(sight, origin, place, structure, height, power, rng)
    draws = Draws(place, structure, np.zeros(n))
    # each of g combinations has prior probability 1 / g
    evidence -= float(np.log(len(start.combinations)))
    return Look(around(draws, start.combinations), draws, evidence)


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
    factor = np.linalg.cholesky(covariance_of(place - mean))
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
