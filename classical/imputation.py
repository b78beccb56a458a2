"""Missing sessions under three readings: as observed, imputed by status, imputed and shifted.

Here: draws of a patient's missing values from a multivariate normal of their own status group, and
Rubin's rules. Not here: the models fitted to each completed table (`slopes.py`).

The draws are data augmentation (Schafer 1997, chapter 5): values given mean and covariance, then
mean and covariance given values, with a prior worth as many patients as there are sessions, so
that a small group still has a covariance. A normal draw of a relief may lie outside 0 to 100; it
is left there, since clipping biases means and slopes (von Hippel 2013). Drawing assumes that
missingness depends on status and on what was observed; the shift asks how a slope changes if the
missing values were worse than that by a stated amount.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BURN_IN, BETWEEN = 100, 10


@dataclass(frozen=True)
class Pooled:
    """One quantity over completed tables, by Rubin's rules.

    Attributes
    ----------
    estimate, se, df, lo, hi, p
        Mean of the estimates, total standard error, Barnard and Rubin's degrees of freedom.
    missing_information
        Share of the total variance that comes from not knowing the missing values.
    """

    estimate: float
    se: float
    df: float
    lo: float
    hi: float
    p: float
    missing_information: float


def draw_missing(
    values: ArrayLike, *, draws: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield completed copies of a table of repeated measures, one group of patients.

    Parameters
    ----------
    values
        Shape (patients, sessions), NaN where missing; every patient has a value and every session
        at least two.
    draws
        Completed copies.
    rng
        Source of the draws.

    Raises
    ------
    ValueError
        If there is nobody, a patient has no value, or a session fewer than two.
    """
    table = np.array(values, dtype=float)
    known = ~np.isnan(table)
    enough = table.ndim == 2 and table.size > 0
    if not (enough and known.any(axis=1).all() and (known.sum(axis=0) >= 2).all()):
        raise ValueError("every patient needs a value and every session two.")
    scale = np.nanvar(table, axis=0, ddof=1)
    prior = np.diag(np.where(scale > 0, scale, 1e-8))
    table = np.where(known, table, np.nanmean(table, axis=0))
    patterns = _patterns(known)
    for step in range(BURN_IN + draws * BETWEEN):
        mean, covariance = _parameters(table, prior, rng)
        for rows, seen in patterns:
            _fill(table, rows, seen, mean, covariance, rng)
        if step >= BURN_IN and (step - BURN_IN) % BETWEEN == BETWEEN - 1:
            yield table.copy()


def pool(
    estimates: ArrayLike, errors: ArrayLike, complete_df: float, *, level: float = 0.95
) -> Pooled:
    """Combine estimates of completed tables (Rubin 1987; degrees of freedom Barnard, Rubin 1999).

    Parameters
    ----------
    estimates, errors
        One entry a completed table, at least two.
    complete_df
        Degrees of freedom that the analysis of a complete table has.
    level
        Coverage of the interval.

    Raises
    ------
    ValueError
        If there are fewer than two tables, a value is not finite or an error is 0.
    """
    from scipy.stats import t as student

    found, error = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float)
    m = len(found)
    if m < 2 or not (np.isfinite(found).all() and np.isfinite(error).all() and (error > 0).all()):
        raise ValueError("pooling needs at least two finite estimates with errors above 0.")
    within, between = float((error**2).mean()), float(found.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    df = observed if share <= 0 else 1 / (share**2 / (m - 1) + 1 / observed)
    se = float(np.sqrt(total))
    estimate = float(found.mean())
    half = float(student.ppf(0.5 + level / 2, df)) * se
    p = float(2 * student.sf(abs(estimate) / se, df))
    return Pooled(estimate, se, float(df), estimate - half, estimate + half, p, float(share))


def _patterns(known: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Return rows with the same missing sessions, and which sessions they have."""
    unique, index = np.unique(known, axis=0, return_inverse=True)
    index = np.ravel(index)
    return [
        (np.flatnonzero(index == k), unique[k]) for k in range(len(unique)) if not unique[k].all()
    ]


def _parameters(
    table: FloatArray, prior: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw mean and covariance given a completed table."""
    n, k = table.shape
    mean = table.mean(axis=0)
    scatter = (table - mean).T @ (table - mean) + prior
    # inverse Wishart with n - 1 + k degrees of freedom, by Bartlett's factor
    root = np.linalg.cholesky(np.linalg.inv(scatter))
    factor = np.tril(rng.standard_normal((k, k)), -1)
    factor[np.diag_indices(k)] = np.sqrt(rng.chisquare(n - 1 + k - np.arange(k)))
    precision_root = root @ factor
    covariance = np.linalg.inv(precision_root @ precision_root.T)
    drawn = mean + np.linalg.cholesky(covariance / n) @ rng.standard_normal(k)
    return drawn, covariance


def _fill(
    table: FloatArray,
    rows: NDArray[np.intp],
    seen: NDArray[np.bool_],
    mean: FloatArray,
    covariance: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Draw the missing sessions of these rows given the sessions that they have, in place."""
    gone = ~seen
    weights = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, gone)])
    centre = mean[gone] + (table[np.ix_(rows, seen)] - mean[seen]) @ weights
    left = covariance[np.ix_(gone, gone)] - covariance[np.ix_(gone, seen)] @ weights
    noise = rng.standard_normal((len(rows), int(gone.sum())))
    table[np.ix_(rows, gone)] = centre + noise @ np.linalg.cholesky((left + left.T) / 2).T
