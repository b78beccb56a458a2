"""Repeated measures of two arms with an unstructured covariance (MMRM), many trials at once.

Here: REML of a mean for every arm and session and one covariance of the sessions, the difference of
the arms at the last session, Satterthwaite. Not here: other covariances (`mixed`, `random_slope`).

Patients are summed up by arm and by which sessions are seen: number, mean, cross products. With
W the inverse covariance of the sessions seen and Phi the covariance of an arm's estimated means,

    S = sum over arms and patterns of  W (n Phi + products about the mean) W - n W

is twice the derivative of the restricted log likelihood in the covariance V, and V + V S V / n is
the next step of the EM algorithm: every step is a covariance and none lowers the likelihood.
Degrees of freedom are 2 v^2 / Var(v), v the variance of the difference, with the observed
information of the covariance, from differences of S. Complete data have n - 2.

Sources: Laird, Lange and Stram 1987 (EM for REML); Jennrich and Schluchter 1986 (score).
"""

# mypy: disable-error-code="no-untyped-def"

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched.compiled import compiled
from classical.batched.mixed import two_sided
from classical.batched.status import DESIGN, NOT_FOUND, OK, TOO_FEW
from classical.batched.sums import mirror

FloatArray = NDArray[np.float64]
MOST_SESSIONS = 16
_STEPS, _CLOSE, _NUDGE = 2_000, 1e-9, 1e-5


