"""Bayesian analyses of a trial in closed form: normal difference, two beta chances.

Here: posteriors of many trials at once. Not here: which endpoint they are of (`analyses.py`). The
two-sided "p" is twice the smaller posterior chance of either sign: below a level of 5 % where one
sign has more than 97.5 %.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_NODES = 96


class Posterior(NamedTuple):
    """Mean, limits and two-sided tail of each of R posteriors, shape (R,)."""

    mean: FloatArray
    lo: FloatArray
    hi: FloatArray
    p: FloatArray


def normal(estimate: FloatArray, se: FloatArray, prior_sd: float, level: float) -> Posterior:
    """Posterior of a difference: normal estimate with a known error, normal prior around 0."""
    from scipy.special import ndtr, ndtri

    weight = prior_sd**2 / (prior_sd**2 + se**2)
    mean, sd = weight * estimate, np.sqrt(weight) * se
    half = -ndtri(level / 2) * sd
    known = np.isfinite(se) & (se > 0)
    two = np.where(known, 2 * ndtr(-np.abs(mean / sd)), np.nan)
    lo, hi = (np.where(known, mean + side * half, np.nan) for side in (-1, 1))
    return Posterior(np.where(known, mean, np.nan), lo, hi, two)


def beta(
    events_a: FloatArray,
    total_a: FloatArray,
    events_b: FloatArray,
    total_b: FloatArray,
    prior: tuple[float, float],
    level: float,
) -> Posterior:
    """Posterior of the log odds ratio of two chances with the same beta prior.

    Mean and variance are exact (digamma, trigamma), limits those of a normal with them; the chance
    that group a's is larger is exact up to Gauss-Legendre quadrature over a's quantiles. A group
    without patients has no posterior here: its trial failed.
    """
    from scipy.special import betainc, betaincinv, digamma, ndtri, polygamma

    a, b = ((e + prior[0], n - e + prior[1]) for e, n in ((events_a, total_a), (events_b, total_b)))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x = betaincinv(a[0][:, None], a[1][:, None], (nodes + 1) / 2)
    above = betainc(b[0][:, None], b[1][:, None], x) @ (weights / 2)
    mean = digamma(a[0]) - digamma(a[1]) - digamma(b[0]) + digamma(b[1])
    half = -ndtri(level / 2) * np.sqrt(sum(polygamma(1, k) for k in (*a, *b)))
    known = (total_a > 0) & (total_b > 0)
    two = 2 * np.minimum(above, 1 - above)
    found = (mean, mean - half, mean + half, two)
    return Posterior(*(np.where(known, value, np.nan) for value in found))
