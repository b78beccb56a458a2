"""Proportional odds of two groups, many tables of ordered categories at once.

Here: maximum likelihood by Newton's method from counts, Wald's test. Not here: events of two
categories (`tables`), ranks (`ranks`). McCullagh 1980.

log odds of more than category k = effect (first group) - cut_k. Categories that nobody chose are
left out: the likelihood does not know them.
"""

# mypy: disable-error-code="no-untyped-def"

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched.compiled import compiled
from classical.batched.status import CONSTANT, EMPTY_GROUP, NOT_FOUND, OK, SEPARATION

FloatArray = NDArray[np.float64]
_STEPS, _CLOSE, _FAR = 60, 1e-10, 20.0


@dataclass(frozen=True)
class CommonOdds:
    """Log of the odds ratio common to all cuts, of R tables, arrays (R,); NaN where it failed.

    `estimate` above 0: the first group chose higher categories. `se` and two-sided `p` are Wald's.
    """

    estimate: FloatArray
    se: FloatArray
    p: FloatArray
    status: NDArray[np.int8]


def proportional_odds(first: ArrayLike, second: ArrayLike) -> CommonOdds:
    """Compare two groups' ordered categories.

    Parameters
    ----------
    first, second
        Counts by category, the lowest first, shape (R, categories).

    Raises
    ------
    ValueError
        If shapes disagree or a count is negative.
    """
    from scipy.special import ndtr

    a, b = (np.ascontiguousarray(n, dtype=float) for n in (first, second))
    if a.ndim != 2 or a.shape != b.shape or a.shape[1] < 2:
        raise ValueError("both groups are (tables, categories) of the same categories, two or more")
    if not ((a >= 0).all() and (b >= 0).all()):
        raise ValueError("counts are 0 or more.")
    numbers, status = np.full((len(a), 2), np.nan), np.zeros(len(a), dtype=np.int8)
    _fit_all(a, b, numbers, status)
    estimate, se = numbers.T
    return CommonOdds(estimate, se, np.asarray(2 * ndtr(-np.abs(estimate / se))), status)


@compiled
def _fit_all(first, second, numbers, status):
    categories = first.shape[1]
    counts = np.empty((2, categories))
    for r in range(len(first)):
        used = 0
        for k in range(categories):
            if first[r, k] + second[r, k] > 0.0:
                counts[0, used], counts[1, used] = first[r, k], second[r, k]
                used += 1
        status[r] = _fit_one(counts[:, :used], numbers[r])
        if status[r] != OK:
            numbers[r] = np.nan


@compiled
def _fit_one(counts, numbers):
    total = counts[0].sum() + counts[1].sum()
    if counts[0].sum() == 0.0 or counts[1].sum() == 0.0:
        return EMPTY_GROUP
    n_cuts = counts.shape[1] - 1
    if n_cuts == 0:
        return CONSTANT
    at, new = np.zeros(n_cuts + 1), np.zeros(n_cuts + 1)  # cuts, then the effect
    below = 0.0
    for k in range(n_cuts):
        below += counts[0, k] + counts[1, k]
        at[k] = np.log(below / (total - below))
    score, information = np.empty(n_cuts + 1), np.empty((n_cuts + 1, n_cuts + 1))
    height = _likelihood(counts, at, score, information)
    for _ in range(_STEPS):
        step = np.linalg.solve(information, score)
        share = 1.0
        while share > 1e-8:
            new[:] = at + share * step
            risen = _likelihood(counts, new, score, information)
            if risen >= height - 1e-12 * abs(height):
                break
            share *= 0.5
        at[:], height = new, risen
        if abs(at[n_cuts]) > _FAR:
            return SEPARATION
        if np.abs(step).max() < _CLOSE:
            unit = np.zeros(n_cuts + 1)
            unit[n_cuts] = 1.0
            numbers[0] = at[n_cuts]
            numbers[1] = np.sqrt(np.linalg.solve(information, unit)[n_cuts])
            return OK if numbers[1] < _FAR else SEPARATION
    return NOT_FOUND


@compiled
def _likelihood(counts, at, score, information):
    """Log likelihood, its gradient and the observed information; -inf where cuts cross."""
    n_cuts = len(at) - 1
    score[:] = 0.0
    information[:] = 0.0
    total = 0.0
    for which in range(2):
        effect = at[n_cuts] if which == 0 else 0.0
        below, density, bend = 0.0, 0.0, 0.0
        for k in range(n_cuts + 1):
            if k < n_cuts:
                upto = 1.0 / (1.0 + np.exp(effect - at[k]))
                slope = upto * (1.0 - upto)
                curve = slope * (1.0 - 2.0 * upto)
            else:
                upto, slope, curve = 1.0, 0.0, 0.0
            chance = upto - below
            if not chance > 0.0:
                return -np.inf
            n = counts[which, k]
            if n > 0.0:
                total += n * np.log(chance)
                _add(
                    n, k, n_cuts, which, chance, (slope, curve), (density, bend), score, information
                )
            below, density, bend = upto, slope, curve
    return total


@compiled
def _add(n, k, n_cuts, which, chance, upper, lower, score, information):
    """Add a category's count: derivatives of log(F(upper cut) - F(lower cut))."""
    index = np.array([k, k - 1, n_cuts])
    first = np.array([upper[0], -lower[0], lower[0] - upper[0]])
    second = np.zeros((3, 3))
    second[0, 0], second[1, 1] = upper[1], -lower[1]
    second[2, 2] = upper[1] - lower[1]
    second[0, 2] = second[2, 0] = -upper[1]
    second[1, 2] = second[2, 1] = lower[1]
    for a in range(3):
        if (a == 0 and k == n_cuts) or (a == 1 and k == 0) or (a == 2 and which == 1):
            continue
        score[index[a]] += n * first[a] / chance
        for b in range(3):
            if (b == 0 and k == n_cuts) or (b == 1 and k == 0) or (b == 2 and which == 1):
                continue
            bent = second[a, b] / chance - first[a] * first[b] / chance**2
            information[index[a], index[b]] -= n * bent
