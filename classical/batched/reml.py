"""Kernels of the random-intercept model: sums of a data set, REML optimum, Satterthwaite.

With V = I + ratio * J in each patient, ratio = tau^2 / sigma^2, and z = (x, y) a row of design and
outcome, everything that REML needs is one small matrix

    M(ratio) = W + sum over cluster sizes n of B_n / (n (1 + n ratio)),

W the cross products of z within patients and B_n = sum of (sum z)(sum z)' over the patients with n
observations. Sweeping M on the columns of x gives the inverse information, beta and the residual
sum of squares at once; the derivatives of M in the ratio are sums over cluster sizes too. A fit
therefore costs the same for 20 patients as for 2,000 once the sums are there.

Sources: Bates et al. 2015 (profiled REML); Goodnight 1979 (sweep); Kuznetsova et al. 2017
(Satterthwaite). Equal to `classical.mixed`, which solves the same problem without these sums.
"""

import numpy as np

from classical.batched.compiled import compiled
from classical.batched.status import BOUNDARY, NOT_FOUND, OK
from classical.batched.sums import mirror

# Intraclass correlations between which the score is searched for a change of sign: dense enough
# that two optima of unbalanced data are told apart (tests hold it to the finer grid of `mixed`).
_CORRELATION = np.array(
    [0.0, 1e-3, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97, 0.999, 1 - 1e-5, 1 - 1e-10]
)
GRID = _CORRELATION / (1 - _CORRELATION)


@compiled
def fit_sums(within, between, count, work, estimate, se, df, scalars):  # type: ignore[no-untyped-def]
    """Fit one data set from its sums; fill the results and return the status.

    `work` (3, q, q) is scratch and afterwards holds M swept and M's derivatives at the optimum.
    Filled: `estimate`, `se`, `df` (p,) and `scalars` (sigma, tau, criterion, ratio).
    """
    p = len(estimate)
    ratio = _optimum(within, between, count, work)
    if np.isnan(ratio):
        return NOT_FOUND
    determinant = _profile(within, between, count, ratio, work)
    swept = work[0]
    left = _rows(count) - p
    variance = swept[p, p] / left
    scalars[0] = np.sqrt(variance)
    scalars[1] = np.sqrt(variance * ratio)
    scalars[2] = _criterion(swept, count, ratio, determinant)
    scalars[3] = ratio
    for j in range(p):
        estimate[j] = swept[j, p]
        se[j] = np.sqrt(-variance * swept[j, j])
        df[j] = left
    if ratio == 0.0:
        return BOUNDARY
    _satterthwaite(between, count, ratio, work, df)
    return OK


@compiled
def _rows(count):  # type: ignore[no-untyped-def]
    rows = 0
    for n in range(1, len(count)):
        rows += n * count[n]
    return rows


@compiled
def _profile(within, between, count, ratio, work):  # type: ignore[no-untyped-def]
    """Put M, swept, and its first derivative into `work`; return the information's determinant."""
    swept, first = work[0], work[1]
    q = len(within)
    for a in range(q):
        for b in range(a + 1):
            swept[a, b], first[a, b] = within[a, b], 0.0
    for n in range(1, len(count)):
        if count[n]:
            inner = 1.0 / (1.0 + n * ratio)
            weight, slope = inner / n, -inner * inner
            for a in range(q):
                for b in range(a + 1):
                    swept[a, b] += weight * between[n, a, b]
                    first[a, b] += slope * between[n, a, b]
    mirror(swept)
    mirror(first)
    return sweep(swept)


@compiled
def sweep(swept):  # type: ignore[no-untyped-def]
    """Sweep all columns but the last, in place; return the product of the pivots."""
    q = len(swept)
    determinant = 1.0
    for k in range(q - 1):
        pivot = swept[k, k]
        determinant *= pivot
        share = 1.0 / pivot
        for i in range(q):
            if i != k:
                factor = swept[i, k] * share
                for j in range(q):
                    if j != k:
                        swept[i, j] -= factor * swept[k, j]
        for i in range(q):
            swept[i, k] *= share
            swept[k, i] = swept[i, k]
        swept[k, k] = -share
    return determinant


@compiled
def trace(swept, matrix):  # type: ignore[no-untyped-def]
    """Trace of the inverse information times a symmetric matrix."""
    total = 0.0
    for a in range(len(swept) - 1):
        for b in range(len(swept) - 1):
            total -= swept[a, b] * matrix[a, b]
    return total


@compiled
def form(swept, matrix):  # type: ignore[no-untyped-def]
    """Quadratic form of a matrix in (-beta, 1)."""
    p = len(swept) - 1
    total = matrix[p, p]
    for a in range(p):
        total -= 2.0 * swept[a, p] * matrix[a, p]
        for b in range(p):
            total += swept[a, p] * swept[b, p] * matrix[a, b]
    return total


