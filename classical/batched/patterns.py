"""Sums of a simulated trial, whose patients share a few designs and are seen up to some session.

Here: the sums that `sums.reduce_rows` takes from rows, taken from counts and totals by design and
number of sessions seen; a row then costs two additions, whatever the number of effects; and both
models of many completed tables. Not here: data with holes between observed sessions, and designs
that differ from patient to patient (`sums`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classical.batched.compiled import compiled
from classical.batched.mixed import Fits, empty_results, finished, fit_row
from classical.batched.random_slope import refit
from classical.batched.robust import classes
from classical.batched.sums import mirror, why_not

FloatArray = NDArray[np.float64]


class Patterns(NamedTuple):
    """Designs (classes) of a trial, and sums over their first n sessions, n = 0 ... sessions.

    Attributes
    ----------
    of_patient
        Class of each patient, shape (patients,).
    design
        Rows of each class, shape (classes, sessions, p).
    total
        Sums of rows, shape (classes, sessions + 1, p).
    within
        Cross products of rows about their mean, shape (classes, sessions + 1, p, p).
    """

    of_patient: NDArray[np.int64]
    design: FloatArray
    total: FloatArray
    within: FloatArray


def patterns(design: FloatArray) -> Patterns:
    """Find the classes of a design (patients, sessions, p)."""
    rows, of_patient = classes(design)
    n_classes, sessions, p = rows.shape
    total = np.zeros((n_classes, sessions + 1, p))
    within = np.zeros((n_classes, sessions + 1, p, p))
    for n in range(1, sessions + 1):
        centred = rows[:, :n] - rows[:, :n].mean(axis=1, keepdims=True)
        total[:, n] = rows[:, :n].sum(axis=1)
        within[:, n] = np.swapaxes(centred, 1, 2) @ centred
    return Patterns(of_patient, rows, total, within)


def fit_both(outcome: FloatArray, design: FloatArray) -> tuple[Fits, Fits]:
    """Fit random intercepts, and random intercepts and slopes, to tables without holes.

    Parameters
    ----------
    outcome
        Shape (R, patients, sessions); a patient may only be missing from some session on.
    design
        Shape (patients, sessions, p), the first columns 1 and session.

    Returns
    -------
    tuple of Fits
        Of either model, by REML with Satterthwaite's degrees of freedom.
    """
    p = design.shape[2]
    numbers, status = empty_results(len(outcome), p)
    work = np.empty((len(outcome), 3, p + 1, p + 1))
    fit_patterns(outcome, patterns(design), work, numbers, status)
    intercepts = finished(numbers.copy(), status.copy())
    refit(outcome, design, numbers, status)
    return intercepts, finished(numbers, status)


@compiled
def fit_patterns(outcome, patterns, work, numbers, status):  # type: ignore[no-untyped-def]
    """Reduce and fit trials; fill rows of numbers, status, and what `reml` leaves in `work`."""
    sessions, p = patterns.design.shape[1:]
    within, between = np.empty((p + 1, p + 1)), np.empty((sessions + 1, p + 1, p + 1))
    count = np.empty(sessions + 1, dtype=np.int64)
    for r in range(len(numbers)):
        found, shift = reduce_patterns(outcome[r], patterns, within, between, count)
        status[r] = fit_row(found, shift, within, between, count, work[r], numbers[r])


@compiled
def reduce_patterns(outcome, patterns, within, between, count):  # type: ignore[no-untyped-def]
    """Fill the sums of one trial, NaN from the session on that a patient is not seen at.

    Arguments and result as `sums.reduce_rows`, with `Patterns` for the design.
    """
    of_patient, design, total, inside = patterns
    classes, sessions, p = design.shape
    members, level = np.zeros((classes, sessions + 1)), np.zeros((classes, sessions + 1))
    step = np.zeros((classes, sessions + 1, sessions))
    within[:] = 0.0
    between[:] = 0.0
    shift = outcome[0, 0]
    for i in range(len(outcome)):
        first, rise, square, n = outcome[i, 0], 0.0, 0.0, 1
        while n < sessions and not np.isnan(outcome[i, n]):
            square += (outcome[i, n] - first) ** 2
            rise += outcome[i, n] - first
            n += 1
        c = of_patient[i]
        for k in range(1, n):
            step[c, n, k] += outcome[i, k] - first
        whole = n * (first - shift) + rise
        members[c, n] += 1.0
        level[c, n] += whole
        within[p, p] += square - rise * rise / n
        between[n, p, p] += whole * whole
    count[:] = 0
    for c in range(classes):
        for n in range(1, sessions + 1):
            if members[c, n] > 0.0:
                count[n] += int(members[c, n])
                _add_class(
                    n, members[c, n], level[c, n], step[c, n], design[c], total[c, n],
                    inside[c, n], within, between[n],
                )  # fmt: skip
    mirror(within)
    for n in range(sessions + 1):
        mirror(between[n])
    return why_not(within, between, count), shift


@compiled
def _add_class(n, members, level, step, design, total, inside, within, between):  # type: ignore[no-untyped-def]
    """Add the patients of one class seen at n sessions to the lower triangles."""
    p = len(total)
    for a in range(p):
        between[p, a] += level * total[a]
        for k in range(1, n):
            within[p, a] += step[k] * (design[k, a] - total[a] / n)
        for b in range(a + 1):
            within[a, b] += members * inside[a, b]
            between[a, b] += members * total[a] * total[b]
