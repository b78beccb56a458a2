"""What a trial finds, by one method: estimate, interval, p; and what there is to be found.

Here: methods on many trials at once, and the same quantity of a very large trial without missing
reports, which is the truth. Not here: the statistics themselves (`classical`), counting.

Everything is first arm less second; 0 is no difference.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classical.batched import unstructured
from classical.batched.mixed import design_of, fit, two_sided
from classical.batched.ordinal import proportional_odds
from classical.batched.ranks import rank_sum
from classical.batched.tables import odds_ratios
from simulate.studies.trials import conjugate
from simulate.studies.trials.conduct import Arms
from simulate.studies.truth_error import BLOCKS, block_of

FloatArray = NDArray[np.float64]


class Found(NamedTuple):
    """What R trials found; arrays (R,), NaN where there is no number.

    Attributes
    ----------
    estimate, lo, hi
        Points of the endpoint (a session, for slopes), log odds, or share less one half;
        confidence or credible limits.
    p
        Two-sided; of a posterior twice the smaller chance of either sign.
    """

    estimate: FloatArray
    lo: FloatArray
    hi: FloatArray
    p: FloatArray


def analyse(method: Any, arms: Arms, level: float) -> Found:
    """Analyse R trials by a method of `trials.design`; `level` is that of the test."""
    analysis = ANALYSES[method.method]
    with np.errstate(divide="ignore", invalid="ignore"):
        return analysis(method, arms, level)


def _lmm_slopes(method: Any, arms: Arms, level: float) -> Found:
    y, group = _together(arms)
    at = np.arange(1.0, y.shape[-1] + 1)
    has_arms = bool(arms.second.shape[1])
    return _effect(
        method, y, design_of(at, group if has_arms else None), 3 if has_arms else 1, level
    )


def _lmm_end(method: Any, arms: Arms, level: float) -> Found:
    """A mean for each arm and session, the last session as reference."""
    y, group = _together(arms)
    n_sessions = y.shape[-1]
    earlier = np.eye(n_sessions)[:, :-1]
    common = np.hstack([np.ones((n_sessions, 1)), earlier])
    rows = [np.hstack([common, g * common]) for g in (0.0, 1.0)]
    return _effect(method, y, np.stack([rows[int(g)] for g in group]), n_sessions, level)


def _together(arms: Arms) -> tuple[FloatArray, FloatArray]:
    """Outcomes of both arms, and who is in the first."""
    y = np.concatenate([arms.first, arms.second], axis=1)
    return y, np.repeat([1.0, 0.0], [arms.first.shape[1], arms.second.shape[1]])


def _effect(method: Any, y: FloatArray, design: FloatArray, column: int, level: float) -> Found:
    fits = fit(y, design, robust=method.errors == "robust", effects=(column,))
    return _found(fits.estimate[:, column], fits.se[:, column], fits.df[:, column], level)


def _found(estimate: FloatArray, se: FloatArray, df: FloatArray, level: float) -> Found:
    """Student's t test and interval."""
    from scipy.special import stdtrit

    half = stdtrit(df, 1 - level / 2) * se
    known = np.isfinite(se) & (se > 0) & (df > 0)
    lo, hi = (np.where(known, estimate + side * half, np.nan) for side in (-1, 1))
    return Found(estimate, lo, hi, np.where(known, two_sided(estimate / se, df), np.nan))


def _t_test(method: Any, arms: Arms, level: float) -> Found:
    (n, mean, variance), (m, other, spread) = (
        _moments(y[..., -1]) for y in (arms.first, arms.second)
    )
    a, b = variance / n, spread / m
    df = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    return _found(mean - other, np.sqrt(a + b), df, level)


