"""What a simulated clinic's figures are near a place of parameter space: mean and covariance.

Here: a quadratic regression of figures on parameters, and the covariance around it. Not here: how
likely a printed vector is under both (`surface.py`), or any simulation.

Parameters come as standard normal deviates of their prior (`prior.py`), figures on the scale on
which their errors are about normal. The regression is linear and quadratic in every parameter,
turned so that the neighbourhood's clinics are uncorrelated, with all products inside the few
directions that move the figures most, and an intercept and slopes of its own for each structure.
Its residuals are the sampling error of a clinic of this size (plus what the regression misses), so
their covariance is the synthetic likelihood's (Wood 2010, Price 2018), shared by a neighbourhood
rather than estimated anew at every point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.calibration.cloud import covariance_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DIRECTIONS = 24  # directions with all products
PENALTIES = (1.0, 10.0, 100.0, 1000.0)  # of a ridge, in observations


@dataclass(frozen=True)
class Bank:
    """Simulated clinics: what went in and what came out.

    Attributes
    ----------
    place
        Deviates of the parameters, (n, d).
    structure
        Codes of the structures, (n, s).
    figures
        On the targets' scales, NaN where undefined, (n, T).
    """

    place: FloatArray
    structure: IntArray
    figures: FloatArray

    def __len__(self) -> int:
        return len(self.place)

    def take(self, index: NDArray[np.generic]) -> Bank:
        """Return the chosen clinics."""
        return Bank(self.place[index], self.structure[index], self.figures[index])

    def joined(self, other: Bank) -> Bank:
        """Return both banks as one."""
        pairs = ((getattr(self, k), getattr(other, k)) for k in ("place", "structure", "figures"))
        return Bank(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Emulator:
    """Mean of the figures at a place, and the covariance around it.

    Attributes
    ----------
    levels
        Codes that each structure may take, in order.
    centre, unmix
        Of the neighbourhood, (d,) and (d, d): features are products of (place - centre) @ unmix,
        which has mean 0 and covariance 1 there.
    directions
        (d, k): inside these all products are features.
    coefficients
        (features, T).
    covariance
        Of a clinic's figures around their mean, (T, T).
    doubt
        (features, features): a root of the coefficients' covariance, in clinics' variances.
    explained
        Share of each figure's variance in the neighbourhood that parameters explain, (T,).
    """

    levels: tuple[tuple[int, ...], ...]
    centre: FloatArray
    unmix: FloatArray
    directions: FloatArray
    coefficients: FloatArray
    covariance: FloatArray
    doubt: FloatArray
    explained: FloatArray

    def mean(self, place: FloatArray, structure: IntArray) -> FloatArray:
        """Return the mean figures at places (n, d) and structures (n, s), shape (n, T)."""
        turned = (place - self.centre) @ self.unmix
        return _features(turned, structure, self.levels, self.directions) @ self.coefficients

    def folded(self, structure: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Return one structure's coefficients (f, T) and a root of their covariance (f, features).

        What a structure has of its own is added to what all share, so that the features are those
        of `basis` alone.
        """
        d, k = self.directions.shape
        f = 1 + 2 * d + k * (k - 1) // 2
        coefficients, doubt = self.coefficients[:f].copy(), self.doubt[:f].copy()
        own = f
        for codes, code in zip(self.levels, structure, strict=True):
            for other in codes[1:]:
                if other == code:
                    coefficients[: d + 1] += self.coefficients[own : own + d + 1]
                    doubt[: d + 1] += self.doubt[own : own + d + 1]
                own += d + 1
        return coefficients, doubt


def fit_emulator(bank: Bank, levels: tuple[tuple[int, ...], ...]) -> Emulator:
    """Fit the regression to a bank of clinics from one neighbourhood."""
    centre = bank.place.mean(axis=0)
    factor = np.linalg.cholesky(covariance_of(bank.place - centre))
    unmix = np.linalg.inv(factor).T
    scaled = (bank.place - centre) @ unmix
    mostly = np.isfinite(bank.figures).mean(axis=1) > 0.8
    scaled, structure = scaled[mostly], bank.structure[mostly]
    figures, known = _filled(bank.figures[mostly])
    none = np.zeros((scaled.shape[1], 0))
    linear = _ridge(_features(scaled, structure, levels, none), figures, known)
    directions = _steepest(linear, scaled.shape[1])
    features = _features(scaled, structure, levels, directions)
    fitted = _ridge(features, figures, known)
    figures = np.where(
        known, figures, features @ fitted.coefficients
    )  # what is undefined is filled
    fitted = _ridge(features, figures, known)
    total = np.where(known, figures, np.nan)
    explained = 1 - np.diag(fitted.covariance) / np.nanvar(total, axis=0).clip(1e-12)
    return Emulator(
        levels,
        centre,
        unmix,
        directions,
        fitted.coefficients,
        fitted.covariance,
        fitted.doubt,
        explained,
    )


