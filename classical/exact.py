"""Exact conditional inference on a two-by-two table, all margins fixed.

Here: conditional maximum-likelihood odds ratio, exact (Clopper-Pearson like) and mid-p intervals,
one- and two-sided Fisher p. All are roots of one function, the tail of the noncentral
hypergeometric distribution, found to 1e-13. Not here: the logistic odds ratio (`contingency.py`).

R's `fisher.test` stops its root finder at 1e-4, so its odds ratio and limits hold to about 3e-4
only; these agree with the roots themselves. The mid-p estimate is median unbiased (epitools).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classical.contingency import check_counts

FAR = 60.0  # log odds ratio beyond which a root is taken to be infinite


@dataclass(frozen=True)
class ExactOddsRatio:
    """Conditional inference on one table; infinite where a cell is empty, NaN without information.

    Attributes
    ----------
    estimate, lo, hi
        Conditional maximum-likelihood odds ratio and exact limits.
    mid_estimate, mid_lo, mid_hi, mid_p
        Median-unbiased estimate, mid-p limits and two-sided mid-p value.
    p, p_greater, p_less
        Fisher's p: two-sided (tables as improbable or more), of an odds ratio above and below 1.
    status
        'ok' or 'not_estimable: <cause>'; p is defined also without an estimate.
    """

    estimate: float
    lo: float
    hi: float
    mid_estimate: float
    mid_lo: float
    mid_hi: float
    mid_p: float
    p: float
    p_greater: float
    p_less: float
    status: str


def exact_odds_ratio(
    events_a: int, total_a: int, events_b: int, total_b: int, *, level: float = 0.95
) -> ExactOddsRatio:
    """Compare the odds of an event in group a with those in group b, conditional on the margins.

    Parameters
    ----------
    events_a, total_a, events_b, total_b
        Patients with the event, and patients, of each group.
    level
        Least coverage of the exact interval; approximate coverage of the mid-p interval.

    Raises
    ------
    ValueError
        As `contingency.check_counts`.
    """
    check_counts(events_a, total_a, events_b, total_b)
    events = events_a + events_b
    low, high = max(0, events - total_b), min(events, total_a)
    if low == high:
        nan = np.nan
        return ExactOddsRatio(
            nan, nan, nan, nan, nan, nan, nan, 1.0, 1.0, 1.0,
            "not_estimable: the margins leave only one table",
        )  # fmt: skip
    x = np.arange(low, high + 1)
    log_weight = -(
        _log_factorials(x) + _log_factorials(events - x)
        + _log_factorials(total_a - x) + _log_factorials(total_b - events + x)
    )  # fmt: skip

    def mass(log_ratio: float) -> np.ndarray:
        log = log_weight + x * log_ratio
        weight = np.exp(log - log.max())
        return np.asarray(weight / weight.sum())

    def upper(log_ratio: float) -> float:
        return float(mass(log_ratio)[x >= events_a].sum())

    def middle(log_ratio: float) -> float:
        at = mass(log_ratio)
        return float(at[x > events_a].sum() + at[x == events_a].sum() / 2)

    tail = (1 - level) / 2
    first, last = events_a == low, events_a == high
    null = mass(0.0)
    observed = null[x == events_a][0]
    mid = middle(0.0)
    return ExactOddsRatio(
        estimate=_conditional_ml(first, last, lambda r: float(x @ mass(r)), events_a),
        lo=0.0 if first else _root(upper, tail),
        hi=np.inf if last else _root(lambda r: upper(r) - mass(r)[x == events_a][0], 1 - tail),
        mid_estimate=_root(middle, 0.5),
        mid_lo=0.0 if first else _root(middle, tail),
        mid_hi=np.inf if last else _root(middle, 1 - tail),
        mid_p=min(1.0, 2 * min(mid, 1 - mid)),
        p=min(1.0, float(null[null <= observed * (1 + 1e-7)].sum())),
        p_greater=min(1.0, upper(0.0)),
        p_less=min(1.0, float(null[x <= events_a].sum())),
        status="ok" if not (first or last) else "not_estimable: separation, one cell is empty",
    )


def _conditional_ml(
    first: bool, last: bool, mean: Callable[[float], float], observed: int
) -> float:
    """Return the odds ratio under which the observed count is its mean; 0 or infinite at an end."""
    if first or last:
        return 0.0 if first else np.inf
    return _root(mean, observed)


def _root(rising: Callable[[float], float], target: float) -> float:
    """Return exp of where a rising function of the log odds ratio meets its target."""
    from scipy.optimize import brentq

    if rising(FAR) <= target:
        return np.inf
    if rising(-FAR) >= target:
        return 0.0
    return float(np.exp(brentq(lambda r: rising(r) - target, -FAR, FAR, xtol=1e-13)))


def _log_factorials(n: np.ndarray) -> np.ndarray:
    from scipy.special import gammaln

    return np.asarray(gammaln(n + 1.0))
