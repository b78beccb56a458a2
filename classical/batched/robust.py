"""Cluster-robust errors of the fixed effects (CR2) with Satterthwaite degrees of freedom.

Where slopes vary between patients, a random-intercept model gives errors that are too small; the
sandwich of each patient's own residuals does not rely on that model. CR2 removes the sandwich's
bias in small samples: it is exact in expectation where the working model holds. With
V = I + ratio J of the n sessions at which a patient was seen, L L' = (sum of X'V^-1 X)^-1 and l the
row of L that belongs to an effect,

    B = V^(-1/2) X L,  U = (I - BB')^(-1/2) B,  u = U l,  w = B'u,  (n x p, n, p)
    Var(beta) = sum of (u' V^(-1/2) residuals)^2,
    df = (l'l)^2 / (||sum of ww'||^2 + sum of |Bl|^4 - |w|^4).

All but the residuals is the same for patients of one design who were seen at the same sessions
(a group), and is made once for them. U is also B (I - B'B)^(-1/2): the root is taken of the smaller
of both matrices.

This is Bell and McCaffrey's estimator for least squares on the rows whitened by V^(-1/2). Of the
adjustments that are exact under the working model Pustejovsky and Tipton (R's clubSandwich) choose
another one: their errors differ in the fourth digit.

Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

import numpy as np
from numpy.typing import NDArray

from classical.batched.compiled import compiled
from classical.batched.status import ALONE, BOUNDARY, OK
from classical.batched.sums import copy

MOST_SESSIONS = 40
"""With more of them nobody is grouped: a set of sessions no longer fits a number."""


def classes(design: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different designs (classes, sessions, p) of patients, and the class of each."""
    rows, index = np.unique(design, axis=0, return_inverse=True)
    return np.ascontiguousarray(rows), np.ravel(index).astype(np.int64)


@compiled
def make_robust(outcome, rows, of_patient, wanted, work, numbers, status):  # type: ignore[no-untyped-def]
    """Replace errors and degrees of freedom in rows of numbers; `work` as the fits left it.

    `rows` and `of_patient` from `classes`; `wanted` (p,) tells which effects: the others get NaN.
    """
    p = rows.shape[2]
    for r in range(len(numbers)):
        if status[r] > BOUNDARY:
            continue
        row = numbers[r]
        se, df = row[p : 2 * p], row[2 * p : 3 * p]
        found = sandwich(outcome[r], rows, of_patient, wanted, work[r], row[:p], row[-1], se, df)
        if found != OK:
            row[:] = np.nan
            status[r] = found


@compiled
def sandwich(outcome, rows, of_patient, wanted, work, estimate, ratio, se, df):  # type: ignore[no-untyped-def]
    """Fill CR2 errors and their degrees of freedom after a fit; return the status.

    `work[0]` holds M swept at the optimum, as `reml.fit_sums` leaves it; `ratio` is
    tau^2 / sigma^2; `se` and `df` have shape (p,).
    """
    (_, sessions, p), patients = rows.shape, len(outcome)
    root = np.zeros((p, p))
    _triangle(work[0], root)
    turned, fitted = _by_class(rows, root, estimate)
    group = _groups(outcome, of_patient)
    order = np.argsort(group)
    meat, spread, products = np.zeros(p), np.zeros(p), np.zeros((p, p, p))
    b, pull, vectors = np.empty((sessions, p)), np.empty((p, sessions)), np.empty((3, sessions + p))
    scratch, seen = np.empty((4, min(sessions, p), min(sessions, p))), np.empty(sessions, np.int64)
    start = 0
    while start < patients:
        stop = start + 1
        while stop < patients and group[order[stop]] == group[order[start]]:
            stop += 1
        own = order[start:stop]
        c, n = of_patient[own[0]], _sessions_of(outcome[own[0]], seen)
        start = stop
        if n == 0:
            continue
        _whiten(turned[c], seen[:n], ratio, b)
        adjust = scratch[:, : min(n, p), : min(n, p)]
        if not _adjustment(b[:n], adjust):
            return ALONE
        for j in range(p):
            if wanted[j]:
                spread[j] += _effect(
                    b[:n], adjust[0], root[j], ratio, len(own), vectors, pull[j], products[j]
                )
                meat[j] += _squares(outcome, fitted[c], own, seen[:n], pull[j])
    _errors(root, meat, products, spread, wanted, se, df)
    return OK


@compiled
def _triangle(swept, root):  # type: ignore[no-untyped-def]
    """Fill Cholesky's lower triangle of the inverse information."""
    for a in range(len(root)):
        for b in range(a + 1):
            rest = -swept[a, b]
            for c in range(b):
                rest -= root[a, c] * root[b, c]
            root[a, b] = np.sqrt(rest) if a == b else rest / root[b, b]


@compiled
def _by_class(rows, root, estimate):  # type: ignore[no-untyped-def]
    """Return X L and X beta of every class."""
    n_classes, sessions, p = rows.shape
    turned, fitted = np.zeros((n_classes, sessions, p)), np.zeros((n_classes, sessions))
    for c in range(n_classes):
        for k in range(sessions):
            for a in range(p):
                x = rows[c, k, a]
                if x != 0.0:
                    fitted[c, k] += x * estimate[a]
                    for b in range(a + 1):
                        turned[c, k, b] += x * root[a, b]
    return turned, fitted


