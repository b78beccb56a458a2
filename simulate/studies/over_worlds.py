"""What a study says over many worlds: means, spread between worlds, and what knowing one is worth.

Here: pure functions of a study's tables. Worlds weigh alike, as members 1..n of n equal parts of an
ensemble do. Not here: one world's figures (`performance.py`, `choice.py`).

Three kinds of doubt stay apart: the Monte Carlo error of a mean, the spread between worlds, which
more cohorts do not shrink, and the rate of exchange, which no simulation knows.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulate.studies.design import Design

FloatArray = NDArray[np.float64]
SPREAD = (0.05, 0.95)
SHUFFLES = 200
QUESTIONS = {  # what one might know: parameter or structure of a world
    "session-to-session noise": "noise_sd",
    "noise alike, by session or by patient": "noise",
    "discordance of the recorded assessment": "assessment_sd",
    "sessions to half of the gain": "half_gain_sessions",
    "family of curves": "curve",
    "share of patients with any rise": "rise_share",
    "stops for want of relief": "efficacy_at_zero",
    "stops for other reasons": "other_hazard",
    "stops by report or by what is felt": "drop_out",
    "missing reports of session 4": "missing_responder_4",
}
TRUTH = ["estimand", "horizon_session", "cut_pct"]
KEYS = (*TRUTH, "rule", "parameters", "threshold_pct",
        "decision_n_lag_visits", "test_sessions")  # fmt: skip

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
        One row a truth, rule, threshold, lag, length and measure: mean over worlds, its Monte
        Carlo error `mcse`, `lo` and `hi` that hold nine worlds of ten, n_worlds.
    """
    chosen = performance[performance["measure"].isin(measures)]
    truth = cell[["cell_id", "estimand", "horizon_session", "cut_pct", "parameters"]]
    rows = chosen.merge(truth, on="cell_id", validate="many_to_one")
    grouped = rows.groupby([*KEYS, "measure"], dropna=False)
    found = grouped["estimate"].agg(
        mean="mean", lo=lambda x: x.quantile(SPREAD[0]), hi=lambda x: x.quantile(SPREAD[1]),
        n_worlds="size",
    )  # fmt: skip
    squared = grouped["mcse"].agg(lambda x: float(np.sqrt((x**2).sum(min_count=1)) / len(x)))
    return found.assign(mcse=squared).reset_index()


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
        worlds of ten and its Monte Carlo error `_mcse`; is_on_frontier, judged by the means.
    """
    from simulate.studies.choice import is_on_frontier
    from simulate.studies.rules import UNATTAINABLE

    keys, told = list(KEYS), measures[~measures["rule"].isin(UNATTAINABLE)]
    sides = []
    for measure, name in ON_FRONTIER.items():
        own = told[told["measure"] == measure]
        named = {"mean": name} | {part: f"{name}_{part}" for part in ("lo", "hi", "mcse")}
        sides.append(own[[*keys, *named]].rename(columns=named))
    rows = sides[0].merge(sides[1], on=keys, validate="one_to_one")
    return rows.assign(is_on_frontier=is_on_frontier(rows))


def worlds_table(design: "Design") -> pd.DataFrame:
    """Return parameters and structures of every world, indexed by `scenario_id`."""
    from simulate.members import parameters_for
    from simulate.studies.worlds import worlds

    every = worlds(design)
    rows = [parameters_for(world, design.seed, [0]).to_frame() for world in every]
    table = pd.concat(rows, ignore_index=True)
    return table.set_index(pd.Index([world.scenario_id for world in every], name="scenario_id"))


def value_of_knowing(
    loss: pd.DataFrame, worlds: pd.DataFrame, questions: dict[str, str] | None = None, seed: int = 1
) -> pd.DataFrame:
    """Return what knowing one thing of the world is worth for choosing a length.

    The expected gain in loss from choosing the best length once a parameter is known, over choosing
    it now (expected value of partial perfect information), by regression of each length's loss on
    the parameter (Strong, Oakley and Brennan 2014): a parabola of its rank, or a mean of each code.
    What chance would give, the mean over shuffled worlds, is taken off; never below 0.

    Parameters
    ----------
    loss
        Loss by world (rows, `scenario_id`) and length (columns).
    worlds
        From `worlds_table`.
    questions
        Words and column; `QUESTIONS` if not given.

    Returns
    -------
    pandas.DataFrame
        question, value (in the unit of the loss), share of `everything`; the last row is
        `everything`, the value of knowing the world. What is the same in all worlds has no row.
    """
    table = loss.to_numpy(float)
    now = table.mean(axis=0).min()
    rng = np.random.default_rng(seed)
    everything = max(now - table.min(axis=1).mean(), 0.0)  # not a rounding below it
    rows = []
    for words, column in (questions or QUESTIONS).items():
        values = worlds.loc[loss.index, column]
        if is_alike(values):
            continue
        basis = _basis(values)
        raw = now - _fitted(basis, table).min(axis=1).mean()
        chance = np.mean(
            [now - _fitted(basis[rng.permutation(len(basis))], table).min(axis=1).mean()
             for _ in range(SHUFFLES)]
        )  # fmt: skip
        rows.append((words, max(raw - chance, 0.0)))
    rows = sorted(rows, key=lambda row: -row[1])
    found = pd.DataFrame([*rows, ("everything", everything)], columns=["question", "value"])
    share = found["value"] / everything if everything > 0 else 0.0
    return found.assign(share_of_everything=share)


def knowing_by_rate(choice: pd.DataFrame, design: "Design") -> pd.DataFrame:
    """Return the value of knowing for every truth and stated rate, of one rule and threshold.

    Parameters
    ----------
    choice
        `study_choice` of one rule, threshold and lag, all worlds.

    Returns
    -------
    pandas.DataFrame
        Rows of `value_of_knowing` with estimand, horizon_session, cut_pct, sessions_per_responder
        and n_worlds.
    """
    worlds, found = worlds_table(design), []
    for truth, rows in choice.groupby(TRUTH, sort=False):
        for rate in design.performance.sessions_per_responder:
            loss = rows.pivot_table(
                index="scenario_id", columns="test_sessions", values=f"loss_at_{rate:g}"
            )
            keys: dict[str, Any] = dict(zip(TRUTH, truth, strict=True))
            keys |= {"sessions_per_responder": rate, "n_worlds": len(loss)}
            found.append(value_of_knowing(loss, worlds).assign(**keys))
    return pd.concat(found, ignore_index=True)


def is_alike(values: pd.Series) -> bool:
    """Tell whether something is the same in all worlds, so that nothing is left to know."""
    return bool((values == values.iloc[0]).all())


def _basis(values: pd.Series) -> FloatArray:
    """Return regressors: one column a code, or a parabola of the rank."""
    if not pd.api.types.is_numeric_dtype(values):
        return pd.get_dummies(values).to_numpy(float)
    rank = values.rank().to_numpy(float)
    scaled = (rank - rank.mean()) / rank.std()
    return np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)


def _fitted(basis: FloatArray, table: FloatArray) -> FloatArray:
    coefficients, *_ = np.linalg.lstsq(basis, table, rcond=None)
    return np.asarray(basis @ coefficients)


def step(choice: pd.DataFrame, lengths: tuple[int, int]) -> dict[str, float]:
    """Return what going from one length to another changes, over the worlds.

    Parameters
    ----------
    choice
        `study_choice` of one truth, rule, threshold and lag.
    lengths
        From, to.

    Returns
    -------
    dict
        `fewer_missed` of 100, `fewer_missed_lo`, `fewer_missed_hi` (nine worlds of ten),
        `more_test_sessions` per 100, `sessions_per_found` (their ratio, NaN where nobody more is
        found), `share_of_worlds` in which fewer are missed.
    """
    wide = choice.pivot_table(
        index="scenario_id", columns="test_sessions",
        values=["missed_per_100", "test_sessions_per_100"],
    )  # fmt: skip
    before, after = lengths
    fewer = wide["missed_per_100"][before] - wide["missed_per_100"][after]
    more = wide["test_sessions_per_100"][after] - wide["test_sessions_per_100"][before]
    return {
        "fewer_missed": float(fewer.mean()),
        "fewer_missed_lo": float(fewer.quantile(SPREAD[0])),
        "fewer_missed_hi": float(fewer.quantile(SPREAD[1])),
        "more_test_sessions": float(more.mean()),
        "sessions_per_found": float(more.mean() / fewer.mean()) if fewer.mean() > 0 else np.nan,
        "share_of_worlds": float((fewer > 0).mean()),
    }
