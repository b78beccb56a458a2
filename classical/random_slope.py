"""Random intercept and slope by profiled REML, for one data set.

Here: y = X beta + Z b_patient + e with Z = (1, time) and any covariance of the two: what goes to
the kernel, and results by name. Not here: the fit itself (`batched/random_slope.py`), one random
effect (`mixed.py`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.own_lines import why_not_slopes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RandomSlopeFit:
    """A fitted model with random intercept and slope; arrays have shape (p,).

    Attributes
    ----------
    estimate, se, df, lo, hi, p
        Fixed effects, standard errors, Satterthwaite degrees of freedom, limits, two-sided p.
    sigma
        Standard deviation within patients, in units of the outcome.
    covariance
        Of intercept and slope between patients, shape (2, 2).
    reml_criterion
        -2 restricted log likelihood at the optimum.
    n, n_patients
        Observations and patients used.
    status
        'ok', 'boundary' (the covariance is singular) or 'not_estimable: <cause>'.
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    lo: FloatArray
    hi: FloatArray
    p: FloatArray
    sigma: float
    covariance: FloatArray
    reml_criterion: float
    n: int
    n_patients: int
    status: str


def fit_random_slope(
    outcome: ArrayLike,
    design: ArrayLike,
    time: ArrayLike,
    patient: ArrayLike,
    *,
    level: float = 0.95,
) -> RandomSlopeFit:
    """Fit a linear mixed model whose intercept and slope vary between patients, by REML.

    Parameters
    ----------
    outcome
        Shape (n,), without missing values.
    design
        Fixed-effect columns, shape (n, p), intercept and time included.
    time
        Variable whose slope varies, shape (n,).
    patient
        Patient of every row, shape (n,).
    level
        Coverage of the interval, which uses Satterthwaite degrees of freedom.

    Returns
    -------
    RandomSlopeFit
        Equal to lme4's `(time | patient)` and lmerTest to the tolerance of their optimiser. Data
        that cannot carry the model give status 'not_estimable: <cause>', never an error.

    Raises
    ------
    ValueError
        If shapes disagree or a value is not finite.
    """
    y, x = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    t, ids = np.asarray(time, dtype=float), np.asarray(patient)
    if x.ndim != 2 or {len(x), len(t), len(ids)} != {len(y)}:
        raise ValueError("outcome (n,), design (n, p), time and patient (n,) need the same n.")
    if not (np.isfinite(y).all() and np.isfinite(x).all() and np.isfinite(t).all()):
        raise ValueError("values must be finite: drop and count missing rows first.")
    n_patients = len(np.unique(ids))
    cause = why_not_slopes(y, x, t, ids)
    if cause:
        return _not_estimable(cause, x.shape[1], len(y), n_patients)
    return _fitted(y, x, t, ids, level)


def _fitted(
    y: FloatArray, x: FloatArray, t: FloatArray, ids: NDArray[Any], level: float
) -> RandomSlopeFit:
    from scipy.stats import t as student

    from classical.batched import status as codes
    from classical.batched.random_slope import fit_slopes

    p, mean, scale = x.shape[1], float(t.mean()), float(t.std())
    data = _sums(np.column_stack([x, y - y[0]]), (t - mean) / scale, ids)
    theta, row = np.empty(3), np.full(3 * p + 4, np.nan)
    found = fit_slopes(data, mean / scale, 1.0, np.empty((4, p + 1, p + 1)), theta, row)
    n_patients = len(data[2]) - 1
    if not codes.usable(found):
        cause = str(codes.text(found)).removeprefix("failed: ")
        return _not_estimable(cause, p, len(y), n_patients)
    (estimate, se, df), (sigma, _, criterion, _) = row[: 3 * p].reshape(3, p), row[3 * p :]
    estimate[0] += y[0]
    half = student.ppf(0.5 + level / 2, df) * se
    back = np.array([[1.0, -mean / scale], [0.0, 1 / scale]])  # effects at time 0, a unit of time
    factor = sigma * back @ np.array([[theta[0], 0.0], [theta[1], theta[2]]])
    return RandomSlopeFit(
        estimate=estimate,
        se=se,
        df=df,
        lo=estimate - half,
        hi=estimate + half,
        p=2 * student.sf(np.abs(estimate / se), df),
        sigma=float(sigma),
        covariance=factor @ factor.T,
        reml_criterion=float(criterion),
        n=len(y),
        n_patients=n_patients,
        status=str(codes.text(found)),
    )


def _sums(
    z: FloatArray, t: FloatArray, ids: NDArray[Any]
) -> tuple[FloatArray, FloatArray, NDArray[np.int64], FloatArray]:
    """Return what the kernel needs, every patient a kind of their own."""
    _, group = np.unique(ids, return_inverse=True)
    kinds = int(group.max()) + 2
    own, square = np.zeros((kinds, 2, z.shape[1])), np.zeros((kinds, 3))
    np.add.at(own, group + 1, np.stack([z, t[:, None] * z], axis=1))
    np.add.at(square, group + 1, np.column_stack([np.ones(len(t)), t, t * t]))
    outer = own[:, :, None, :, None] * own[:, None, :, None, :]
    between = np.stack([outer[:, 0, 0], outer[:, 0, 1] + outer[:, 1, 0], outer[:, 1, 1]], axis=1)
    count = (square[:, 0] > 0).astype(np.int64)
    return np.ascontiguousarray(z.T @ z), between, count, square


def _not_estimable(cause: str, p: int, n: int, n_patients: int) -> RandomSlopeFit:
    nan = np.full(p, np.nan)
    status = f"not_estimable: {cause}"
    empty = np.full((2, 2), np.nan)
    return RandomSlopeFit(
        nan, nan, nan, nan, nan, nan, np.nan, empty, np.nan, n, n_patients, status
    )