@dataclass(frozen=True)
class _Ridge:
    coefficients: FloatArray
    covariance: FloatArray
    doubt: FloatArray


def _filled(figures: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    known = np.isfinite(figures)
    n = known.sum(axis=0)
    mean = np.where(known, figures, 0).sum(axis=0) / np.maximum(n, 1)
    return np.where(known, figures, mean), known


def _ridge(features: FloatArray, figures: FloatArray, known: NDArray[np.bool_]) -> _Ridge:
    """Ridge regression; the penalty with the least generalised cross-validation, all figures alike.

    The covariance is that of the leave-one-out residuals, so that it holds what the regression
    misses and what its own coefficients do not know.
    """
    gram = features.T @ features
    values, vectors = np.linalg.eigh(gram)
    values = values.clip(0)
    turned = features @ vectors
    answer = turned.T @ figures
    scale = figures.std(axis=0) + 1e-12
    best = None
    for penalty in PENALTIES:
        inverse = 1 / (values + penalty)
        coefficients = inverse[:, None] * answer
        leverage = (turned**2 * inverse).sum(axis=1).clip(0, 0.95)
        loose = (figures - turned @ coefficients) / (1 - leverage)[:, None]
        score = float((np.where(known, loose, 0) ** 2 / scale**2).mean())
        if best is None or score < best[0]:
            best = (
                score,
                vectors @ coefficients,
                np.where(known, loose, 0),
                vectors * inverse**0.5,
            )
    assert best is not None
    return _Ridge(best[1], _covariance(best[2], known), best[3])


def _covariance(residuals: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """Covariance of residuals, those beyond five robust SDs drawn in; undefined ones left out."""
    n = known.sum(axis=0)
    middle = np.array([np.median(np.abs(r[k])) if k.any() else 1.0
                       for r, k in zip(residuals.T, known.T, strict=True)])  # fmt: skip
    limit = 5 * 1.4826 * middle + 1e-9
    drawn = np.clip(residuals, -limit, limit)
    variance = (drawn**2).sum(axis=0) / np.maximum(n, 1)
    both = known.astype(float).T @ known.astype(float)
    covariance = drawn.T @ drawn / np.maximum(both, 1)
    sd = np.sqrt(variance) + 1e-9
    correlation = 0.98 * covariance / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    low, vectors = np.linalg.eigh(correlation)
    sound = (vectors * low.clip(1e-3)) @ vectors.T
    return np.asarray(sound * np.outer(sd, sd))


def _steepest(fitted: _Ridge, d: int) -> FloatArray:
    """Directions in which the figures change most, in units of their sampling error."""
    factor = np.linalg.cholesky(fitted.covariance)
    slopes = np.linalg.solve(factor, fitted.coefficients[1 : 1 + d].T)
    _, _, right = np.linalg.svd(slopes, full_matrices=False)
    return np.asarray(right[: min(DIRECTIONS, d)].T)


def basis(turned: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the features that all structures share, (n, f), at turned places (n, d).

    In this order: 1, each coordinate, its square less 1, the product of each pair of `directions`.
    """
    along = turned @ directions
    one, two = np.triu_indices(directions.shape[1], 1)
    unit = np.ones((len(turned), 1))
    return np.concatenate([unit, turned, turned**2 - 1, along[:, one] * along[:, two]], axis=1)


def _features(
    turned: FloatArray,
    structure: IntArray,
    levels: tuple[tuple[int, ...], ...],
    directions: FloatArray,
) -> FloatArray:
    parts = [basis(turned, directions)]
    own = parts[0][:, : turned.shape[1] + 1]
    for column, codes in enumerate(levels):
        for code in codes[1:]:
            parts.append(own * (structure[:, column] == code)[:, None])
    return np.concatenate(parts, axis=1)
