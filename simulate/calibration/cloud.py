"""Draws of places in parameter space, and normal clouds around them.

Here: a cloud (shares of structures, a normal law of the deviates in each), the prior as a cloud,
and the cloud around draws. Not here: which places are likely (`sampler.py`).

Prior: deviates are independent standard normal, structures equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FLOOR = 0.3  # of all draws, shared by all combinations of structures: none is given up


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

    def draw(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Return n places and their structures."""
        which = rng.choice(len(self.share), size=n, p=self.share)
        z = rng.standard_normal((n, self.mean.shape[1]))
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

    def widened(self, by: float) -> Cloud:
        """Return the cloud with all SDs times `by`."""
        return replace(self, factor=by * self.factor)

    def index(self, structure: IntArray) -> IntArray:
        """Return the number of each combination."""
        lookup = {tuple(row): g for g, row in enumerate(self.combinations.tolist())}
        return np.array([lookup[tuple(row)] for row in structure.tolist()])


def prior_cloud(d: int, levels: tuple[tuple[int, ...], ...]) -> Cloud:
    """Return the prior as a cloud."""
    combinations = np.array(list(product(*levels)), dtype=np.int64).reshape(-1, len(levels))
    g = len(combinations)
    return Cloud(combinations, np.full(g, 1 / g), np.zeros((g, d)), np.tile(np.eye(d), (g, 1, 1)))


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
    factor = np.linalg.cholesky(covariance_of(place - mean[which]))
    share = (1 - FLOOR) * n / size + FLOOR / len(combinations)
    return Cloud(combinations, share, mean, np.tile(factor, (len(combinations), 1, 1)))


def log_prior(place: FloatArray) -> FloatArray:
    """Return the prior's log density, up to what is the same everywhere."""
    return -0.5 * np.asarray((place**2).sum(axis=1))


def covariance_of(gap: FloatArray) -> FloatArray:
    """Covariance of deviations, its correlations drawn towards zero where draws are few."""
    n, d = gap.shape
    shrink = min(0.9, 0.5 * d / n)
    raw = gap.T @ gap / n
    return np.asarray((1 - shrink) * raw + shrink * np.diag(np.diag(raw)) + 1e-6 * np.eye(d))