@dataclass(frozen=True)
class Differences:
    """Difference at the last session, first arm less second, of R trials; NaN where it failed.

    Attributes
    ----------
    estimate, se, df, p
        Shape (R,); Satterthwaite degrees of freedom, two-sided p of Student's t.
    covariance
        Of the sessions, shape (R, sessions, sessions).
    n_steps
        Of the EM algorithm.
    status
        Numbers of `classical.batched.status`.
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    p: FloatArray
    covariance: FloatArray
    n_steps: NDArray[np.int64]
    status: NDArray[np.int8]


def fit(first: ArrayLike, second: ArrayLike) -> Differences:
    """Fit the model to each of many trials.

    Parameters
    ----------
    first, second
        Outcomes of the arms, shape (R, patients, sessions), NaN for one that is missing; a patient
        without any is left out.

    Returns
    -------
    Differences
        A trial that cannot carry the model has a status that says why; it never raises.

    Raises
    ------
    ValueError
        If shapes disagree or there are more than sixteen sessions.
    """
    a, b = (np.ascontiguousarray(y, dtype=float) for y in (first, second))
    if a.ndim != 3 or b.ndim != 3 or (a.shape[0], a.shape[2]) != (b.shape[0], b.shape[2]):
        raise ValueError("both arms are (data sets, patients, sessions) of the same sets.")
    n, sessions = a.shape[0], a.shape[2]
    if not 1 <= sessions <= MOST_SESSIONS:
        raise ValueError(f"1 to {MOST_SESSIONS} sessions, got {sessions}.")
    numbers, covariance = np.full((n, 3), np.nan), np.full((n, sessions, sessions), np.nan)
    steps, status = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int8)
    _fit_all(a, b, numbers, covariance, steps, status)
    estimate, se, df = numbers.T
    with np.errstate(divide="ignore", invalid="ignore"):
        p = two_sided(estimate / se, df)
    return Differences(estimate, se, df, p, covariance, steps, status)


@compiled
def _fit_all(first, second, numbers, covariance, steps, status):
    for r in range(len(first)):
        status[r], steps[r] = _fit_one(first[r], second[r], numbers[r], covariance[r])
        if status[r] != OK:
            numbers[r] = np.nan
            covariance[r] = np.nan


@compiled
def _fit_one(first, second, numbers, v):
    sessions = first.shape[1]
    rows = len(first) + len(second)
    mask, arm = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    count = np.empty(rows)
    mean, products = np.zeros((rows, sessions)), np.zeros((rows, sessions, sessions))
    groups = _sum_up(first, 0, 0, mask, arm, count, mean, products)
    groups = _sum_up(second, 1, groups, mask, arm, count, mean, products)
    sums = mask[:groups], arm[:groups], count[:groups], mean[:groups], products[:groups]
    found, n = _start(sums, v)
    if found != OK:
        return found, 0
    beta, phi = np.empty((2, sessions)), np.empty((2, sessions, sessions))
    score, step = np.empty((sessions, sessions)), np.empty((sessions, sessions))
    for k in range(1, _STEPS + 1):
        if not _score(sums, v, beta, phi, score):
            return NOT_FOUND, k
        step[:] = v @ score @ v / n
        largest = 0.0
        for a in range(sessions):
            for b in range(sessions):
                share = abs(step[a, b]) / np.sqrt(v[a, a] * v[b, b])
                largest = max(largest, share)
        v += step
        if largest < _CLOSE:
            last = sessions - 1
            if not _score(sums, v, beta, phi, score):
                return NOT_FOUND, k
            numbers[0] = beta[0, last] - beta[1, last]
            variance = phi[0, last, last] + phi[1, last, last]
            numbers[1] = np.sqrt(variance)
            numbers[2] = _freedom(sums, v, variance)
            return (OK if numbers[2] > 0.0 else NOT_FOUND), k
    return NOT_FOUND, _STEPS


@compiled
def _sum_up(outcome, which, groups, mask, arm, count, mean, products):
    """Add the patients of one arm to the sums by pattern; return the number of groups so far."""
    begin = groups
    for i in range(len(outcome)):
        seen = _pattern(outcome[i])
        if seen == 0:
            continue
        g = begin
        while g < groups and mask[g] != seen:
            g += 1
        if g == groups:
            mask[g], arm[g], count[g] = seen, which, 0.0
            groups += 1
        count[g] += 1.0
        _add_patient(outcome[i], 1.0 / count[g], mean[g], products[g])
    for g in range(begin, groups):
        mirror(products[g])
    return groups


@compiled
def _pattern(outcome):
    """Sessions seen, a bit each."""
    seen = 0
    for k in range(len(outcome)):
        if not np.isnan(outcome[k]):
            seen |= 1 << k
    return seen


@compiled
def _add_patient(outcome, share, mean, products):
    """Update mean and cross products (lower triangle) of a pattern; Welford 1962."""
    for a in range(len(outcome)):
        if np.isnan(outcome[a]):
            continue
        off = (outcome[a] - mean[a]) * (1.0 - share)
        for b in range(a + 1):
            if not np.isnan(outcome[b]):
                products[a, b] += off * (outcome[b] - mean[b])
    for a in range(len(outcome)):
        if not np.isnan(outcome[a]):
            mean[a] += (outcome[a] - mean[a]) * share


@compiled
def _start(sums, v):
    """Put variances of the sessions about their arm's mean into v; return status and patients."""
    mask, arm, count, mean, products = sums
    sessions = len(v)
    v[:] = 0.0
    for k in range(sessions):
        square, free = 0.0, 0.0
        for which in range(2):
            n, total = 0.0, 0.0
            for g in range(len(mask)):
                if arm[g] == which and mask[g] >> k & 1:
                    n += count[g]
                    total += count[g] * mean[g, k]
            if n == 0.0:
                return DESIGN, 0.0
            for g in range(len(mask)):
                if arm[g] == which and mask[g] >> k & 1:
                    square += products[g, k, k] + count[g] * (mean[g, k] - total / n) ** 2
            free += n - 1.0
        if not (free > 0.0 and square > 0.0):
            return TOO_FEW, 0.0
        v[k, k] = square / free
    n = count.sum()
    # fewer residual patients than sessions leave directions without any variance
    return (OK if n - 2.0 >= sessions else TOO_FEW), n


@compiled
def _seen(mask, sessions, at):
    """Fill the sessions of a pattern; return how many."""
    m = 0
    for k in range(sessions):
        if mask >> k & 1:
            at[m] = k
            m += 1
    return m


