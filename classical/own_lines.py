"""Can each patient have a line of their own? Why data cannot carry a random slope.

Here: the check before the fit, from each patient's own regression on time. Not here: the fit
(`random_slope.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def why_not_slopes(y: FloatArray, x: FloatArray, t: FloatArray, ids: NDArray[Any]) -> str:
    """Return why intercept and slope of each patient cannot be fitted, or nothing."""
    if len(y) == 0:
        return "no observations"
    n_patients = len(np.unique(ids))
    if n_patients == 1:
        return "one patient"
    if np.ptp(y) == 0:
        return "the outcome is constant"
    if np.linalg.matrix_rank(x) < x.shape[1] or np.ptp(t) == 0:
        return "the design does not vary enough"
    if len(y) <= 2 * n_patients:
        return "too few observations a patient for a slope of each"
    own = _about_own_lines(np.column_stack([x, y]), t, ids)
    left = own[:, -1] - own[:, :-1] @ np.linalg.lstsq(own[:, :-1], own[:, -1], rcond=1e-10)[0]
    if left @ left <= 1e-20 * (y @ y):
        return "no variation within patients"
    return ""


def _about_own_lines(values: FloatArray, t: FloatArray, ids: NDArray[Any]) -> FloatArray:
    """Return columns less each patient's own regression on time."""
    _, group = np.unique(ids, return_inverse=True)
    size = np.bincount(group)

    def sums(rows: FloatArray) -> FloatArray:
        return np.column_stack([np.bincount(group, column) for column in rows.T])

    centred = values - (sums(values) / size[:, None])[group]
    time = t - (np.bincount(group, t) / size)[group]
    square = np.bincount(group, time**2)[:, None]
    slope = np.divide(
        sums(centred * time[:, None]), square, out=np.zeros((len(size), values.shape[1])),
        where=square > 0,
    )  # fmt: skip
    return np.asarray(centred - slope[group] * time[:, None])
