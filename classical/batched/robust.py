"""Cluster-robust errors of the fixed effects (CR2) with Satterthwaite degrees of freedom.

Where slopes vary between patients, a random-intercept model gives errors that are too small; the
sandwich of each patient's own residuals does not rely on that model. CR2 removes the sandwich's
bias in small samples: it is exact in expectation where the working model holds. Rows are whitened
by the fitted random-intercept covariance; all that a patient contributes is p x p:

    G = X'V^-1 X, s = X'V^-1 (y - X beta), L L' = (sum of G)^-1, C = L'G L,
    Var(beta) = L [sum of h h'] L',  h = (I - C)^(-1/2) L's.

Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

import numpy as np

from classical.batched.compiled import compiled
from classical.batched.status import ALONE, BOUNDARY, OK
from classical.batched.sums import copy


@compiled
def make_robust(outcome, design, work, numbers, status):  # type: ignore[no-untyped-def]
    """Replace errors and degrees of freedom in rows of numbers; `work` as the fits left it."""
    p = design.shape[2]
    for r in range(len(numbers)):
        if status[r] > BOUNDARY:
            continue
        row = numbers[r]
        se, df = row[p : 2 * p], row[2 * p : 3 * p]
        found = sandwich(outcome[r], design, work[r], row[:p], row[-1], se, df)
        if found != OK:
            row[:] = np.nan
            status[r] = found


@compiled
def sandwich(outcome, design, work, estimate, ratio, se, df):  # type: ignore[no-untyped-def]
    """Fill CR2 errors and their degrees of freedom after a fit; return the status.

    `work[0]` holds M swept at the optimum, as `reml.fit_sums` leaves it; `ratio` is
    tau^2 / sigma^2; `se` and `df` have shape (p,).
    """
    p = design.shape[2]
    root, turned = np.zeros((p, p)), np.zeros((p, p))
    _triangle(work[0], root, turned)
    meat, products, diagonal = np.zeros((p, p)), np.zeros((p, p, p)), np.zeros(p)
    information, score, scratch = np.empty((p, p)), np.empty(p), np.empty((6, p, p))
    share, adjust, pulled, own = np.empty((p, p)), np.empty((p, p)), np.empty((p, p)), np.empty(p)
    for i in range(len(outcome)):
        if _patient(outcome[i], design[i], estimate, ratio, information, score) == 0:
            continue
        _times(turned, information, scratch[0])
        _times(scratch[0], root, share)
        if not _inverse_root(share, adjust, scratch):
            return ALONE
        _times(adjust, turned, scratch[0])
        _times(share, scratch[0], pulled)  # column j belongs to effect j
        for a in range(p):
            own[a] = 0.0
            for b in range(p):
                own[a] += scratch[0][a, b] * score[b]
        _times(share, turned, scratch[1])
        for a in range(p):
            trace, square = 0.0, 0.0
            for b in range(p):
                meat[a, b] += own[a] * own[b]
                trace += root[a, b] * scratch[1][b, a]
                square += pulled[b, a] ** 2
                for j in range(p):
                    products[j, a, b] += pulled[a, j] * pulled[b, j]
            diagonal[a] += trace**2 - square**2
    _errors(root, meat, products, diagonal, se, df)
    return OK


@compiled
def _errors(root, meat, products, diagonal, se, df):  # type: ignore[no-untyped-def]
    p = len(se)
    for j in range(p):
        model, robust, spread = 0.0, 0.0, diagonal[j]
        for a in range(p):
            model += root[j, a] ** 2
            for b in range(p):
                robust += root[j, a] * meat[a, b] * root[j, b]
                spread += products[j, a, b] ** 2
        se[j] = np.sqrt(robust)
        df[j] = model**2 / spread


@compiled
def _triangle(swept, root, turned):  # type: ignore[no-untyped-def]
    """Fill Cholesky's lower triangle of the inverse information, and its transpose."""
    for a in range(len(root)):
        for b in range(a + 1):
            rest = -swept[a, b]
            for c in range(b):
                rest -= root[a, c] * root[b, c]
            root[a, b] = np.sqrt(rest) if a == b else rest / root[b, b]
            turned[b, a] = root[a, b]


@compiled
def _times(left, right, result):  # type: ignore[no-untyped-def]
    """Product of two small matrices, without the cost of calling a library for it."""
    p = len(result)
    for a in range(p):
        for b in range(p):
            total = 0.0
            for c in range(p):
                total += left[a, c] * right[c, b]
            result[a, b] = total


@compiled
def _patient(outcome, design, estimate, ratio, information, score):  # type: ignore[no-untyped-def]
    """Fill one patient's X'V^-1 X and X'V^-1 residual; return the number of observations."""
    p = len(estimate)
    total, residuals, n = np.zeros(p), 0.0, 0
    information[:] = 0.0
    score[:] = 0.0
    for k in range(len(outcome)):
        if np.isnan(outcome[k]):
            continue
        residual = outcome[k]
        for a in range(p):
            residual -= design[k, a] * estimate[a]
        for a in range(p):
            total[a] += design[k, a]
            score[a] += design[k, a] * residual
            for b in range(p):
                information[a, b] += design[k, a] * design[k, b]
        residuals += residual
        n += 1
    shrink = ratio / (1.0 + n * ratio)
    for a in range(p):
        score[a] -= shrink * total[a] * residuals
        for b in range(p):
            information[a, b] -= shrink * total[a] * total[b]
    return n


@compiled
def _inverse_root(share, root, scratch):  # type: ignore[no-untyped-def]
    """Fill (I - C)^(-1/2) by the coupled Newton-Schulz iteration; False where C has eigenvalue 1.

    Of 60 iterations 4 are needed where a patient holds a few percent of the information.
    """
    p = len(share)
    y, product, turn, spare = scratch[2], scratch[3], scratch[4], scratch[5]
    for a in range(p):
        for b in range(p):
            root[a, b] = 1.0 if a == b else 0.0
            y[a, b] = root[a, b] - share[a, b]
    for _ in range(60):
        _times(root, y, product)
        off = 0.0
        for a in range(p):
            for b in range(p):
                unit = 1.0 if a == b else 0.0
                off = max(off, abs(product[a, b] - unit))
                turn[a, b] = 1.5 * unit - 0.5 * product[a, b]
        if off < 1e-14:
            break
        _times(y, turn, spare)
        copy(spare, y)
        _times(turn, root, spare)
        copy(spare, root)
    largest = 0.0  # of a positive matrix this is on the diagonal
    for a in range(p):
        largest = max(largest, root[a, a])
    return off < 1e-10 and largest < 1e6
