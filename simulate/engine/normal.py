"""The normal law: scores of uniform numbers by a table, its distribution by the error function.

A score is one multiplication and one addition between 4,096 equal steps of probability; the outer
64 steps of each side are computed, so tails are exact to 32 bits. The largest
error, below 4e-5 in the score, is tested.
"""

# mypy: disable-error-code="no-untyped-def"

import math

import numpy as np

from simulate.engine.compiled import compiled, inlined

STEPS = 4096
EDGE = 64  # steps at either end that are computed and not looked up
ROOT_2 = math.sqrt(2.0)
ROOT_2PI = math.sqrt(2.0 * math.pi)


def _scores() -> np.ndarray:
    from statistics import NormalDist

    inverse = NormalDist().inv_cdf
    inner = [inverse(k / STEPS) for k in range(1, STEPS)]
    return np.array([inner[0], *inner, inner[-1]])


SCORES = _scores()


@compiled
def cdf(z):
    """P(Z <= z)."""
    return 0.5 * math.erfc(-z / ROOT_2)


@compiled
def density(z):
    """Density of the standard normal law."""
    return math.exp(-0.5 * z * z) / ROOT_2PI


@inlined
def score(u):
    """Return the standard normal quantile of u in (0, 1)."""
    at = u * STEPS
    k = int(at)
    if k < EDGE or k >= STEPS - EDGE:
        return _tail(u) if u < 0.5 else -_tail(1.0 - u)
    return SCORES[k] + (at - k) * (SCORES[k + 1] - SCORES[k])


@compiled
def _tail(u):
    """Lower tail by Acklam's rational approximation and one step of Halley's method."""
    q = math.sqrt(-2.0 * math.log(u))
    c = -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734
    top = (((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + 4.374664141464968
    d = 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416
    z = (top * q + 2.938163982698783) / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1.0)
    error = (cdf(z) - u) * ROOT_2PI * math.exp(0.5 * z * z)
    return z - error / (1.0 + 0.5 * z * error)
