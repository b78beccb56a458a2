"""What an analysis found and what was there to be found; and the curves that both are read from."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.studies.estimates.cohorts import Cohort
from simulate.studies.truth_error import NOTHING, deviations

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
SATURATED = 0.9
"""Share of the largest of sessions 1-30 at which a curve counts as saturated."""
RISES_FROM, LEVEL_AT = 4, 15
"""Sessions between which the rise is read; the level is that of the later one."""
NONE = (np.nan, np.nan, np.nan)
"""Where there is neither estimate nor interval."""
LONG_TERM = slice(12, 15)
"""Sessions 13 to 15, whose mean is long-term relief."""


class Found(NamedTuple):
    """Estimates of one cohort, one or one a patient; arrays of one shape.

    Attributes
    ----------
    estimate, lo, hi
        NaN where there is no number, or no interval.
    truth
        What was to be found; NaN where nothing was (such an entry is not counted).
    apart
        Deviations of a truth (or of an estimate) that is read from a large cohort, shape
        (blocks, 1); zero where it is known exactly.
    """

    estimate: FloatArray
    lo: FloatArray
    hi: FloatArray
    truth: FloatArray
    apart: FloatArray


def found(
    parts: tuple[ArrayLike, ...], truth: ArrayLike, apart: FloatArray = NOTHING[:, 0]
) -> Found:
    """Return `Found` of (estimate, lo, hi) and the truth: numbers, or arrays of one length."""
    arrays = [np.atleast_1d(np.asarray(part, dtype=float)) for part in (*parts, truth)]
    estimate, lo, hi, true = np.broadcast_arrays(*arrays)
    return Found(estimate, lo, hi, true, apart[:, None])


def found_large(parts: tuple[ArrayLike, ...], truth: FloatArray) -> Found:
    """Return the same against a truth of `Large.left_out`, shape (1 + blocks,)."""
    return found(parts, truth[0], deviations(truth[1:]))


def members(cohort: Cohort, of: str) -> Mask:
    """Return who is meant: `everyone`, or the status responders."""
    is_responder = cohort["is_responder"].astype(bool)
    return is_responder if of == "responders" else np.ones(len(is_responder), dtype=bool)


def asked_about(n_patients: int) -> NDArray[np.int64]:
    """Return every third patient: those whose early sessions alone are known."""
    return np.arange(0, n_patients, 3)


def expected(cohort: Cohort) -> FloatArray:
    """Return m_i(s), the mean report had the patient gone on, shape (patients, sessions)."""
    return np.asarray(cohort["expected"], dtype=float)


def long_term(cohort: Cohort) -> FloatArray:
    """Return the mean of m_i over sessions 13 to 15."""
    return np.asarray(expected(cohort)[:, LONG_TERM].mean(axis=1))


def saturation(curve: FloatArray) -> FloatArray:
    """Return the first session at 0.9 of the largest, between sessions by a straight line.

    As `bayes.quantities.saturation_session`, which this room's truths do not import: sessions 1 to
    30 on the last axis; NaN where the largest is below 10 %. Missing sessions are passed over.
    """
    return first_at(curve, SATURATED * _top(curve))


def half_rise(curve: FloatArray) -> FloatArray:
    """Return the session at which half of the way from session 1 to the largest is made.

    NaN where the way is less than ten points.
    """
    top, start = _top(curve), curve[..., 0]
    return np.where(top - start >= 10, first_at(curve, start + 0.5 * (top - start)), np.nan)


def _top(curve: FloatArray) -> FloatArray:
    top = np.nanmax(np.where(np.isnan(curve), -np.inf, curve)[..., :30], axis=-1)
    return np.where(top >= 10, top, np.nan)


def first_at(curve: FloatArray, level: FloatArray) -> FloatArray:
    """Return where a curve first reaches a level, between sessions by a straight line."""
    seen = curve[..., :30]
    reached = np.nan_to_num(seen, nan=-np.inf) >= level[..., None]
    first = reached.argmax(axis=-1)
    before = np.maximum(first - 1, 0)
    low = np.take_along_axis(seen, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(seen, first[..., None], axis=-1)[..., 0]
    part = np.where(np.isnan(low), 1.0, (level - low) / (high - low))
    at = np.where(first == 0, 1.0, first + part)
    return np.where(reached.any(axis=-1), at, np.nan)


def of_curve(curve: FloatArray) -> dict[str, Any]:
    """Return rise, level and saturation session of curves, sessions on the last axis."""
    return {
        "rise": curve[..., LEVEL_AT - 1] - curve[..., RISES_FROM - 1],
        "level_at_15": curve[..., LEVEL_AT - 1],
        "saturation_session": saturation(curve),
    }
