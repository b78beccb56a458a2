"""Hodges-Lehmann shifts with the intervals of R's `wilcox.test(conf.int = TRUE)`.

Here: the shift of two groups and the pseudomedian of paired differences. Without ties (and zeros)
and below 50 values the limits are order statistics at exact quantiles; else they are where the
normal approximation of `ranks.py` crosses its quantile. Not here: p values (`ranks.py`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from classical.ranks import (
    EXACT_BELOW,
    FloatArray,
    finite,
    midranks,
    sign_sums,
    subset_sums,
    tie_sum,
)

Interval = tuple[float, float, float]
NOTHING: Interval = (np.nan, np.nan, np.nan)


def group_shift(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the shift of a against b and its limits; NaN for an empty group or equal values.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    first, second = finite(a), finite(b)
    n, m = len(first), len(second)
    if not n or not m or np.ptp(np.concatenate([first, second])) == 0:
        return NOTHING
    differences = np.sort(np.subtract.outer(first, second).ravel())
    tied = tie_sum(midranks(np.concatenate([first, second]))) > 0
    if not tied and max(n, m) < EXACT_BELOW:
        mass = subset_sums(np.arange(1.0, n + m + 1), n)
        return _order_statistics(differences, mass, level)

    def standardised(at: float) -> tuple[float, float]:
        ranks = midranks(np.concatenate([first - at, second]))
        centre = ranks[:n].sum() - n * (n + 1) / 2 - n * m / 2
        ties = tie_sum(ranks)
        return centre, n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))

    return _inverted(standardised, differences, level)


def pseudomedian(differences: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the pseudomedian of paired differences and its limits; zeros are dropped first (R).

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    everything = finite(differences)
    known = everything[everything != 0]
    n = len(known)
    if n < 2 or np.ptp(known) == 0:
        return NOTHING
    walsh = np.sort((np.add.outer(known, known) / 2)[np.triu_indices(n)])
    tied = tie_sum(midranks(np.abs(known))) > 0
    if not tied and n == len(everything) and n < EXACT_BELOW:
        return _order_statistics(walsh, sign_sums(np.arange(1.0, n + 1)), level)

    def standardised(at: float) -> tuple[float, float]:
        left = known - at
        left = left[left != 0]
        k = len(left)
        ranks = midranks(np.abs(left))
        variance = k * (k + 1) * (2 * k + 1) / 24 - tie_sum(ranks) / 48
        return ranks[left > 0].sum() - k * (k + 1) / 4, variance

    return _inverted(standardised, walsh, level)


def _order_statistics(
    values: FloatArray, mass: tuple[FloatArray, FloatArray], level: float
) -> Interval:
    below = np.cumsum(mass[1])
    k = max(int(np.searchsorted(below, (1 - level) / 2)), 1)
    return float(np.median(values)), float(values[k - 1]), float(values[len(values) - k])


def _inverted(
    standardised: Callable[[float], tuple[float, float]], values: FloatArray, level: float
) -> Interval:
    """Return the median, and where the statistic crosses the two normal quantiles (R's `uniroot`).

    R's own estimate is any zero of the statistic, which is flat around the median.
    """
    from scipy.stats import norm

    z = float(norm.ppf(0.5 + level / 2))

    def limit(quantile: float) -> float:
        def above(at: float) -> bool:
            centre, variance = standardised(at)
            if variance <= 0:
                return centre > 0
            return bool((centre - np.sign(centre) * 0.5) / np.sqrt(variance) > quantile)

        return _crossing(above, float(values[0]), float(values[-1]))

    return float(np.median(values)), limit(z), limit(-z)


def _crossing(above: Callable[[float], bool], low: float, high: float) -> float:
    """Halve down to where a falling step function crosses; an end of the range if it does not."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return (low + high) / 2
