"""Draws of places in parameter space, and a normal cloud around them.

Here: weighted draws of many structures, a normal law of the deviates in one, the prior. Not here:
which places are likely (`sampler.py`).

Prior: deviates are independent standard normal, structures equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    """A normal law of places: mean (d,), Cholesky factor of the covariance (d, d)."""

    mean: FloatArray
    factor: FloatArray

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n places."""
        return self.at(rng.standard_normal((n, len(self.mean))))

    def at(self, z: FloatArray) -> FloatArray:
        """Return the places of standard normal numbers, (n, d)."""
        return self.mean + z @ self.factor.T

    def deviates(self, place: FloatArray) -> FloatArray:
        """Return what `at` would have been handed."""
        return np.linalg.solve(self.factor, (place - self.mean).T).T

    def widened(self, by: float) -> Cloud:
        """Return the cloud with all SDs times `by`."""
        return replace(self, factor=by * self.factor)


def prior_cloud(d: int) -> Cloud:
    """Return the prior as a cloud."""
    return Cloud(np.zeros(d), np.eye(d))


def around(place: FloatArray) -> Cloud:
    """Return the cloud around equally weighted places."""
    mean = place.mean(axis=0)
    return Cloud(mean, np.linalg.cholesky(covariance_of(place - mean)))


def log_prior(place: FloatArray) -> FloatArray:
    """Return the prior's log density, up to what is the same everywhere."""
    return -0.5 * np.asarray((place**2).sum(axis=1))


def covariance_of(gap: FloatArray) -> FloatArray:
    """Covariance of deviations, its correlations drawn towards zero where draws are few."""
    n, d = gap.shape
    shrink = min(0.9, 0.5 * d / n)
    raw = gap.T @ gap / n
    return np.asarray((1 - shrink) * raw + shrink * np.diag(np.diag(raw)) + 1e-6 * np.eye(d))
