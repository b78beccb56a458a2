"""Wilcoxon's rank sum and signed rank tests of many data sets at once, by R's conventions.

Here: R's W and V and the p value that `wilcox.test` gives by default: exact below 50 values without
ties (and zeros), else normal with continuity and tie correction; zeros are dropped before ranking.
Not here: one data set, its shift and interval.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched.compiled import compiled
from classical.batched.status import (
    CONSTANT,
    EMPTY_GROUP,
    INFINITE,
    NO_OBSERVATIONS,
    OK,
)

FloatArray = NDArray[np.float64]
EXACT_BELOW = 50


@dataclass(frozen=True)
class RankTests:
    """Rank tests of R data sets, each array (R,); NaN where `status` says failed.

    Attributes
    ----------
    statistic
        R's W or V.
    p
        Two-sided.
    is_exact
        Whether p is exact; else it is the corrected normal one.
    status
        Numbers of `classical.batched.status`.
    """

    statistic: FloatArray
    p: FloatArray
    is_exact: NDArray[np.bool_]
    status: NDArray[np.int8]


def rank_sum(a: ArrayLike, b: ArrayLike) -> RankTests:
    """Compare two independent groups in each of R data sets, as R's `wilcox.test(a, b)`.

    Parameters
    ----------
    a, b
        Shapes (R, n) and (R, m), NaN for missing.

    Raises
    ------
    ValueError
        If the shapes do not hold the same number of data sets.
    """
    first, second = _two_dimensional(a), _two_dimensional(b)
    if len(first) != len(second):
        raise ValueError("both groups need one row a data set.")
    sizes, numbers, status = _rank_sums(first, second)
    n, m = sizes.T
    statistic, ties = numbers.T
    total = n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
        z = _corrected(statistic - n * m / 2) / np.sqrt(variance)
    exact = (ties == 0) & (np.maximum(n, m) < EXACT_BELOW) & (status == OK)
    return _tests(statistic, z, exact, status, np.sort(sizes, axis=1), null_rank_sum)


def signed_rank(differences: ArrayLike) -> RankTests:
    """Test paired differences in each of R data sets, as R's `wilcox.test(paired = TRUE)`.

    Parameters
    ----------
    differences
        Shape (R, pairs), NaN for missing. Zeros are dropped before ranking.
    """
    sizes, numbers, status = _signed_ranks(_two_dimensional(differences))
    n, zeros = sizes.T
    statistic, ties = numbers.T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
        z = _corrected(statistic - n * (n + 1) / 4) / np.sqrt(variance)
    exact = (ties == 0) & (zeros == 0) & (n < EXACT_BELOW) & (status == OK)
    return _tests(statistic, z, exact, status, n[:, None], null_signed_rank)


@lru_cache(maxsize=4096)
def null_rank_sum(n: int, m: int) -> FloatArray:
    """P(W <= w), w = 0 ... n m, if nothing differs: coefficients of a Gaussian binomial."""
    ways = np.zeros(n * m + 1)
    ways[0] = 1
    for k in range(1, n + 1):  # times (1 - q^(m + k)) / (1 - q^k)
        if m + k <= n * m:
            ways[m + k :] -= ways[: -(m + k)].copy()
        for start in range(k):
            ways[start::k] = np.cumsum(ways[start::k])
    return np.asarray(np.cumsum(ways) / ways.sum(), dtype=float)


@lru_cache(maxsize=EXACT_BELOW)
def null_signed_rank(n: int) -> FloatArray:
    """P(V <= v), v = 0 ... n (n + 1) / 2, if nothing differs."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1
    for k in range(1, n + 1):
        ways[k:] += ways[:-k].copy()
    return np.asarray(np.cumsum(ways) / ways.sum(), dtype=float)


def _two_dimensional(values: ArrayLike) -> FloatArray:
    array = np.ascontiguousarray(values, dtype=float)
    if array.ndim != 2:
        raise ValueError("values are (data sets, patients).")
    return array


def _corrected(distance: FloatArray) -> FloatArray:
    return np.asarray(distance - 0.5 * np.sign(distance), dtype=float)


def _tests(statistic, z, exact, status, sizes, null):  # type: ignore[no-untyped-def]
    """Two-sided p values: normal, and from the exact distribution of each size where that holds."""
    from scipy.special import ndtr

    usable = status == OK
    p = np.where(usable, np.minimum(1.0, 2 * ndtr(-np.abs(z))), np.nan)
    for size in np.unique(sizes[exact], axis=0):
        chosen = exact & (sizes == size).all(axis=1)
        below = null(*map(int, size))
        at = statistic[chosen].astype(int)
        # both null distributions are symmetric
        p[chosen] = np.minimum(1.0, 2 * below[np.minimum(at, len(below) - 1 - at)])
    return RankTests(np.where(usable, statistic, np.nan), p, exact, status)


@compiled
def _midranks(values):  # type: ignore[no-untyped-def]
    """Ranks, ties sharing the mean of theirs, and the sum of t^3 - t over ties."""
    order = np.argsort(values)
    ranks, ties = np.empty(len(values)), 0.0
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[order[end]] == values[order[start]]:
            end += 1
        for k in range(start, end):
            ranks[order[k]] = 0.5 * (start + end + 1)
        size = float(end - start)
        ties += size**3 - size
        start = end
    return ranks, ties


@compiled
def _rank_sums(first, second):  # type: ignore[no-untyped-def]
    """Sizes (R, 2), (W, ties) and status of each data set."""
    sizes, numbers = np.zeros((len(first), 2)), np.full((len(first), 2), np.nan)
    status = np.zeros(len(first), dtype=np.int8)
    for r in range(len(first)):
        a, b = first[r][~np.isnan(first[r])], second[r][~np.isnan(second[r])]
        n, m = len(a), len(b)
        if n == 0 or m == 0:
            status[r] = EMPTY_GROUP
            continue
        values = np.concatenate((a, b))
        if np.isinf(values).any():
            status[r] = INFINITE
            continue
        if values.min() == values.max():
            status[r] = CONSTANT
            continue
        ranks, ties = _midranks(values)
        sizes[r, 0], sizes[r, 1] = n, m
        numbers[r, 0], numbers[r, 1] = ranks[:n].sum() - n * (n + 1) / 2, ties
    return sizes, numbers, status


@compiled
def _signed_ranks(differences):  # type: ignore[no-untyped-def]
    """Sizes (n, zeros), (V, ties) and status of each data set."""
    rows = len(differences)
    sizes, numbers = np.zeros((rows, 2)), np.full((rows, 2), np.nan)
    status = np.zeros(rows, dtype=np.int8)
    for r in range(rows):
        known = differences[r][~np.isnan(differences[r])]
        if len(known) == 0:
            status[r] = NO_OBSERVATIONS
            continue
        if np.isinf(known).any():
            status[r] = INFINITE
            continue
        values = known[known != 0.0]
        if len(values) == 0:
            status[r] = CONSTANT
            continue
        ranks, ties = _midranks(np.abs(values))
        sizes[r, 0], sizes[r, 1] = len(values), len(known) - len(values)
        numbers[r, 0], numbers[r, 1] = ranks[values > 0.0].sum(), ties
    return sizes, numbers, status
