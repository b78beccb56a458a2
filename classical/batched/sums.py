"""Kernels that reduce a data set to the sums from which a random-intercept model is fitted.

Here: cross products within patients, sums between them by cluster size, and the reasons why a data
set cannot carry the model, in the words and the order of `classical.mixed`. Not here: the fit.
"""

import numpy as np

from classical.batched.compiled import compiled
from classical.batched.status import (
    CONSTANT,
    DESIGN,
    INFINITE,
    NO_OBSERVATIONS,
    NO_WITHIN,
    OK,
    ONE_EACH,
    ONE_PATIENT,
    TOO_FEW,
)

# A pivot below this share of its diagonal is a column that the others determine.
SINGULAR = 1e-12
# Sums of squares within patients below this share of all are rounding.
ROUNDING = 1e-14


@compiled
def reduce_rows(outcome, design, within, between, count):  # type: ignore[no-untyped-def]
    """Fill the sums of one data set, and tell why it cannot carry the model.

    `outcome` (patients, sessions) with NaN for missing, `design` (patients, sessions, p) whose
    first column is 1. Filled: `within` (q, q), `between` (sessions + 1, q, q) and `count`
    (sessions + 1,), by cluster size; q = p + 1. Returns (status, shift): the outcome is moved by
    `shift`, so that cross products of a large mean do not swallow its variation.
    """
    patients, sessions, p = design.shape
    q = p + 1
    within[:] = 0.0
    between[:] = 0.0
    count[:] = 0
    first, total, step, inner = np.empty(q), np.empty(q), np.empty(q), np.empty((q, q))
    first[0], total[0] = 1.0, 0.0
    shift = _first_value(outcome)
    for i in range(patients):
        n = _reduce_patient(outcome[i], design[i], shift, first, total, step, inner)
        if n:
            count[n] += 1
            _add_patient(n, first, total, inner, within, between[n])
    mirror(within)
    for n in range(sessions + 1):
        mirror(between[n])
    return why_not(within, between, count), shift


@compiled
def _first_value(outcome):  # type: ignore[no-untyped-def]
    for i in range(outcome.shape[0]):
        for k in range(outcome.shape[1]):
            if not np.isnan(outcome[i, k]):
                return outcome[i, k]
    return np.nan


@compiled
def _reduce_patient(outcome, design, shift, first, total, step, inner):  # type: ignore[no-untyped-def]
    """Take a patient's rows less the first of them: sums, cross products; return how many rows."""
    sessions, p = design.shape
    n = 0
    for k in range(sessions):
        y = outcome[k]
        if np.isnan(y):
            continue
        if n == 0:
            for a in range(1, p):
                first[a] = design[k, a]
            first[p] = y - shift
            total[1:] = 0.0
            inner[:] = 0.0
        else:
            for a in range(1, p):
                step[a] = design[k, a] - first[a]
            step[p] = y - shift - first[p]
            for a in range(1, p + 1):
                total[a] += step[a]
                for b in range(1, a + 1):
                    inner[a, b] += step[a] * step[b]
        n += 1
    return n


@compiled
def _add_patient(n, first, total, inner, within, between):  # type: ignore[no-untyped-def]
    """Add a patient of n rows to the lower triangles within and between."""
    q = len(first)
    for a in range(q):
        whole = n * first[a] + total[a]
        for b in range(a + 1):
            between[a, b] += whole * (n * first[b] + total[b])
    for a in range(1, q):
        for b in range(1, a + 1):
            within[a, b] += inner[a, b] - total[a] * total[b] / n


@compiled
def mirror(matrix):  # type: ignore[no-untyped-def]
    """Copy the lower triangle into the upper."""
    for a in range(len(matrix)):
        for b in range(a):
            matrix[b, a] = matrix[a, b]


@compiled
def copy(matrix, into):  # type: ignore[no-untyped-def]
    """Copy a square matrix; numpy's assignment takes seconds to compile for its error message."""
    for a in range(len(matrix)):
        for b in range(len(matrix)):
            into[a, b] = matrix[a, b]


@compiled
def why_not(within, between, count):  # type: ignore[no-untyped-def]
    """Tell why the sums cannot carry the model; the order is that of `classical.mixed`."""
    p = len(within) - 1
    patients, rows, spread = 0, 0, within[p, p]
    total = within.copy()
    for n in range(1, len(count)):
        patients += count[n]
        rows += n * count[n]
        spread += between[n, p, p]
        for a in range(p + 1):
            for b in range(p + 1):
                total[a, b] += between[n, a, b] / n
    if rows == 0:
        return NO_OBSERVATIONS
    if not np.isfinite(spread):
        return INFINITE
    if patients == 1:
        return ONE_PATIENT
    if spread == 0.0:  # of the outcome less its first value
        return CONSTANT
    rank, _ = _eliminate(total)
    if rank < p:
        return DESIGN
    return _too_few(within, rows, patients)


@compiled
def _too_few(within, rows, patients):  # type: ignore[no-untyped-def]
    """Tell whether the rows, or what varies within patients, are too few for a residual."""
    p = len(within) - 1
    if rows <= p:
        return TOO_FEW
    if rows == patients:
        return ONE_EACH
    scale = within[p, p]
    _, rest = _eliminate(within.copy())
    if scale == 0 or rest <= ROUNDING * scale:
        return NO_WITHIN
    return OK


@compiled
def _eliminate(matrix):  # type: ignore[no-untyped-def]
    """Eliminate all columns but the last, in place: (rank of those, what is left of the last)."""
    q = len(matrix)
    diagonal = np.empty(q)
    for k in range(q):
        diagonal[k] = matrix[k, k]
    rank = 0
    for k in range(q - 1):
        if not matrix[k, k] > SINGULAR * diagonal[k]:
            continue
        rank += 1
        for i in range(k + 1, q):
            factor = matrix[i, k] / matrix[k, k]
            for j in range(k + 1, q):
                matrix[i, j] -= factor * matrix[k, j]
    return rank, matrix[q - 1, q - 1]
