"""Comparing means: Student and Welch t for two groups, paired t.

Here: tests from values or from printed moments. Not here: ranks (`ranks.py`), repeated measures
(`mixed.py`). Values agree with `scipy.stats.ttest_ind` and R's `t.test`; own because the study
prints moments only and the interval is needed with them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from classical.ranks import finite


@dataclass(frozen=True)
class MeanDifference:
    """A difference of means; NaN where not estimable.

    Attributes
    ----------
    estimate, se, lo, hi
        First minus second, standard error and t limits.
    t, df, p
        Statistic, degrees of freedom (Welch: Satterthwaite) and two-sided p.
    status
        'ok' or 'not_estimable: <cause>'.
    """

    estimate: float
    se: float
    lo: float
    hi: float
    t: float
    df: float
    p: float
    status: str


def compare_means(
    a: ArrayLike, b: ArrayLike, *, equal_variance: bool = False, level: float = 0.95
) -> MeanDifference:
    """Compare two independent groups by Welch's t, or Student's if variances are equal.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    groups = [finite(a), finite(b)]
    if min(map(len, groups)) < 2:
        return _none("a group has fewer than two values")
    moments = [(float(g.mean()), float(g.std(ddof=1)), len(g)) for g in groups]
    return from_moments(*moments, equal_variance=equal_variance, level=level)


def from_moments(
    a: tuple[float, float, int],
    b: tuple[float, float, int],
    *,
    equal_variance: bool = False,
    level: float = 0.95,
) -> MeanDifference:
    """Compare two groups of which only (mean, SD, n) is known.

    Raises
    ------
    ValueError
        If a number is not finite, an SD is negative or an n below 2.
    """
    (mean_a, sd_a, n_a), (mean_b, sd_b, n_b) = a, b
    if not np.isfinite([*a, *b]).all() or min(sd_a, sd_b) < 0 or min(n_a, n_b) < 2:
        raise ValueError("moments must be finite, each SD 0 or more, each n 2 or more.")
    if equal_variance:
        df = float(n_a + n_b - 2)
        pooled = ((n_a - 1) * sd_a**2 + (n_b - 1) * sd_b**2) / df
        variance = pooled * (1 / n_a + 1 / n_b)
    else:
        part_a, part_b = sd_a**2 / n_a, sd_b**2 / n_b
        variance = part_a + part_b
        share = part_a**2 / (n_a - 1) + part_b**2 / (n_b - 1)
        df = variance**2 / share if share > 0 else np.nan
    if variance <= 0:
        return _none("neither group varies")
    return _test(mean_a - mean_b, float(np.sqrt(variance)), df, level)


def compare_pairs(differences: ArrayLike, *, level: float = 0.95) -> MeanDifference:
    """Test the mean of paired differences against 0.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    known = finite(differences)
    if len(known) < 2:
        return _none("fewer than two pairs")
    se = float(known.std(ddof=1)) / np.sqrt(len(known))
    if se <= 0:
        return _none("all differences are equal")
    return _test(float(known.mean()), se, len(known) - 1.0, level)


def _test(estimate: float, se: float, df: float, level: float) -> MeanDifference:
    from scipy.stats import t as student

    half = float(student.ppf(0.5 + level / 2, df)) * se
    t = estimate / se
    p = float(2 * student.sf(abs(t), df))
    return MeanDifference(estimate, se, estimate - half, estimate + half, t, df, p, "ok")


def _none(cause: str) -> MeanDifference:
    nan = np.nan
    return MeanDifference(nan, nan, nan, nan, nan, nan, nan, f"not_estimable: {cause}")
