"""Lengths over worlds: in how many one is best, or near the least missed, and what a step changes.

Here: figures of one rule at all its lengths, each with two errors (`resampling.py`): `_mcse`, had
other cohorts been simulated in the same worlds, and `_error`, had other worlds been drawn too. Not
here: the choice in one world (`choice.py`), what knowing the world is worth (`knowing.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from simulate.studies.over_worlds import SPREAD
from simulate.studies.resampling import Lengths, Sample, by_rule, quantiles

Figures = dict[str, Any]


def best_lengths(
    rows: pd.DataFrame, rates: tuple[float, ...], weight: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return how often each length is best at each rate, and what it loses to the best.

    Parameters
    ----------
    rows
        `study_block` of one or more worlds.
    rates
        Test sessions worth spending to find one more long-term responder.
    weight
        Of the worlds, by `scenario_id`; alike if not given.

    Returns
    -------
    pandas.DataFrame
        One row a truth, rule, threshold, lag, length and rate (`sessions_per_responder`):
        share_best (of worlds), mean_regret and largest_regret (test sessions per 100 who start,
        beyond the best length of the same world), each with `_mcse` and `_error` (of the largest,
        which more worlds only raise, no `_error`); n_worlds. A regret is that of the means of its
        cohorts: where two lengths are hardly apart it is a little too large.
    """

    def figures(own: Lengths) -> Iterator[Figures]:
        for rate in rates:
            told = own.told(lambda s, rate=rate: _best(s, rate), shares=("share_best",))  # type: ignore[misc]
            del told["largest_regret_error"]
            yield told | {"test_sessions": own.test_sessions, "sessions_per_responder": rate}

    return _table(rows, weight, figures)


def _best(sample: Sample, rate: float) -> Figures:
    loss = sample.loss(rate)
    regret = loss - loss.min(axis=-1, keepdims=True)
    several = loss.shape[-1] > 1  # one length is no choice
    return {
        "share_best": sample.by_length((regret == 0) & several),
        "mean_regret": sample.by_length(regret),
        "largest_regret": regret.max(axis=-2),
    }


def near_least(rows: pd.DataFrame, within: float) -> pd.DataFrame:
    """Return in how many worlds each length is the shortest near the one that misses fewest.

    Parameters
    ----------
    rows
        `study_block` of one or more worlds, which weigh alike.
    within
        How many more of 100 it may miss.

    Returns
    -------
    pandas.DataFrame
        One row a truth, rule, threshold, lag and length, of rules of several lengths: n_shortest
        (worlds), share_of_worlds with `_mcse` and `_error`, n_worlds. Shares of a rule add up to 1.
    """

    def figures(own: Lengths) -> Iterator[Figures]:
        if len(own.test_sessions) > 1:
            told = own.told(lambda s: _near(s, within), shares=("share_of_worlds",))
            n = np.rint(told["share_of_worlds"] * len(own.weight)).astype(np.int64)
            yield told | {"test_sessions": own.test_sessions, "n_shortest": n}

    return _table(rows, None, figures)


def _near(sample: Sample, within: float) -> Figures:
    missed = sample.missed
    enough = missed <= missed.min(axis=-1, keepdims=True) + within
    first = enough & (np.cumsum(enough, axis=-1) == 1)
    return {"share_of_worlds": sample.by_length(first)}


def steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what going from each length studied to the next one changes, over the worlds.

    Parameters
    ----------
    rows
        `study_block` of one or more worlds, which weigh alike.

    Returns
    -------
    pandas.DataFrame
        One row a truth, rule, threshold, lag and pair of lengths (`before`, `after`): fewer_missed
        of 100 who start (mean), fewer_missed_low and fewer_missed_high (nine worlds of ten lie
        between), more_test_sessions per 100, sessions_per_found (their ratio; no number where
        nobody more is found, its errors none where a draw finds nobody more), share_of_worlds in
        which fewer are missed; each with `_mcse` and `_error`; n_worlds.
    """

    def figures(own: Lengths) -> Iterator[Figures]:
        if len(own.test_sessions) > 1:
            lengths = own.test_sessions
            told = own.told(_step, shares=("share_of_worlds",))
            yield told | {"before": lengths[:-1], "after": lengths[1:]}

    return _table(rows, None, figures)


def _step(sample: Sample) -> Figures:
    fewer, more = -np.diff(sample.missed, axis=-1), np.diff(sample.tested, axis=-1)
    by_world = np.moveaxis(fewer, -1, 0)
    low, high = quantiles(by_world, sample.weight, SPREAD)
    found, spent = sample.by_length(fewer), sample.by_length(more)
    return {
        "fewer_missed": found,
        "fewer_missed_low": low.T,
        "fewer_missed_high": high.T,
        "more_test_sessions": spent,
        "sessions_per_found": spent / np.where(found > 0, found, np.nan),
        "share_of_worlds": sample.by_length(fewer > 0),
    }


def _table(
    rows: pd.DataFrame,
    weight: Mapping[str, float] | None,
    figures: Callable[[Lengths], Iterator[Figures]],
) -> pd.DataFrame:
    found = [
        pd.DataFrame(key | told | {"n_worlds": len(own.weight)})
        for key, own in by_rule(rows, weight)
        for told in figures(own)
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
