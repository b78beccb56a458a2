"""Random-intercept mixed models of many data sets at once.

Here: arrays of data sets in, arrays of fits out. Not here: the kernels (`sums`, `reml`), drawing
of data (`trials`), the exact fit of one data set and its random slopes (`classical.mixed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched import status as codes
from classical.batched.compiled import compiled
from classical.batched.reml import fit_sums
from classical.batched.robust import classes, make_robust
from classical.batched.sums import reduce_rows

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Fits:
    """Fits of R data sets with p fixed effects; NaN where `status` says failed.

    Attributes
    ----------
    estimate, se, df, p
        Shape (R, p): fixed effects, standard errors, Satterthwaite degrees of freedom, two-sided
        p values of Student's t.
    sigma, tau, reml_criterion
        Shape (R,): standard deviations within and between patients, in units of the outcome, and
        -2 restricted log likelihood.
    status
        Shape (R,): numbers of `classical.batched.status`.
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    p: FloatArray
    sigma: FloatArray
    tau: FloatArray
    reml_criterion: FloatArray
    status: NDArray[np.int8]


def design_of(session: ArrayLike, group: ArrayLike | None = None) -> FloatArray:
    """Return the design 1, session[, group, group x session].

    Parameters
    ----------
    session
        Session numbers, shape (sessions,), or (..., patients, sessions) where patients differ.
    group
        0 or 1 for each patient, shape (..., patients).

    Returns
    -------
    ndarray
        Shape (..., patients, sessions, p), p = 2 or 4; one patient where nothing tells how many.
    """
    at = np.atleast_2d(np.asarray(session, dtype=float))
    columns = [np.ones_like(at), at]
    if group is not None:
        member = np.asarray(group, dtype=float)[..., None]
        columns += [member * np.ones_like(at), member * at]
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def fit(
    outcome: ArrayLike,
    design: ArrayLike,
    *,
    robust: bool = False,
    effects: Sequence[int] | None = None,
) -> Fits:
    """Fit a random-intercept model by REML to each of many data sets.

    Parameters
    ----------
    outcome
        Shape (R, patients, sessions), NaN for an observation that is missing. A patient without
        any is left out.
    design
        Fixed effects, broadcast to (R, patients, sessions, p); the first column is 1.
    robust
        Replace errors and degrees of freedom by the cluster-robust ones (CR2, `robust`), which do
        not rely on the model of patients' differences.
    effects
        Columns of the design whose robust errors are wanted, all by default: the others get NaN.

    Returns
    -------
    Fits
        Without `robust` equal to lme4 with lmerTest, and to `classical.mixed`, up to rounding. A
        data set that cannot carry the model has a status that says why; it never raises.

    Raises
    ------
    ValueError
        If shapes disagree, a design value is not finite or its first column is not 1.
    """
    y = np.ascontiguousarray(outcome, dtype=float)
    x = np.asarray(design, dtype=float)
    if y.ndim != 3 or x.ndim not in (3, 4):
        raise ValueError("outcome is (data sets, patients, sessions), design (..., p) of the same.")
    if not (np.isfinite(x).all() and (x[..., 0] == 1).all()):
        raise ValueError("the design must be finite and its first column 1.")
    per_data_set = x.ndim == 4 and len(x) > 1
    n_effects = x.shape[-1]
    shape = (*(y.shape if per_data_set else (1, *y.shape[1:])), n_effects)
    # A read-only array, as broadcasting gives it, is another type for numba: all compiled twice.
    x = np.require(np.broadcast_to(x, shape), requirements=["C", "W"])
    results = empty_results(len(y), n_effects)
    work = np.empty((len(y) if robust else 1, 3, n_effects + 1, n_effects + 1))
    _fit_all(y, x, work, *results)
    if robust:
        wanted = np.isin(np.arange(n_effects), np.arange(n_effects) if effects is None else effects)
        alike = [slice(r, r + 1) for r in range(len(y))] if per_data_set else [slice(None)]
        for own, some in zip(x, alike, strict=True):
            filled = work[some], *(result[some] for result in results)
            make_robust(y[some], *classes(own), wanted, *filled)
    return finished(*results)


def empty_results(n_fits: int, n_effects: int) -> tuple[FloatArray, NDArray[np.int8]]:
    """Return what the kernels fill: numbers (R, 3 p + 4) of NaN, and a status each."""
    return np.full((n_fits, 3 * n_effects + 4), np.nan), np.zeros(n_fits, dtype=np.int8)


def finished(numbers: FloatArray, status: NDArray[np.int8]) -> Fits:
    """Name the columns that the kernels filled, and add the p values."""
    n_effects = (numbers.shape[1] - 4) // 3
    estimate, se, df, rest = np.split(numbers, [n_effects, 2 * n_effects, 3 * n_effects], axis=1)
    p = two_sided(estimate / se, df)
    return Fits(estimate, se, df, p, rest[:, 0], rest[:, 1], rest[:, 2], status)


def two_sided(t: FloatArray, df: FloatArray) -> FloatArray:
    """Two-sided p values of Student's t, also at degrees of freedom that are no integers."""
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(df, -np.abs(t)), dtype=float)


@compiled
def _fit_all(outcome, design, work, numbers, status):  # type: ignore[no-untyped-def]
    """Fit data sets one by one; `work` (1 or R, 3, q, q) keeps what `reml` leaves."""
    sessions, p = design.shape[2], design.shape[3]
    q = p + 1
    within, between = np.empty((q, q)), np.empty((sessions + 1, q, q))
    count = np.empty(sessions + 1, dtype=np.int64)
    for r in range(len(outcome)):
        x, kept = design[r if len(design) > 1 else 0], work[r if len(work) > 1 else 0]
        status[r] = fit_one(outcome[r], x, within, between, count, kept, numbers[r])


@compiled
def fit_one(outcome, design, within, between, count, work, row):  # type: ignore[no-untyped-def]
    """Reduce and fit one data set into a row of numbers; return the status."""
    found, shift = reduce_rows(outcome, design, within, between, count)
    return fit_row(found, shift, within, between, count, work, row)


@compiled
def fit_row(found, shift, within, between, count, work, row):  # type: ignore[no-untyped-def]
    """Fit sums found to carry the model, the outcome less `shift`; return the status."""
    if found == codes.OK:
        p = len(within) - 1
        estimate, se, df = row[:p], row[p : 2 * p], row[2 * p : 3 * p]
        found = fit_sums(within, between, count, work, estimate, se, df, row[3 * p :])
        row[0] += shift
    return found