@compiled
def _groups(outcome, of_patient):  # type: ignore[no-untyped-def]
    """Return a number a patient: the same for those of one class seen at the same sessions."""
    patients, sessions = outcome.shape
    group = np.empty(patients, dtype=np.int64)
    for i in range(patients):
        group[i] = i if sessions > MOST_SESSIONS else of_patient[i]
        for k in range(sessions if sessions <= MOST_SESSIONS else 0):
            group[i] = 2 * group[i] + (0 if np.isnan(outcome[i, k]) else 1)
    return group


@compiled
def _whiten(turned, seen, ratio, whitened):  # type: ignore[no-untyped-def]
    """Fill B, the rows of X L that were seen times V^(-1/2) = I - shrink J."""
    n = len(seen)
    shrink = _shrink(n, ratio)
    for a in range(turned.shape[1]):
        total = 0.0
        for k in range(n):
            total += turned[seen[k], a]
        for k in range(n):
            whitened[k, a] = turned[seen[k], a] - shrink * total


@compiled
def _shrink(n, ratio):  # type: ignore[no-untyped-def]
    return (1.0 - 1.0 / np.sqrt(1.0 + n * ratio)) / n


@compiled
def _sessions_of(outcome, seen):  # type: ignore[no-untyped-def]
    """Fill the sessions at which a patient was seen; return how many."""
    n = 0
    for k in range(len(outcome)):
        if not np.isnan(outcome[k]):
            seen[n] = k
            n += 1
    return n


@compiled
def _effect(b, adjust, own, ratio, members, vectors, pull, products):  # type: ignore[no-untyped-def]
    """Fill V^(-1/2) u of a group for one effect; add to ww', return what else its df takes."""
    n, p = b.shape
    plain, u, w = vectors[0], vectors[1], vectors[2]
    _apply(b, own, plain)
    if n <= p:
        _apply(adjust, plain, u)
    else:
        _apply(adjust, own, w)
        _apply(b, w, u)
    total, trace, square = 0.0, 0.0, 0.0
    for k in range(n):
        total += u[k]
        trace += plain[k] * plain[k]
    for k in range(n):
        pull[k] = u[k] - _shrink(n, ratio) * total
    for a in range(p):
        w[a] = 0.0
        for k in range(n):
            w[a] += b[k, a] * u[k]
        square += w[a] * w[a]
        for c in range(a + 1):
            products[a, c] += members * w[a] * w[c]
    return members * (trace * trace - square * square)


@compiled
def _apply(matrix, vector, result):  # type: ignore[no-untyped-def]
    for a in range(matrix.shape[0]):
        total = 0.0
        for c in range(matrix.shape[1]):
            total += matrix[a, c] * vector[c]
        result[a] = total


@compiled
def _squares(outcome, fitted, members, seen, pull):  # type: ignore[no-untyped-def]
    """Sum over patients of one group of the squared scores for one effect."""
    found = 0.0
    for i in members:
        score = 0.0
        for k in range(len(seen)):
            score += pull[k] * (outcome[i, seen[k]] - fitted[seen[k]])
        found += score * score
    return found


@compiled
def _errors(root, meat, products, spread, wanted, se, df):  # type: ignore[no-untyped-def]
    for j in range(len(se)):
        model, total = 0.0, spread[j]
        for a in range(len(se)):
            model += root[j, a] ** 2
            for c in range(a + 1):
                total += (1.0 if a == c else 2.0) * products[j, a, c] ** 2
        se[j] = np.sqrt(meat[j]) if wanted[j] else np.nan
        df[j] = model**2 / total if wanted[j] else np.nan


@compiled
def _adjustment(b, scratch):  # type: ignore[no-untyped-def]
    """Fill scratch[0] with (I - C)^(-1/2), C the smaller of BB' and B'B; False if it has none.

    Coupled Newton-Schulz iteration; all its matrices are polynomials in C and symmetric. Of 60
    iterations 4 are needed where a patient holds a few percent of the information.
    """
    root, y, turn, spare = scratch[0], scratch[1], scratch[2], scratch[3]
    (n, p), size = b.shape, len(root)
    for a in range(size):
        for c in range(a + 1):
            share = 0.0
            for k in range(max(n, p)):
                share += b[a, k] * b[c, k] if n <= p else b[k, a] * b[k, c]
            root[a, c] = root[c, a] = 1.0 if a == c else 0.0
            y[a, c] = y[c, a] = root[a, c] - share
    off = np.inf
    for _ in range(60):
        _times(root, y, turn)
        off = 0.0
        for a in range(size):
            for c in range(size):
                unit = 1.0 if a == c else 0.0
                off = max(off, abs(turn[a, c] - unit))
                turn[a, c] = 1.5 * unit - 0.5 * turn[a, c]
        if off < 1e-14:
            break
        _times(y, turn, spare)
        copy(spare, y)
        _times(turn, root, spare)
        copy(spare, root)
    for a in range(size):  # the largest of a positive matrix is on the diagonal
        if not root[a, a] < 1e6:  # nor is it a number where rounding takes an eigenvalue above 1
            return False
    return off < 1e-10


@compiled
def _times(left, right, result):  # type: ignore[no-untyped-def]
    """Product of two small symmetric matrices that commute, without a library's cost for it."""
    size = len(result)
    for a in range(size):
        for b in range(a + 1):
            total = 0.0
            for c in range(size):
                total += left[a, c] * right[b, c]
            result[a, b] = result[b, a] = total
