"""Time to a stop over session numbers: Kaplan-Meier, and Aalen-Johansen by reason.

Here: the two estimators with their errors and intervals; ongoing patients are censored at their
last session. Not here: landmark shares of the study (mart `landmarks`), which leave the censored
out of the denominator and so overstate stopping.

Sources: Kaplan and Meier 1958; Greenwood 1926; Aalen and Johansen 1978; the variance of a cause's
incidence by the delta method (Marubini and Valsecchi 1995, 10.12). R's `survfit` computes the same
Kaplan-Meier; statsmodels has the estimators without R's choice of intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
INTERVALS = ("log-log", "log", "plain")


@dataclass(frozen=True)
class Curve:
    """A step function of time; arrays have shape (times,).

    Attributes
    ----------
    time
        Times at which something ends, ascending.
    at_risk, events
        Number at risk just before, events at each time.
    estimate, se, lo, hi
        Probability after each time, standard error and limits; these are NaN while nothing has
        happened and when all have ended: there the formulae know no error, which is not none.
    """

    time: FloatArray
    at_risk: FloatArray
    events: FloatArray
    estimate: FloatArray
    se: FloatArray
    lo: FloatArray
    hi: FloatArray

    def at(self, time: float, start: float) -> tuple[float, float, float, float]:
        """Return (estimate, se, lo, hi) at a time; before the first one the start value alone."""
        k = int(np.searchsorted(self.time, time, side="right")) - 1
        if k < 0:
            return start, np.nan, np.nan, np.nan
        parts = (self.estimate[k], self.se[k], self.lo[k], self.hi[k])
        return tuple(float(part) for part in parts)  # type: ignore[return-value]


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, interval: str = "log-log", level: float = 0.95
) -> Curve:
    """Return the share without the event after each time.

    Parameters
    ----------
    time
        Last session, or time of event or censoring, shape (n,); finite, at least one.
    event
        True where the event ended it, False where censored, shape (n,).
    interval
        'log-log' (default, never leaves 0 to 1), 'log' (R's default) or 'plain'.
    level
        Pointwise coverage.

    Raises
    ------
    ValueError
        If there is no patient, lengths differ, a time is not finite or the interval unknown.
    """
    if interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}.")
    times, at_risk, events = _steps(time, np.asarray(event, dtype=bool))
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(events < at_risk, events / (at_risk * (at_risk - events)), np.inf)
    error = np.sqrt(np.cumsum(np.where(events > 0, terms, 0.0)))  # of the log
    lo, hi = _limits(survival, error, interval, level)
    se = survival * np.where((survival > 0) & (error > 0), error, np.nan)
    return Curve(times, at_risk, events, survival, se, lo, hi)


def aalen_johansen(
    time: ArrayLike, cause: Sequence[Any] | NDArray[Any], of: object, *, level: float = 0.95
) -> Curve:
    """Return the share that has ended by one cause, other causes competing.

    Parameters
    ----------
    time
        As in `kaplan_meier`.
    cause
        Cause that ended it, None where censored, shape (n,).
    of
        The cause asked for.
    level
        Pointwise coverage of the log-log interval.

    Raises
    ------
    ValueError
        As `kaplan_meier`.
    """
    ended = np.array([one is not None for one in cause], dtype=bool)
    mine = np.array([one == of for one in cause], dtype=bool)
    times, at_risk, events = _steps(time, ended)
    _, _, of_cause = _steps(time, mine)
    survival = np.cumprod(1 - events / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * of_cause / at_risk)
    se = np.sqrt(_incidence_variance(incidence, before, at_risk, events, of_cause))
    se = np.where(se > 0, se, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1 - incidence
        lo, hi = _limits(left, se / left, "log-log", level)
    return Curve(times, at_risk, of_cause, incidence, se, 1 - hi, 1 - lo)


def median_time(curve: Curve, share: float = 0.5) -> tuple[float, float, float]:
    """Return the time at which a Kaplan-Meier curve has fallen to a share, and its limits.

    Where the curve runs along the share R's midpoint of that stretch is taken; NaN if never.
    """
    return (
        _falls(curve.time, curve.estimate, share),
        _falls(curve.time, curve.lo, share),
        _falls(curve.time, curve.hi, share),
    )


def _falls(time: FloatArray, values: FloatArray, share: float) -> float:
    known = np.where(np.isnan(values), np.inf, values)
    below = np.flatnonzero(known <= share + 1e-12)
    if not len(below):
        return np.nan
    first = time[below[0]]
    if abs(known[below[0]] - share) > 1e-12:
        return float(first)
    under = np.flatnonzero(known < share - 1e-12)
    return float((first + time[under[0]]) / 2) if len(under) else float(first)


def _steps(time: ArrayLike, event: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray, FloatArray]:
    values = np.asarray(time, dtype=float)
    if len(values) == 0 or len(values) != len(event):
        raise ValueError("time and event need the same length, at least one.")
    if not np.isfinite(values).all():
        raise ValueError("every time must be finite.")
    times, index = np.unique(values, return_inverse=True)
    ended = np.bincount(index, minlength=len(times))
    at_risk = len(values) - np.concatenate([[0], np.cumsum(ended)[:-1]])
    events = np.bincount(index, weights=event.astype(float), minlength=len(times))
    return times, at_risk.astype(float), events


def _limits(
    survival: FloatArray, error: FloatArray, interval: str, level: float
) -> tuple[FloatArray, FloatArray]:
    """Limits from the standard error of the log; NaN where it is unknown, at 1 and at 0."""
    from scipy.stats import norm

    z = norm.ppf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "plain":
            lo, hi = survival - z * survival * error, survival + z * survival * error
        elif interval == "log":
            lo, hi = survival * np.exp(-z * error), survival * np.exp(z * error)
        else:
            spread = z * error / np.abs(np.log(survival))
            lo, hi = survival ** np.exp(spread), survival ** np.exp(-spread)
    known = (error > 0) & np.isfinite(error) & (survival > 0)
    return np.where(known, np.clip(lo, 0, 1), np.nan), np.where(known, np.clip(hi, 0, 1), np.nan)


def _incidence_variance(
    incidence: FloatArray,
    before: FloatArray,
    at_risk: FloatArray,
    events: FloatArray,
    of_cause: FloatArray,
) -> FloatArray:
    """Variance of the cumulative incidence after each time by the delta method."""
    later = at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(later > 0, events / (at_risk * later), 0.0)
    result = np.empty(len(incidence))
    for k in range(len(incidence)):
        gap = incidence[k] - incidence[: k + 1]
        n, d, b = at_risk[: k + 1], of_cause[: k + 1], before[: k + 1]
        first = (gap**2 * hazard[: k + 1]).sum()
        second = (b**2 * (n - d) * d / n**3).sum()
        third = (gap * b * d / n**2).sum()
        result[k] = first + second - 2 * third
    return np.maximum(result, 0.0)
