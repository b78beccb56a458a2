"""Which length: the plain frontier first, a best one only at a stated rate of exchange.

Here: frontier, loss and regret of every length at a rate, the shortest length that misses hardly
more than the longest, world by world. There is no default utility: with no rate at all the longest
test is best by construction, and says so. Not here: how worlds differ in what is best
(`lengths.py`).

A rate of q says that q test sessions are worth spending to find one more long-term responder. The
loss of a length is test sessions + q x missed responders, per 100 who start, and its regret the
loss beyond that of the best length of the same rule and threshold: across thresholds a rule that
accepts everybody at once would be free, and the sessions that follow are on the frontier.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simulate.studies.performance import MEASURES
from simulate.studies.ratios import Ratio, ratio
from simulate.studies.rules import UNATTAINABLE
from simulate.studies.sums import COUNTS

if TYPE_CHECKING:
    from simulate.studies.design import Design

BY_WORLD = ["scenario_id", "estimand", "horizon_session", "cut_pct"]
BY_RULE = [*BY_WORLD, "rule", "parameters", "threshold_pct", "decision_n_lag_visits"]
TESTED = Ratio({"n_test_sessions": 1}, {"n_patients": 1}, per=100)


def choices(design: "Design", cell: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell with its place on the frontier and what it is best at.

    Returns
    -------
    pandas.DataFrame
        study, scenario_id, cell_id, rule ... cut_pct, missed_per_100, sessions_per_100 (given
        without long-term relief), test_sessions_per_100, each with its MCSE, is_on_frontier (no
        other attainable cell of the truth misses fewer for no more sessions without long-term
        relief), is_shortest_sufficient (the fewest test sessions of its rule and threshold within
        `within_missed_per_100` of the longest one), is_shortest_near_least (the same of the one
        that misses fewest: those who leave count as missed, so that the longest may miss more
        again), and for every rate q `loss_at_q`,
        `loss_at_q_mcse`, `regret_at_q`, `is_best_at_q`, among the lengths of its rule and
        threshold; a rule of one length has no best one. Truths that leave patients out are not
        judged.
    """
    judged = cell[judges_all(cell)].reset_index(drop=True)
    missed, missed_mcse, _ = ratio(judged, MEASURES["missed_per_100"])
    spent, spent_mcse, _ = ratio(judged, MEASURES["sessions_without_long_term_relief_per_100"])
    tested, tested_mcse, _ = ratio(judged, TESTED)
    rows = judged[["study", "cell_id", *BY_RULE, "test_sessions", "is_headline"]].assign(
        missed_per_100=missed,
        missed_per_100_mcse=missed_mcse,
        sessions_per_100=spent,
        sessions_per_100_mcse=spent_mcse,
        test_sessions_per_100=tested,
        test_sessions_per_100_mcse=tested_mcse,
    )
    attainable = ~rows["rule"].isin(UNATTAINABLE)
    rows["is_on_frontier"] = False
    for _, own in rows[attainable].groupby(BY_WORLD):
        rows.loc[own.index, "is_on_frontier"] = is_on_frontier(own)
    within = design.performance.within_missed_per_100
    rows["is_shortest_sufficient"] = _shortest(rows, within, "test_sessions", "idxmax")
    rows["is_shortest_near_least"] = _shortest(rows, within, "missed_per_100", "idxmin")
    by_rule = [rows[name] for name in BY_RULE]
    has_choice = rows.groupby(BY_RULE, dropna=False)["test_sessions"].transform("nunique") > 1
    for rate in design.performance.sessions_per_responder:
        weighted = Ratio({"n_test_sessions": 1, "fn": rate}, {"n_patients": 1}, per=100)
        loss, mcse, _ = ratio(judged, weighted)
        least = pd.Series(loss).groupby(by_rule, dropna=False).transform("min")
        rows[f"loss_at_{rate:g}"], rows[f"loss_at_{rate:g}_mcse"] = loss, mcse
        rows[f"regret_at_{rate:g}"] = loss - least
        rows[f"is_best_at_{rate:g}"] = has_choice & attainable & (loss == least)
    return rows


def judges_all(cell: pd.DataFrame) -> pd.Series:
    """Tell of each cell whether its truth leaves no patient out."""
    return cell[list(COUNTS)].sum(axis=1) == cell["n_patients"]


def is_on_frontier(rows: pd.DataFrame) -> np.ndarray:
    """Tell of each row whether no other misses fewer for no more sessions, or as many for fewer.

    Parameters
    ----------
    rows
        `missed_per_100` and `sessions_per_100` of attainable rules, one truth.
    """
    order = rows.sort_values(["sessions_per_100", "missed_per_100"], kind="stable")
    fewest = order["missed_per_100"].cummin().shift(fill_value=np.inf)
    on = (order["missed_per_100"] < fewest).rename("on")
    return on.reindex(rows.index).to_numpy()


def _shortest(rows: pd.DataFrame, within: float, column: str, extreme: str) -> np.ndarray:
    """Whether a row is the shortest of its rule and threshold that misses hardly more than one.

    That one is the row whose `column` is the largest (`idxmax`) or least (`idxmin`).
    """
    by_rule = rows.groupby(BY_RULE, dropna=False)
    other = rows.loc[by_rule[column].agg(extreme)]
    of_other = rows[BY_RULE].merge(other[[*BY_RULE, "missed_per_100"]], on=BY_RULE, how="left")
    enough = rows["missed_per_100"] <= of_other["missed_per_100"].to_numpy() + within
    first = (
        rows["test_sessions"]
        .where(enough)
        .groupby([rows[c] for c in BY_RULE], dropna=False)
        .transform("min")
    )
    return (enough & (rows["test_sessions"] == first)).to_numpy()