def _moments(y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Number, mean and variance over the patients seen; NaN where there are too few."""
    seen = ~np.isnan(y)
    n = seen.sum(axis=-1).astype(float)
    mean = np.where(seen, y, 0).sum(axis=-1) / n
    squares = (np.where(seen, y - mean[..., None], 0) ** 2).sum(axis=-1)
    return n, mean, squares / (n - 1)


def _mmrm(method: Any, arms: Arms, level: float) -> Found:
    found = unstructured.fit(arms.first, arms.second)
    return _found(found.estimate, found.se, found.df, level)


def _bayes_normal(method: Any, arms: Arms, level: float) -> Found:
    if arms.first.ndim == 4:
        estimate, se, _ = _within(arms)
    else:
        (n, mean, variance), (m, other, spread) = (
            _moments(y[..., -1]) for y in (arms.first, arms.second)
        )
        estimate, se = mean - other, np.sqrt(variance / n + spread / m)
    return Found(*conjugate.normal(estimate, se, method.prior_sd, level))


def _events(method: Any, arms: Arms) -> list[NDArray[np.int64]]:
    """Events and patients counted, of the first arm and of the second."""
    counts: list[NDArray[np.int64]] = []
    for y in (arms.first, arms.second):
        randomised = ~np.isnan(y).all(axis=-1)
        is_counted = randomised if method.missing_is == "no_event" else ~np.isnan(y[..., -1])
        counts += [(y[..., -1] == 1).sum(axis=-1), is_counted.sum(axis=-1)]
    return counts


def _fisher(method: Any, arms: Arms, level: float) -> Found:
    found = odds_ratios(*_events(method, arms), level=1 - level)
    return Found(np.log(found.estimate), np.log(found.lo), np.log(found.hi), found.p)


def _bayes_beta(method: Any, arms: Arms, level: float) -> Found:
    a, n, b, m = (count.astype(float) for count in _events(method, arms))
    prior = method.prior_events, method.prior_others
    return Found(*conjugate.beta(a, n, b, m, prior, level))


def _ordinal(method: Any, arms: Arms, level: float) -> Found:
    """Wald's test and interval."""
    from scipy.special import ndtri

    ends = [y[..., -1] for y in (arms.first, arms.second)]
    categories = np.unique(np.concatenate([y[~np.isnan(y)] for y in ends]))
    if len(categories) < 2:
        return Found(*np.full((4, len(ends[0])), np.nan))
    counts = [np.stack([(y == c).sum(axis=-1) for c in categories], axis=1) for y in ends]
    found = proportional_odds(*counts)
    half = -ndtri(level / 2) * found.se
    return Found(found.estimate, found.estimate - half, found.estimate + half, found.p)


def _rank_sum(method: Any, arms: Arms, level: float) -> Found:
    ends = [y[..., -1] for y in (arms.first, arms.second)]
    pairs = np.prod([(~np.isnan(y)).sum(axis=-1) for y in ends], axis=0)
    found = rank_sum(*ends)
    none = np.full(len(found.p), np.nan)
    return Found(found.statistic / pairs - 0.5, none, none, found.p)


def _paired(method: Any, arms: Arms, level: float) -> Found:
    if arms.first.shape[1] == 1:
        n, mean, variance = _moments((arms.first - arms.second)[:, 0, :, -1])
        return _found(mean, np.sqrt(variance / n), n - 1, level)
    return _found(*_within(arms), level)


def _within(arms: Arms) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Difference within patients, error and degrees of freedom.

    Every other patient has sham first; the mean of both orders takes out a change of period.
    """
    n_cycles, own, _ = _moments((arms.first - arms.second)[..., -1])
    own = np.where(n_cycles > 0, own, np.nan)
    (n, mean, variance), (m, other, spread) = (_moments(own[:, k::2]) for k in (0, 1))
    df = n + m - 2
    pooled = ((n - 1) * variance + (m - 1) * spread) / df
    return (mean + other) / 2, np.sqrt(pooled * (1 / n + 1 / m)) / 2, df


def _lmm_crossover(method: Any, arms: Arms, level: float) -> Found:
    """Periods as rows: who lacks one still tells by the other. Orders are those of `_within`."""
    y = np.concatenate([arms.first[..., -1], arms.second[..., -1]], axis=-1)
    _, patients, cycles, _ = arms.first.shape
    is_active = np.repeat([1.0, 0.0], cycles)
    period = np.tile(2 * np.arange(cycles), 2) + (1 - is_active).astype(int)
    orders = [period, period + np.where(is_active == 1, 1, -1)]
    rows = [
        np.stack([np.ones(2 * cycles), is_active, *np.eye(2 * cycles)[1:, own]], axis=1)
        for own in orders
    ]
    return _effect(method, y, np.stack([rows[i % 2] for i in range(patients)]), 1, level)


ANALYSES: dict[str, Callable[[Any, Arms, float], Found]] = {
    "lmm_slopes": _lmm_slopes,
    "lmm_end": _lmm_end,
    "mmrm": _mmrm,
    "t_test": _t_test,
    "bayes_normal": _bayes_normal,
    "fisher": _fisher,
    "bayes_beta": _bayes_beta,
    "ordinal": _ordinal,
    "rank_sum": _rank_sum,
    "paired": _paired,
    "lmm_crossover": _lmm_crossover,
}


def truth(method: Any, arms: Arms) -> FloatArray:
    """Return what a method estimates, of one very large trial in which no report is missing.

    Shape (1 + blocks,): of all patients, then without each block of them (`truth_error.py`).
    """
    if arms.own_difference.size:
        return _means(arms.own_difference[0, :, -1:])[:, 0]
    if method.targets == "slope":
        return _slope(_means(arms.first[0]))
    if method.targets == "difference_of_slopes":
        return _slope(_means(arms.first[0]) - _means(arms.second[0]))
    ends = arms.first[0][..., -1:], arms.second[0][..., -1:]
    if method.targets in ("difference_at_end", "log_odds_ratio"):
        a, b = (_means(y)[:, 0] for y in ends)
        return a - b if method.targets == "difference_at_end" else np.log(a / (1 - a) / b * (1 - b))
    categories = np.unique(np.concatenate([y[~np.isnan(y)] for y in ends]))
    first, second = (_tallies(y, categories) for y in ends)
    if method.targets == "common_log_odds_ratio":
        return np.asarray(proportional_odds(first, second).estimate)
    below = np.cumsum(second, axis=1) - second / 2  # ties count one half
    pairs = first.sum(axis=1) * second.sum(axis=1)
    return np.asarray((first * below).sum(axis=1) / pairs - 0.5)


def _left_out(sums: FloatArray) -> FloatArray:
    """Return totals, then totals without each block; sums by block on the first axis."""
    whole = sums.sum(axis=0, keepdims=True)
    return np.concatenate([whole, whole - sums])


def _blocks(y: FloatArray) -> NDArray[np.int64]:
    """Return the block of every value but those of the last axis; patients come first."""
    of_patient = block_of(len(y)).reshape(-1, *[1] * (y.ndim - 2))
    return np.broadcast_to(of_patient, y.shape[:-1]).ravel()


def _means(y: FloatArray) -> FloatArray:
    """Return means over patients (and cycles), shape (1 + blocks, last axis); NaN is left out."""
    block, flat = _blocks(y), y.reshape(-1, y.shape[-1])
    seen = ~np.isnan(flat)
    n, total = (
        np.stack([np.bincount(block, column, minlength=BLOCKS) for column in values.T], axis=1)
        for values in (seen.astype(float), np.where(seen, flat, 0.0))
    )
    return np.asarray(_left_out(total) / _left_out(n))


def _tallies(y: FloatArray, categories: FloatArray) -> FloatArray:
    """Return how many are in each category, shape (1 + blocks, categories)."""
    values = y[..., 0].ravel()
    seen = ~np.isnan(values)
    place = _blocks(y)[seen] * len(categories) + np.searchsorted(categories, values[seen])
    tally = np.bincount(place, minlength=BLOCKS * len(categories)).astype(float)
    return _left_out(tally.reshape(BLOCKS, -1))


def _slope(mean: FloatArray) -> FloatArray:
    """Least-squares slope over sessions, on the last axis."""
    at = np.arange(mean.shape[-1]) - (mean.shape[-1] - 1) / 2
    return np.asarray(mean @ at / (at @ at))
