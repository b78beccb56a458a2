"""Two variables together: Spearman, simple regression with band, correlation within patients.

Here: numbers from arrays. Not here: which variables (`tables/`), smooths over sessions
(`smooth.py`), comparisons of groups (`ranks.py`, `means.py`).
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.ranks import FloatArray, finite, midranks, tie_sum

# AS 89, Best and Roberts 1975: Edgeworth coefficients of Spearman's S.
EDGEWORTH = (
    0.2274, 0.2531, 0.1745, 0.0758, 0.1033, 0.3932, 0.0879, 0.0151, 0.0072, 0.0831, 0.0131, 4.6e-4,
)  # fmt: skip
SMALL = 9  # up to here all orders are counted


@dataclass(frozen=True)
class Correlation:
    """A correlation; NaN where not estimable.

    Attributes
    ----------
    estimate, se, lo, hi
        Coefficient, standard error and limits from Fisher's z (Bonett and Wright 2000 for ranks).
    df
        Degrees of freedom of p.
    p, p_exact
        Two-sided, by the t approximation; from the exact distribution, NaN where not computed.
    n
        Pairs used.
    status
        'ok' or 'not_estimable: <cause>'.
    """

    estimate: float
    se: float
    lo: float
    hi: float
    df: float
    p: float
    p_exact: float
    n: int
    status: str


@dataclass(frozen=True)
class Line:
    """Least-squares line; NaN where not estimable.

    Attributes
    ----------
    estimate, se, lo, hi, p
        Intercept and slope, shape (2,) each.
    df
        Residual degrees of freedom.
    r_squared
        Share of the variance on the line.
    band
        Mean and its limits at the asked points, shape (points, 3).
    status
        'ok' or 'not_estimable: <cause>'.
    """

    estimate: FloatArray
    se: FloatArray
    lo: FloatArray
    hi: FloatArray
    p: FloatArray
    df: float
    r_squared: float
    band: FloatArray
    status: str


def spearman(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Correlation:
    """Correlate ranks, as R's `cor.test(method = "spearman")`.

    p is the t approximation, R's choice with ties and what the study prints. p_exact, without
    ties, counts all orders up to 9 pairs and takes Edgeworth series beyond (AS 89); with ties it
    is NaN, since every pattern of ties has a distribution of its own.

    Raises
    ------
    ValueError
        If a value is not finite or the lengths differ.
    """
    first, second = finite(a), finite(b)
    n = len(first)
    if n != len(second):
        raise ValueError("spearman needs pairs: both lists have the same length.")
    if n < 4:
        return _none("fewer than four pairs", n)
    x, y = midranks(first), midranks(second)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return _none("one variable is constant", n)
    a_rank, b_rank = x - (n + 1) / 2, y - (n + 1) / 2  # exact in binary: 1 is 1
    rho = float(a_rank @ b_rank / np.sqrt((a_rank @ a_rank) * (b_rank @ b_rank)))
    tied = tie_sum(x) > 0 or tie_sum(y) > 0
    exact = np.nan if tied else spearman_exact_p(float(((x - y) ** 2).sum()), n)
    error = float(np.sqrt((1 + rho**2 / 2) / (n - 3)))
    se, lo, hi = _fisher_z(rho, error, level)
    return Correlation(rho, se, lo, hi, n - 2, correlation_p(rho, n - 2), exact, n, "ok")


def correlation_p(r: float, df: float) -> float:
    """Return the two-sided p of a correlation by Student's t with df degrees of freedom."""
    from scipy.stats import t as student

    if abs(r) >= 1:
        return 0.0
    return float(2 * student.sf(abs(r) * np.sqrt(df / (1 - r**2)), df))


def spearman_exact_p(s: float, n: int) -> float:
    """Return R's exact two-sided p of S, the sum of squared rank differences without ties."""
    if s > (n**3 - n) / 6:
        tail = _spearman_tail(round(s - 1), n, upper=True)
    else:
        tail = _spearman_tail(round(s) + 2, n, upper=False)
    return min(2 * tail, 1.0)


