"""A smooth of repeated values over session number, with a band that knows who is the same patient.

Here: a regression on natural cubic splines of log session number (a generalised additive model with
fixed degrees of freedom) whose errors are clustered by patient. A loess band would take every
session for another patient and come out too narrow. Not here: means by session (mart `long_term`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
MOST_PIECES = 4


def natural_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the columns of a natural cubic spline, shape (n, knots): linear beyond the ends.

    Source: Hastie, Tibshirani and Friedman, Elements of Statistical Learning, eq. 5.4-5.5.
    """
    span = knots[-1] - knots[0]
    scaled, at = (x - knots[0]) / span, (knots - knots[0]) / span

    def piece(k: int) -> FloatArray:
        cubed = np.maximum(scaled - at[k], 0) ** 3 - np.maximum(scaled - at[-1], 0) ** 3
        return np.asarray(cubed / (at[-1] - at[k]))

    last = piece(len(at) - 2)
    return np.column_stack(
        [np.ones(len(x)), scaled, *(piece(k) - last for k in range(len(at) - 2))]
    )


def smooth_by_session(frame: pd.DataFrame, value: str, at: FloatArray) -> FloatArray | str:
    """Smooth a value over session number.

    Parameters
    ----------
    frame
        Columns patient_id, session_no and the value, none missing.
    value
        Column to smooth.
    at
        Session numbers to evaluate, within those observed.

    Returns
    -------
    array of shape (sessions, 4), or str
        Estimate, standard error and 95 % limits (t with patients - 1 degrees of freedom); or why
        there is none.
    """
    from scipy.stats import t as student

    patients = frame["patient_id"].nunique()
    distinct = frame["session_no"].nunique()
    if patients < 2 or distinct < 2:
        return "fewer than two patients" if patients < 2 else "fewer than two sessions"
    x = np.log(frame["session_no"].to_numpy(dtype=float))  # relief rises early and levels off
    y = frame[value].to_numpy(dtype=float)
    knots = np.unique(np.quantile(x, np.linspace(0, 1, min(MOST_PIECES + 1, distinct))))
    basis, target = natural_spline(x, knots), natural_spline(np.log(at), knots)
    _, group = np.unique(frame["patient_id"].to_numpy(), return_inverse=True)
    if len(y) <= basis.shape[1] or np.linalg.matrix_rank(basis) < basis.shape[1]:
        return "too few observations"
    inverse = np.linalg.inv(basis.T @ basis)
    beta = inverse @ basis.T @ y
    scores = np.zeros((patients, basis.shape[1]))
    np.add.at(scores, group, basis * (y - basis @ beta)[:, None])
    n, k = basis.shape
    small = patients / (patients - 1) * (n - 1) / (n - k)
    covariance = small * inverse @ scores.T @ scores @ inverse
    estimate = target @ beta
    se = np.sqrt(np.einsum("ij,jk,ik->i", target, covariance, target))
    half = student.ppf(0.975, patients - 1) * se
    return np.column_stack([estimate, se, estimate - half, estimate + half])
