"""Rank sum and signed rank as R computes them.

Here: statistics, normal approximations with R's continuity and tie corrections, and exact
permutation distributions that also hold with ties. Not here: the shift and its interval
(`shifts.py`), which groups are compared (`tables/`).

Why not scipy's: `scipy.stats.wilcoxon` reports the smaller rank sum where R reports V, and corrects
for continuity only when asked; `mannwhitneyu` has no exact distribution with ties. Conventions
here are those of R's `wilcox.test`, and named in `method`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
EXACT_UP_TO = 100  # values in all: beyond, the permutation of midranks is not counted out
EXACT_BELOW = 50  # R's wilcox.test: exact below 50 values without ties (and zeros)


@dataclass(frozen=True)
class RankTest:
    """Outcome of a rank test; NaN where not estimable.

    Attributes
    ----------
    statistic
        R's W (rank sum) or V (signed rank).
    null_sd
        Standard deviation of the statistic if nothing differs.
    p, p_exact
        Two-sided, by R's choice of method; and from the exact permutation distribution, NaN
        where that is not computed (more than 100 values in two groups).
    n
        Values, or pairs that differ.
    n_zero
        Pairs without a difference (signed rank), else 0.
    method, status
        How p was computed; 'ok' or 'not_estimable: <cause>'.
    """

    statistic: float
    null_sd: float
    p: float
    p_exact: float
    n: int
    n_zero: int
    method: str
    status: str


def rank_sum(a: ArrayLike, b: ArrayLike, *, correct: bool = True) -> RankTest:
    """Compare two independent groups (Wilcoxon, Mann-Whitney), as R's `wilcox.test(a, b)`.

    Parameters
    ----------
    a, b
        Values of each group, finite.
    correct
        Continuity correction of the normal approximation.

    Returns
    -------
    RankTest
        statistic: W, the pairs in which a exceeds b, ties counted half. p: exact below 50 values a
        group without ties, else normal with tie correction. p_exact: permutation of midranks.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    first, second = finite(a), finite(b)
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        return _no_test("rank sum", n + m, 0, "one group has no values")
    ranks = midranks(np.concatenate([first, second]))
    w = float(ranks[:n].sum() - n * (n + 1) / 2)
    ties = tie_sum(ranks)
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return _no_test("rank sum", n + m, 0, "all values are equal")
    exact = np.nan
    if n + m <= EXACT_UP_TO:
        exact = _two_sided(subset_sums(ranks, n), float(ranks[:n].sum()))
    if ties == 0 and max(n, m) < EXACT_BELOW:
        method, p = "rank sum, exact", exact
    else:
        method, p = _normal("rank sum", w - n * m / 2, variance, correct)
    return RankTest(w, float(np.sqrt(variance)), p, exact, n + m, 0, method, "ok")


def signed_rank(differences: ArrayLike, *, correct: bool = True) -> RankTest:
    """Test paired differences for symmetry about 0, as R's `wilcox.test(paired = TRUE)`.

    Zeros are dropped before ranking (Wilcoxon, R), not ranked (Pratt) nor split; ties get midranks.

    Parameters
    ----------
    differences
        First minus second, finite.
    correct
        Continuity correction of the normal approximation.

    Returns
    -------
    RankTest
        statistic: V, the sum of ranks of positive differences. p: exact below 50 pairs without
        zeros and ties, else normal with tie correction. p_exact: all signs of the midranks.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    all_pairs = finite(differences)
    known = all_pairs[all_pairs != 0]
    n, zeros = len(known), len(all_pairs) - len(known)
    if n == 0:
        cause = "no pairs" if not zeros else "no pair differs"
        return _no_test("signed rank", 0, zeros, cause)
    ranks = midranks(np.abs(known))
    v = float(ranks[known > 0].sum())
    ties = tie_sum(ranks)
    variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
    exact = _two_sided(sign_sums(ranks), v)
    if ties == 0 and zeros == 0 and n < EXACT_BELOW:
        method, p = "signed rank, exact", exact
    else:
        centre = v - n * (n + 1) / 4
        method, p = _normal("signed rank, zeros dropped", centre, variance, correct)
    return RankTest(v, float(np.sqrt(variance)), p, exact, n, zeros, method, "ok")


def finite(values: ArrayLike) -> FloatArray:
    """Return values as floats; ValueError if one is missing or infinite."""
    found = np.asarray(values, dtype=float)
    if not np.isfinite(found).all():
        raise ValueError("ranks need finite values: drop and count missing ones first.")
    return found


def midranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1, ties sharing their mean."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=float)


def tie_sum(ranks: FloatArray) -> float:
    """Sum of t^3 - t over groups of t equal ranks."""
    sizes = np.unique(ranks, return_counts=True)[1].astype(float)
    return float((sizes**3 - sizes).sum())


def _normal(name: str, centre: float, variance: float, correct: bool) -> tuple[str, float]:
    from scipy.stats import norm

    distance = max(abs(centre) - 0.5, 0.0) if correct else abs(centre)
    text = "normal approximation" + (" with continuity correction" if correct else "")
    p = min(float(2 * norm.sf(distance / np.sqrt(variance))), 1.0)
    return f"{name}, {text}", p


def subset_sums(ranks: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """How probable each sum of `size` ranks is, every choice being equally so."""
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.zeros((size + 1, int(doubled.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        chosen = np.zeros_like(ways)
        chosen[1:, rank:] = ways[:-1, : ways.shape[1] - rank]
        ways = (ways + chosen) / 2  # halved at every step: no count overflows
    return _as_mass(ways[size])


def sign_sums(ranks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How probable each sum of positive ranks is, every sign being equally so."""
    doubled = np.rint(2 * ranks).astype(int)
    mass = np.zeros(int(doubled.sum()) + 1)
    mass[0] = 1.0
    for rank in doubled:
        moved = np.zeros_like(mass)
        moved[rank:] = mass[: len(mass) - rank]
        mass = (mass + moved) / 2
    return _as_mass(mass)


def _as_mass(weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rank sums that can occur and their probabilities."""
    at = np.flatnonzero(weights)
    return at / 2, weights[at] / weights[at].sum()


def _two_sided(mass: tuple[FloatArray, FloatArray], observed: float) -> float:
    """Probability of a sum at least as far from its mean as the observed one (as coin)."""
    sums, weights = mass
    centre = float(sums @ weights)
    far = np.abs(sums - centre) >= abs(observed - centre) - 1e-7
    return float(min(1.0, weights[far].sum()))


def _no_test(name: str, n: int, zeros: int, cause: str) -> RankTest:
    nan = np.nan
    return RankTest(nan, nan, nan, nan, n, zeros, name, f"not_estimable: {cause}")