def within_patients(
    a: ArrayLike, b: ArrayLike, patient: ArrayLike, *, level: float = 0.95
) -> Correlation:
    """Correlate a and b within patients (repeated measures, Bland and Altman 1995).

    Patients' own means are taken out of both, so that differences between patients do not count;
    df = observations - patients - 1. Patients with one observation are left out.

    Raises
    ------
    ValueError
        If a value is not finite or the lengths differ.
    """
    first, second, ids = finite(a), finite(b), np.asarray(patient)
    if not len(first) == len(second) == len(ids):
        raise ValueError("a, b and patient need the same length.")
    _, group, size = np.unique(ids, return_inverse=True, return_counts=True)
    keep = size[group] > 1
    _, group = np.unique(group[keep], return_inverse=True)
    n, m = int(keep.sum()), int(group.max(initial=-1)) + 1
    df = n - m - 1
    if df < 2:
        return _none("too few patients with two observations", n)
    x, y = _within(first[keep], group), _within(second[keep], group)
    if x @ x <= 1e-20 or y @ y <= 1e-20:
        return _none("one variable does not vary within patients", n)
    r = float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1, 1))
    se, lo, hi = _fisher_z(r, (df - 1) ** -0.5, level)
    return Correlation(r, se, lo, hi, df, correlation_p(r, df), np.nan, n, "ok")


def line(x: ArrayLike, y: ArrayLike, at: ArrayLike, *, level: float = 0.95) -> Line:
    """Fit y = intercept + slope x by least squares, with the confidence band of the mean.

    Raises
    ------
    ValueError
        If a value is not finite or the lengths differ.
    """
    from scipy.stats import t as student

    a, b, points = finite(x), finite(y), finite(at)
    if len(a) != len(b):
        raise ValueError("line needs pairs: both lists have the same length.")
    if len(a) < 3 or np.ptp(a) == 0:
        cause = "fewer than three pairs" if len(a) < 3 else "x does not vary"
        return _no_line(cause, len(points))
    df = len(a) - 2
    spread = ((a - a.mean()) ** 2).sum()
    slope = ((a - a.mean()) @ b) / spread
    estimate = np.array([b.mean() - slope * a.mean(), slope])
    left = b - estimate[0] - slope * a
    if left @ left <= 1e-20 * (b @ b):
        return _no_line("y does not vary about the line", len(points))
    variance = left @ left / df
    se = np.sqrt(variance * np.array([1 / len(a) + a.mean() ** 2 / spread, 1 / spread]))
    t = student.ppf(0.5 + level / 2, df)
    p = 2 * student.sf(np.abs(estimate / se), df)
    total = ((b - b.mean()) ** 2).sum()
    mean = estimate[0] + slope * points
    half = t * np.sqrt(variance * (1 / len(a) + (points - a.mean()) ** 2 / spread))
    band = np.column_stack([mean, mean - half, mean + half])
    r_squared = float(1 - left @ left / total)
    return Line(estimate, se, estimate - t * se, estimate + t * se, p, df, r_squared, band, "ok")


@cache
def _all_sums(n: int) -> FloatArray:
    order = np.arange(n)
    return np.array([((order - np.array(p)) ** 2).sum() for p in permutations(range(n))])


def _spearman_tail(s: int, n: int, *, upper: bool) -> float:
    """P(S >= s), or its complement, as R's `prho`: AS 89."""
    from scipy.stats import norm

    if s <= 0 or s > (n**3 - n) / 3:
        return float((s <= 0) == upper)
    if n <= SMALL:
        above = float((_all_sums(n) >= s).mean())
        return above if upper else 1 - above
    c = EDGEWORTH
    b = 1 / n
    x = (6 * (s - 1) * b / (n**2 - 1) - 1) * np.sqrt(1 / b - 1)
    y = x * x
    u = x * b * (
        c[0] + b * (c[1] + c[2] * b)
        + y * (-c[3] + b * (c[4] + c[5] * b)
        - y * b * (c[6] + c[7] * b - y * (c[8] - c[9] * b + y * b * (c[10] - c[11] * y))))
    )  # fmt: skip
    correction = u / np.exp(y / 2)
    tail = norm.sf(x) + correction if upper else norm.cdf(x) - correction
    return float(np.clip(tail, 0, 1))


def _within(values: FloatArray, group: NDArray[np.intp]) -> FloatArray:
    return np.asarray(values - (np.bincount(group, values) / np.bincount(group))[group])


def _fisher_z(r: float, error: float, level: float) -> tuple[float, float, float]:
    """Return standard error and limits of r whose z has this error."""
    from scipy.stats import norm

    if abs(r) >= 1:
        return 0.0, r, r
    half = norm.ppf(0.5 + level / 2) * error
    z = np.arctanh(r)
    return float(error * (1 - r**2)), float(np.tanh(z - half)), float(np.tanh(z + half))


def _no_line(cause: str, points: int) -> Line:
    nan = np.full(2, np.nan)
    empty = np.full((points, 3), np.nan)
    return Line(nan, nan, nan, nan, nan, np.nan, np.nan, empty, f"not_estimable: {cause}")


def _none(cause: str, n: int) -> Correlation:
    nan = np.nan
    return Correlation(nan, nan, nan, nan, nan, nan, nan, n, f"not_estimable: {cause}")
