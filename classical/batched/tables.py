"""Two-by-two tables, many at once: odds ratio, profile-likelihood interval, Fisher's exact p.

Here: numbers from counts. Not here: one table (`classical.contingency`, the reference). A logistic
regression on one binary covariate is such a table, so its maximum-likelihood odds ratio is the
ratio of the cells, and only the limits need iterations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched.compiled import compiled
from classical.batched.status import EMPTY_GROUP, OK, SEPARATION

FloatArray = NDArray[np.float64]

# R's fisher.test counts tables as likely as the observed one up to this relative difference.
_AS_LIKELY = 1 + 1e-7


@dataclass(frozen=True)
class OddsRatios:
    """Odds ratios of R tables, each array (R,); NaN where `status` says failed.

    Attributes
    ----------
    estimate, lo, hi, log_se
        Maximum-likelihood odds ratio, its profile-likelihood limits, and the standard error of its
        logarithm.
    p
        Fisher's two-sided exact p; a number also under separation, NaN only for an empty group.
    status
        Numbers of `classical.batched.status`.
    """

    estimate: FloatArray
    lo: FloatArray
    hi: FloatArray
    log_se: FloatArray
    p: FloatArray
    status: NDArray[np.int8]


def odds_ratios(
    events_a: ArrayLike,
    total_a: ArrayLike,
    events_b: ArrayLike,
    total_b: ArrayLike,
    *,
    level: float = 0.95,
) -> OddsRatios:
    """Compare the odds of an event in group a with those in group b, in many tables.

    Parameters
    ----------
    events_a, total_a, events_b, total_b
        Counts, broadcast to shape (R,).
    level
        Coverage of the profile-likelihood interval.

    Raises
    ------
    ValueError
        If a count is no whole number, is negative, or events exceed the total.
    """
    from scipy.stats import chi2

    counts = _counts(events_a, total_a, events_b, total_b)
    numbers = np.full((counts.shape[1], 5), np.nan)
    status = np.zeros(counts.shape[1], dtype=np.int8)
    _fill(counts, _log_factorials(counts), float(chi2.ppf(level, 1)), numbers, status)
    estimate, lo, hi, log_se, p = numbers.T
    return OddsRatios(estimate, lo, hi, log_se, p, status)


def fisher(
    events_a: ArrayLike, total_a: ArrayLike, events_b: ArrayLike, total_b: ArrayLike
) -> FloatArray:
    """Fisher's two-sided exact p of many tables, shape (R,); NaN where a group is empty.

    Raises
    ------
    ValueError
        If a count is no whole number, is negative, or events exceed the total.
    """
    counts = _counts(events_a, total_a, events_b, total_b)
    return np.asarray(_fisher_all(counts, _log_factorials(counts)), dtype=float)


def _counts(*counts: ArrayLike) -> NDArray[np.int64]:
    given = np.stack(np.broadcast_arrays(*[np.atleast_1d(np.asarray(c)) for c in counts]))
    whole = given.astype(np.int64) if np.isfinite(given).all() else np.full_like(given, -1, int)
    if (whole != given).any() or (whole[::2] < 0).any() or (whole[::2] > whole[1::2]).any():
        raise ValueError("counts are whole, and events lie between 0 and the total of their group.")
    return whole


def _log_factorials(counts: NDArray[np.int64]) -> FloatArray:
    largest = int((counts[1] + counts[3]).max(initial=0))
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


@compiled
def _fill(counts, log_factorial, drop, numbers, status):  # type: ignore[no-untyped-def]
    for r in range(counts.shape[1]):
        events_a, total_a, events_b, total_b = counts[:, r]
        if total_a == 0 or total_b == 0:
            status[r] = EMPTY_GROUP
            continue
        numbers[r, 4] = _fisher(events_a, total_a, events_b, total_b, log_factorial)
        others_a, others_b = total_a - events_a, total_b - events_b
        if min(events_a, others_a, events_b, others_b) == 0:
            status[r] = SEPARATION
            continue
        status[r] = OK
        log_ratio = np.log(events_a / others_a) - np.log(events_b / others_b)
        se = np.sqrt(1 / events_a + 1 / others_a + 1 / events_b + 1 / others_b)
        best = _profile(log_ratio, events_a, total_a, events_b, total_b)[0]
        numbers[r, 0], numbers[r, 3] = np.exp(log_ratio), se
        for side in range(2):
            step = se if side else -se
            numbers[r, 1 + side] = np.exp(
                _limit(log_ratio, step, best - drop / 2, events_a, total_a, events_b, total_b)
            )


@compiled
def _fisher_all(counts, log_factorial):  # type: ignore[no-untyped-def]
    p = np.empty(counts.shape[1])
    for r in range(counts.shape[1]):
        events_a, total_a, events_b, total_b = counts[:, r]
        empty = total_a == 0 or total_b == 0
        p[r] = np.nan if empty else _fisher(events_a, total_a, events_b, total_b, log_factorial)
    return p


@compiled
def _fisher(events_a, total_a, events_b, total_b, log_factorial):  # type: ignore[no-untyped-def]
    """Share of the tables with these margins that are at most as likely as the observed one."""
    events = events_a + events_b
    low, high = max(0, events - total_b), min(events, total_a)
    observed = _log_likely(events_a, events, total_a, total_b, log_factorial)
    total, as_extreme = 0.0, 0.0
    for k in range(low, high + 1):
        likely = np.exp(_log_likely(k, events, total_a, total_b, log_factorial) - observed)
        total += likely
        if likely <= _AS_LIKELY:
            as_extreme += likely
    return as_extreme / total if total < np.inf else 0.0


@compiled
def _log_likely(k, events, total_a, total_b, log_factorial):  # type: ignore[no-untyped-def]
    """Log hypergeometric weight of k events in group a, up to a constant of the margins."""
    group_a = log_factorial[k] + log_factorial[total_a - k]
    return -group_a - log_factorial[events - k] - log_factorial[total_b - events + k]


@compiled
def _profile(log_ratio, events_a, total_a, events_b, total_b):  # type: ignore[no-untyped-def]
    """Log likelihood at a log odds ratio, odds of group b profiled out, and its slope.

    The odds w of group b solve total_a r w / (1 + r w) + total_b w / (1 + w) = events, a quadratic.
    """
    ratio, events = np.exp(log_ratio), events_a + events_b
    square = ratio * (total_a + total_b - events)
    linear = ratio * (total_a - events) + total_b - events
    root = np.sqrt(linear * linear + 4.0 * square * events)
    # the positive root, in the form that does not cancel
    odds = 2.0 * events / (linear + root) if linear > 0 else (root - linear) / (2.0 * square)
    height = events_a * np.log(ratio * odds) - total_a * np.log1p(ratio * odds)
    height += events_b * np.log(odds) - total_b * np.log1p(odds)
    return height, events_a - total_a * ratio * odds / (1.0 + ratio * odds)


@compiled
def _limit(start, step, floor, events_a, total_a, events_b, total_b):  # type: ignore[no-untyped-def]
    """Log odds ratio beyond `start` where the profile has fallen to `floor`: guarded Newton."""
    inside, outside = start, start + step
    while _profile(outside, events_a, total_a, events_b, total_b)[0] > floor:
        inside, outside = outside, outside + step
    at = outside
    for _ in range(100):
        height, slope = _profile(at, events_a, total_a, events_b, total_b)
        if height > floor:
            inside = at
        else:
            outside = at
        target = at - (height - floor) / slope if slope != 0.0 else 0.5 * (inside + outside)
        if not min(inside, outside) <= target <= max(inside, outside):
            target = 0.5 * (inside + outside)
        if abs(target - at) <= 1e-14 * (1.0 + abs(at)):
            break
        at = target
    return at