@compiled
def _score(sums, v, beta, phi, score):
    """Fill means, their covariances and the score at v; False where v is no covariance."""
    mask, arm, count, mean, products = sums
    sessions = len(v)
    at = np.empty(sessions, dtype=np.int64)
    inverse = np.zeros((len(mask), sessions, sessions))
    phi[:] = 0.0
    pull = np.zeros((2, sessions))
    for g in range(len(mask)):
        m = _seen(mask[g], sessions, at)
        if not _invert(v, at, m, inverse[g]):
            return False
        for a in range(m):
            for b in range(m):
                w = count[g] * inverse[g, a, b]
                phi[arm[g], at[a], at[b]] += w
                pull[arm[g], at[a]] += w * mean[g, at[b]]
    every = np.arange(sessions)
    spare = np.empty((sessions, sessions))
    for which in range(2):
        if not _invert(phi[which], every, sessions, spare):
            return False
        phi[which] = spare
        beta[which] = spare @ pull[which]
    score[:] = 0.0
    for g in range(len(mask)):
        _add_score(sums, g, inverse[g], beta, phi, at, spare, score)
    return True


@compiled
def _add_score(sums, g, w, beta, phi, at, spare, score):
    """Add one pattern: W (n Phi + products about the mean) W - n W."""
    mask, arm, count, mean, products = sums
    m = _seen(mask[g], len(score), at)
    which, n = arm[g], count[g]
    for a in range(m):
        for b in range(m):
            total = 0.0
            for c in range(m):
                j, k = at[c], at[b]
                off = (mean[g, j] - beta[which, j]) * (mean[g, k] - beta[which, k])
                total += w[a, c] * (products[g, j, k] + n * (off + phi[which, j, k]))
            spare[a, b] = total
    for a in range(m):
        for b in range(m):
            total = -n * w[a, b]
            for c in range(m):
                total += spare[a, c] * w[c, b]
            score[at[a], at[b]] += total


@compiled
def _invert(v, at, m, result):
    """Fill the inverse of the chosen rows and columns of v, by Cholesky; False if not positive."""
    if not _triangle(v, at, m, result):
        return False
    for a in range(m):  # the triangle, inverted in place
        result[a, a] = 1.0 / result[a, a]
        for b in range(a):
            total = 0.0
            for c in range(b, a):
                total += result[a, c] * result[c, b]
            result[a, b] = -total * result[a, a]
    for a in range(m):
        for b in range(a + 1):
            total = 0.0
            for c in range(a, m):
                total += result[c, a] * result[c, b]
            result[b, a] = total  # row b is done with from column b on
    for a in range(m):
        for b in range(a):
            result[a, b] = result[b, a]
    return True


@compiled
def _triangle(v, at, m, result):
    """Fill Cholesky's lower triangle of the chosen rows and columns; False if not positive."""
    for a in range(m):
        for b in range(a + 1):
            rest = v[at[a], at[b]]
            for c in range(b):
                rest -= result[a, c] * result[b, c]
            if a != b:
                result[a, b] = rest / result[b, b]
            elif rest > 1e-10 * v[at[a], at[a]]:
                result[a, a] = np.sqrt(rest)
            else:
                return False
    return True


@compiled
def _freedom(sums, v, variance):
    """2 v^2 / Var(v) of the variance at the last session, by central differences of the score."""
    sessions = len(v)
    size = sessions * (sessions + 1) // 2
    beta, phi = np.empty((2, sessions)), np.empty((2, sessions, sessions))
    score, near = np.empty((2, sessions, sessions)), v.copy()
    information, slope = np.empty((size, size)), np.empty(size)
    last, place = sessions - 1, 0
    for a in range(sessions):
        for b in range(a + 1):
            h = _NUDGE * np.sqrt(v[a, a] * v[b, b])
            slope[place] = 0.0
            for side in range(2):
                off = -h if side else h
                near[a, b] = v[a, b] + off
                near[b, a] = near[a, b]
                if not _score(sums, near, beta, phi, score[side]):
                    return -1.0
                change = phi[0, last, last] + phi[1, last, last]
                slope[place] += change / (-2.0 * h if side else 2.0 * h)
            near[a, b], near[b, a] = v[a, b], v[b, a]
            row = 0
            for c in range(sessions):
                for d in range(c + 1):
                    # half the score of the full matrix; off the diagonal an element is there twice
                    weight = 0.5 if c == d else 1.0
                    bend = (score[1, c, d] - score[0, c, d]) / (2.0 * h)
                    information[row, place] = weight * bend
                    row += 1
            place += 1
    information = 0.5 * (information + information.T)
    spread = slope @ np.linalg.solve(information, slope)
    return 2.0 * variance**2 / spread if spread > 0.0 else -1.0