@compiled
def _criterion(swept, count, ratio, determinant):  # type: ignore[no-untyped-def]
    """-2 restricted log likelihood with sigma and beta profiled out."""
    p = len(swept) - 1
    left = _rows(count) - p
    total = left * (1.0 + np.log(2.0 * np.pi * swept[p, p] / left)) + np.log(determinant)
    for n in range(1, len(count)):
        total += count[n] * np.log1p(n * ratio)
    return total


@compiled
def _score(count, ratio, work):  # type: ignore[no-untyped-def]
    """Derivative of the criterion in the ratio, after `_profile` at that ratio."""
    swept, first = work[0], work[1]
    p = len(swept) - 1
    total = trace(swept, first)
    total += (_rows(count) - p) * form(swept, first) / swept[p, p]
    for n in range(1, len(count)):
        total += count[n] * n / (1.0 + n * ratio)
    return total


@compiled
def _second(between, count, ratio, work):  # type: ignore[no-untyped-def]
    """Second derivatives in the ratio: of the log determinants, and of the residual sum."""
    swept, first, second = work[0], work[1], work[2]
    p = len(swept) - 1
    second[:] = 0.0
    determinants = 0.0
    for n in range(1, len(count)):
        if count[n]:
            inner = 1.0 / (1.0 + n * ratio)
            determinants -= count[n] * (n * inner) ** 2
            bend = 2.0 * n * inner**3
            for a in range(p + 1):
                for b in range(a + 1):
                    second[a, b] += bend * between[n, a, b]
    mirror(second)
    determinants += trace(swept, second)
    residual = form(swept, second)
    for a in range(p):
        pull_a = _pull(swept, first, a)
        for b in range(p):
            residual += 2.0 * swept[a, b] * pull_a * _pull(swept, first, b)
            turned_ab, turned_ba = 0.0, 0.0
            for c in range(p):
                turned_ab -= swept[a, c] * first[c, b]
                turned_ba -= swept[b, c] * first[c, a]
            determinants -= turned_ab * turned_ba
    return determinants, residual


@compiled
def _pull(swept, first, a):  # type: ignore[no-untyped-def]
    """Element a of the first derivative of M times (-beta, 1)."""
    p = len(swept) - 1
    total = first[a, p]
    for b in range(p):
        total -= first[a, b] * swept[b, p]
    return total


@compiled
def _optimum(within, between, count, work):  # type: ignore[no-untyped-def]
    """Return the ratio of the lowest criterion: a root of the score, or 0; NaN if none is found."""
    best, lowest = np.nan, np.inf
    below = np.nan
    for k in range(len(GRID)):
        determinant = _profile(within, between, count, GRID[k], work)
        score = _score(count, GRID[k], work)
        if k == 0 and score >= 0.0:
            best, lowest = 0.0, _criterion(work[0], count, 0.0, determinant)
        if below < 0.0 and score >= 0.0:
            ends = (GRID[k - 1], below, GRID[k], score)
            ratio = _root(within, between, count, work, ends)
            determinant = _profile(within, between, count, ratio, work)
            height = _criterion(work[0], count, ratio, determinant)
            if height < lowest:
                best, lowest = ratio, height
        below = score
    return best


@compiled
def _root(within, between, count, work, ends):  # type: ignore[no-untyped-def]
    """Newton's method on the score, inside a bracket where it changes from below 0 to above."""
    left = _rows(count) - (len(within) - 1)
    low, below, high, above = ends
    ratio = low + (high - low) * below / (below - above)
    for _ in range(200):
        _profile(within, between, count, ratio, work)
        score = _score(count, ratio, work)
        if score < 0.0:
            low = ratio
        else:
            high = ratio
        determinants, residual = _second(between, count, ratio, work)
        rss = work[0][-1, -1]
        change = form(work[0], work[1]) / rss
        curvature = determinants + left * (residual / rss - change * change)
        target = ratio - score / curvature
        if not (curvature > 0.0 and low <= target <= high):
            target = 0.5 * (low + high)
        # Newton's error is squared each time
        if abs(target - ratio) <= 1e-8 * ratio or high - low <= 1e-15 * high:
            return target
        ratio = target
    return ratio


@compiled
def _satterthwaite(between, count, ratio, work, df):  # type: ignore[no-untyped-def]
    """Fill 2 v^2 / Var(v), v = Var(beta_j), from the exact Hessian in (ratio, sigma^2)."""
    p = len(df)
    swept, first = work[0], work[1]
    determinants, residual = _second(between, count, ratio, work)
    left = _rows(count) - p
    variance = swept[p, p] / left
    h11 = residual / variance + determinants
    h12 = -form(swept, first) / variance**2
    h22 = left / variance**2
    scale = 1.0 / (h11 * h22 - h12 * h12)
    for j in range(p):
        unit = -swept[j, j]
        turned = 0.0
        for a in range(p):
            for b in range(p):
                turned += swept[j, a] * first[a, b] * swept[b, j]
        g1, g2 = -variance * turned, unit
        spread = scale * (h22 * g1 * g1 - 2.0 * h12 * g1 * g2 + h11 * g2 * g2)
        df[j] = (variance * unit) ** 2 / spread
