"""What a study says over many worlds: means and spread between worlds, with their errors.

Here: pure functions of a study's tables. Worlds weigh alike, as members 1..n of n equal parts of an
ensemble do. Not here: one world's figures (`performance.py`, `choice.py`), figures that choose
(`lengths.py`, `knowing.py`).

Three kinds of doubt stay apart: the error of a figure, the spread between worlds, which more
cohorts do not shrink, and the rate of exchange, which no simulation knows.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.choice import BY_RULE

FloatArray = NDArray[np.float64]
SPREAD = (0.05, 0.95)
DRAWS = 100
"""Of Monte Carlo errors, for the error of a quantile: known to 7 %."""
_PARTS = ("", "_mcse", "_error")
KEYS = [*(name for name in BY_RULE if name != "scenario_id"), "test_sessions"]
ON_FRONTIER = {
    "missed_per_100": "missed_per_100",
    "sessions_without_long_term_relief_per_100": "sessions_per_100",
}


def across(performance: pd.DataFrame, cell: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Return measures over the worlds of a study.

    Parameters
    ----------
    performance, cell
        `study_performance` and `study_cell`.

    Returns
    -------
    pandas.DataFrame
        One row a truth, rule, threshold, lag, length and measure: mean over worlds, `lo` and `hi`
        that hold nine worlds of ten, n_worlds; `mcse` of the mean, had other cohorts been simulated
        in the same worlds, and `error`, had other worlds been drawn too (SD over worlds / root of
        their number, which holds the Monte Carlo errors), and both of `lo` and `hi`. A measure that
        nobody defines in a world is that of the others.
    """
    chosen = performance[performance["measure"].isin(measures)]
    truth = cell[["cell_id", "estimand", "horizon_session", "cut_pct", "parameters"]]
    rows = chosen.merge(truth, on="cell_id", validate="many_to_one")
    named = [*KEYS, "measure"]
    place = rows.groupby(named, dropna=False).ngroup().to_numpy()
    found = rows[named].iloc[np.unique(place, return_index=True)[1]].reset_index(drop=True)
    which, world = np.unique(rows["scenario_id"], return_inverse=True)
    values, errors = np.full((2, len(found), len(which)), np.nan)
    values[place, world], errors[place, world] = rows["estimate"], rows["mcse"]
    found["n_worlds"] = np.bincount(place, minlength=len(found))
    for name in ("mean", "mcse", "error", *(a + b for a in ("lo", "hi") for b in _PARTS)):
        found[name] = np.nan
    for n, own in _by_number(values):
        some = ~np.isnan(values[own])
        x, e = (part[own][some].reshape(-1, n) for part in (values, errors))
        for name, told in _spread(x, e).items():
            found.loc[own, name] = told
    return found


def _by_number(values: FloatArray) -> list[tuple[int, NDArray[np.int64]]]:
    """Return rows by how many worlds define them."""
    n = (~np.isnan(values)).sum(axis=1)
    return [(int(k), np.flatnonzero(n == k)) for k in np.unique(n) if k]


def _spread(x: FloatArray, error: FloatArray) -> dict[str, FloatArray]:
    """Return mean and quantiles over worlds (last axis) with their errors.

    The Monte Carlo error of a quantile is that of worlds moved by normal errors of theirs; its
    whole error is that of Maritz and Jarrett (1978, JASA 73:194), the bootstrap's without drawing,
    which is a little too large in the tails (by a sixth of 100 normal worlds).
    """
    n, nothing = x.shape[1], np.full(len(x), np.nan)
    mcse = np.sqrt((error**2).sum(axis=1)) / n
    whole = np.fmax(x.std(axis=1, ddof=1) / np.sqrt(n), mcse) if n > 1 else nothing
    found = {"mean": x.mean(axis=1), "mcse": mcse, "error": whole}
    rng, moved = np.random.default_rng(1), np.empty((DRAWS, 2, len(x)))
    for k in range(DRAWS):
        moved[k] = np.quantile(x + error * rng.standard_normal(x.shape), SPREAD, axis=1)
    for name, at, value, draws in zip(
        ("lo", "hi"), SPREAD, np.quantile(x, SPREAD, axis=1), moved.swapaxes(0, 1), strict=True
    ):
        mcse = draws.std(axis=0)
        whole = np.fmax(_of_quantile(x, at), mcse) if n > 1 else nothing
        found |= {name: value, f"{name}_mcse": mcse, f"{name}_error": whole}
    return found


def _of_quantile(x: FloatArray, at: float) -> FloatArray:
    """Return the error of a quantile over the last axis by the beta law of its place in order."""
    from scipy.stats import beta

    n = x.shape[1]
    place = at * (n - 1) + 1  # between which it is read (Hyndman and Fan 1996, definition 7)
    weight = np.diff(beta.cdf(np.arange(n + 1) / n, place, n - place + 1))
    ordered = np.sort(x, axis=1)
    return np.asarray(np.sqrt(np.maximum((ordered**2) @ weight - (ordered @ weight) ** 2, 0)))


def frontier(measures: pd.DataFrame) -> pd.DataFrame:
    """Return the plain frontier of means over worlds: no rate of exchange enters.

    Parameters
    ----------
    measures
        Rows of `across` of one truth and lag, with the two measures in `ON_FRONTIER`.

    Returns
    -------
    pandas.DataFrame
        One row an attainable rule, threshold and length: missed_per_100, sessions_per_100 (given
        without long-term relief), each a mean over worlds with `_lo` and `_hi` that hold nine
        worlds of ten and its errors `_mcse` and `_error`; is_on_frontier, judged by the means.
    """
    from simulate.studies.choice import is_on_frontier
    from simulate.studies.rules import UNATTAINABLE

    keys, told = KEYS, measures[~measures["rule"].isin(UNATTAINABLE)]
    sides = []
    for measure, name in ON_FRONTIER.items():
        own = told[told["measure"] == measure]
        named = {"mean": name} | {part: f"{name}_{part}" for part in ("lo", "hi", "mcse")}
        sides.append(own[[*keys, *named]].rename(columns=named))
    rows = sides[0].merge(sides[1], on=keys, validate="one_to_one")
    return rows.assign(is_on_frontier=is_on_frontier(rows))
