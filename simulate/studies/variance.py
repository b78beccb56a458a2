"""How much of the spread of a Bayesian rule's results is worlds, training cohorts, or cohorts.

Here: counts by posterior, and the nested analysis of variance of them. Not here: the posteriors
(`learning.py`).

Missed responders per 100 of evaluation cohort r, judged by posterior t of world m, are
y = mean + a_m + b_mt + e_mtr with independent parts. Their variances are estimated by equating mean
squares of the unbalanced nested design with their expectations (Searle, Casella and McCulloch 1992,
chapter 3 and appendix F); a negative estimate is told as 0. More worlds shrink the part of the
first in the error of the mean, more training cohorts that of the second, more replicates that of
the third alone.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_WHAT = ("n_replicates", "fn", "fn__fn")
PARTS = ("world", "training", "cohort")


def columns(n_posteriors: int) -> tuple[str, ...]:
    """Names of the counts by posterior: replicates judged by it, sum and sum of squares of fn."""
    return tuple(f"posterior_{k}_{what}" for k in range(n_posteriors) for what in _WHAT)


class Split(NamedTuple):
    """Variances of the three parts (of `PARTS`), NaN where a part cannot be told, and numbers."""

    variance: tuple[float, float, float]
    n: tuple[int, int, int]


def nested(
    world: NDArray[np.int64], n: FloatArray, total: FloatArray, squares: FloatArray
) -> Split:
    """Split the variance of values within groups within worlds.

    Parameters
    ----------
    world
        World of each group (a posterior), as codes 0, 1, ...
    n, total, squares
        Values of each group: how many (1 or more), their sum, the sum of their squares.
    """
    every, groups = n.sum(), len(n)
    by_world = np.bincount(world, n)
    worlds = len(by_world)
    of_group, of_world = total / n, np.bincount(world, total) / by_world
    mean = total.sum() / every
    within = float(np.maximum(squares - total**2 / n, 0).sum())
    between = float((n * (of_group - of_world[world]) ** 2).sum())
    across = float((by_world * (of_world - mean) ** 2).sum())
    uneven = np.bincount(world, n**2) / by_world
    cohort = within / (every - groups) if every > groups else np.nan
    training = np.nan
    if groups > worlds:
        size = (every - uneven.sum()) / (groups - worlds)
        training = float(np.maximum(0.0, (between / (groups - worlds) - cohort) / size))
    of_worlds = np.nan
    if worlds > 1:
        inner = (uneven.sum() - (n**2).sum() / every) / (worlds - 1)
        size = (every - (by_world**2).sum() / every) / (worlds - 1)
        of_worlds = float(
            np.maximum(0.0, (across / (worlds - 1) - cohort - inner * training) / size)
        )
    return Split((of_worlds, training, cohort), (worlds, groups, int(every)))


def variance(cell: pd.DataFrame, n_posteriors: int) -> pd.DataFrame:
    """Return the split of missed responders per 100 who start, by cell over its worlds.

    Parameters
    ----------
    cell
        One row a cell and world: rule, parameters, test_sessions, threshold_pct, n_patients,
        n_replicates and `columns(n_posteriors)`.

    Returns
    -------
    pandas.DataFrame
        rule, parameters, test_sessions, threshold_pct, part (`world`, `training`, `cohort`), sd
        (of that part, per 100), share_pct (of the sum of variances), error_of_mean (what the part
        adds to the standard error of the mean over worlds, per 100), n (worlds, posteriors,
        cohorts). NaN where there is one world, or one posterior a world.
    """
    rows = []
    keys = ["rule", "parameters", "test_sessions", "threshold_pct"]
    for key, own in cell.groupby(keys, sort=False, dropna=False):
        code, n, total, squares = _groups(own, n_posteriors)
        split = nested(code, n, total, squares)
        whole = np.nansum(split.variance)
        for part, value, number in zip(PARTS, split.variance, split.n, strict=True):
            share = 100 * value / whole if whole > 0 else np.nan
            error = np.sqrt(value / number)
            rows.append((*key, part, np.sqrt(value), share, error, number))
    return pd.DataFrame(rows, columns=[*keys, "part", "sd", "share_pct", "error_of_mean", "n"])


def _groups(own: pd.DataFrame, n_posteriors: int) -> tuple[Any, Any, Any, Any]:
    """World, number, sum and squares of missed per 100 by posterior with any replicate."""
    per = 100 * own["n_replicates"].to_numpy(float) / own["n_patients"].to_numpy(float)
    parts = []
    for k in range(n_posteriors):
        n, total, squares = (own[f"posterior_{k}_{what}"].to_numpy(float) for what in _WHAT)
        parts.append((np.arange(len(own)), n, per * total, per**2 * squares))
    world, n, total, squares = (np.concatenate(part) for part in zip(*parts, strict=True))
    some = n > 0
    return world[some], n[some], total[some], squares[some]
