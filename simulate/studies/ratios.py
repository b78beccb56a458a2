"""Figures of a study as ratios of sums over replicates, each with its Monte Carlo standard error.

Here: the error of every measure of every kind of study. Not here: which measures there are
(`performance.py` of each kind).

A measure is a ratio of linear combinations of sums over replicates, A / B with A = sum of a_r
and B = sum of b_r over replicates r. Replicates are independent, patients of one need not be (all
share the member of an ensemble that drew them), so the error is clustered by replicate (delta
method; Morris, White and Crowther 2019, section 5.2; Cochran 1977, equation 2.39):

    Var(A / B) = R / (R - 1) * sum over r of (a_r - (A / B) b_r)^2 / B^2

which needs only sums, squares and products, added up exactly in whole numbers. A measure that
nobody defines (no patient in its denominator) is NaN with n 0, and so is the error where one
replicate alone fills the denominator.

Where a share is 0 or 1 in every replicate this is 0, which claims a certainty that nobody has. Its
error is then the half width of Wilson's interval over 1.96 (Wilson 1927, the interval that Brown,
Cai and DasGupta 2001 advise for small numbers), for none or all of n independent replicates. n is
the effective number of replicates, (sum of b_r)^2 / sum of b_r^2 (Kish 1965, section 11.7), not
that of patients: replicates that all agree tell nothing of how alike the patients of one are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simulate.studies.sums import moment

FloatArray = NDArray[np.float64]
Combination = Mapping[str, float]
Z = 1.959963984540054
_SAME_EACH = ("n_patients", "n_replicates")
"""Columns that are the same in every replicate: their products need no column."""
_MORE_THAN_ONE = 1 + 1e-9


@dataclass(frozen=True)
class Ratio:
    """A measure: `per` times a combination of sums over another one.

    `everyone` says that it is about all who start, and undefined where a truth leaves some out;
    `is_share` that what is counted above is counted below too, so that it lies between 0 and `per`.
    """

    over: Combination
    under: Combination
    per: float = 1.0
    everyone: bool = True
    is_share: bool = False


def ratio(rows: pd.DataFrame, measure: Ratio) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return estimate, Monte Carlo standard error and denominator of a measure, row by row.

    Parameters
    ----------
    rows
        One row a cell with `n_replicates`, `n_patients`, the sums and the moments that the measure
        needs; `n_patients` is the same in every replicate.

    Returns
    -------
    tuple of numpy.ndarray
        NaN and 0 where nothing stands in the denominator; the error is NaN where one replicate
        alone fills it, which says nothing of the spread between replicates.

    Raises
    ------
    KeyError
        If a moment that the error needs was not counted.
    """
    n_replicates = rows["n_replicates"].to_numpy(np.float64)
    over, under = _total(rows, measure.over), _total(rows, measure.under)
    is_defined = under > 0
    base = np.where(is_defined, under, nan)
    share = over / base
    squared = _product(rows, measure.under, measure.under)
    squares = (
        _product(rows, measure.over, measure.over)
        - 2 * share * _product(rows, measure.over, measure.under)
        + share**2 * squared
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n_replicates / (n_replicates - 1) * np.maximum(squares, 0) / base**2
        n_effective = base**2 / squared
    error = np.sqrt(np.maximum(variance, 0))
    if measure.is_share:
        error = np.where((over == 0) | (over == under), error_of_all_alike(n_effective), error)
    error = np.where(n_effective > _MORE_THAN_ONE, error, nan)
    return measure.per * share, measure.per * error, np.where(is_defined, under, 0.0)


def error_of_all_alike(n: ArrayLike) -> FloatArray:
    """Return the standard error of a share that none, or all, of n independent replicates show.

    Wilson's limits (`classical.contingency.wilson_interval`) are then 0 and z^2 / (n + z^2).
    """
    return np.asarray(Z / 2 / (np.asarray(n, float) + Z**2))


def furthest(estimate: float, mcse: float, measure: Ratio) -> float:
    """Return Wilson's other limit of a share that is 0 or 1 in every replicate, NaN of others."""
    if not measure.is_share or estimate not in (0, measure.per) or not np.isfinite(mcse):
        return nan
    return estimate + (1 if estimate == 0 else -1) * 2 * Z * mcse


def errors_to_stop_at(figures: pd.DataFrame) -> FloatArray:
    """Return the errors of `estimate` and `mcse` that a run with a target must bring down.

    A figure that is there and whose error nobody knows yet is infinitely far from any target; one
    that nobody defines is left out. What the error of a truth adds (`truth_error`), no replicate
    brings down: it is taken out.
    """
    known = figures[figures["estimate"].notna()]
    mcse = known["mcse"].fillna(inf).to_numpy(np.float64)
    if "truth_error" in known:
        part = known["truth_error"].to_numpy(np.float64)
        mcse = np.where(np.isinf(mcse), mcse, np.sqrt(np.maximum(mcse**2 - part**2, 0)))
    return mcse


def largest(errors: FloatArray) -> float:
    """Return the largest of some errors, NaN without any."""
    return float(errors.max()) if len(errors) else nan


def _total(rows: pd.DataFrame, combination: Combination) -> FloatArray:
    return np.sum([w * rows[name].to_numpy(np.float64) for name, w in combination.items()], axis=0)


def _product(rows: pd.DataFrame, left: Combination, right: Combination) -> FloatArray:
    """Sum over replicates of the product of two combinations."""
    parts = [
        a * b * _sum_of_products(rows, one, other)
        for one, a in left.items()
        for other, b in right.items()
    ]
    return np.sum(parts, axis=0)


def _sum_of_products(rows: pd.DataFrame, a: str, b: str) -> FloatArray:
    n_replicates = rows["n_replicates"].to_numpy(np.float64)
    if a in _SAME_EACH and b in _SAME_EACH:
        each = rows[a].to_numpy(np.float64) * rows[b].to_numpy(np.float64) / n_replicates**2
        return np.asarray(n_replicates * each)
    if a in _SAME_EACH:
        a, b = b, a
    if b in _SAME_EACH:
        return np.asarray(rows[b].to_numpy(np.float64) / n_replicates * rows[a].to_numpy())
    name = moment(a, b)
    return rows[name if name in rows else moment(b, a)].to_numpy(np.float64)
