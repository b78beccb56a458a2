"""Which length: the plain frontier first, a best one only at a stated rate of exchange.

Here: frontier, best cell at a rate, shortest length that misses hardly more than the longest. There
is no default utility: with no rate at all the longest test is best by construction, and says so.

Cost counts sessions given without long-term relief, test sessions and later ones alike: counting
test sessions alone, accepting everybody at once would be free. At a rate of q sessions per
responder found, the loss of a cell is sessions given without long-term relief + q x missed
responders, per 100 who start.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simulate.studies.performance import MEASURES, Ratio, ratio

if TYPE_CHECKING:
    from simulate.studies.design import Design

BY_WORLD = ["scenario_id", "estimand", "horizon_session", "cut_pct"]
BY_RULE = [*BY_WORLD, "rule", "parameters", "threshold_pct", "decision_n_lag_visits"]
UNATTAINABLE = "oracle"


def choices(design: "Design", cell: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell with its place on the frontier and what it is best at.

    Returns
    -------
    pandas.DataFrame
        study, scenario_id, cell_id, rule ... cut_pct, missed_per_100, sessions_per_100 (given
        without long-term relief) with their MCSE, is_on_frontier (no other attainable cell of the
        truth misses fewer for no more sessions), is_shortest_sufficient (the fewest test sessions
        of its rule and threshold within `within_missed_per_100` of the longest one), and for every
        rate q `loss_at_q`, `loss_at_q_mcse`, `is_best_at_q` (of all attainable cells of the truth).
        Truths that leave patients out are not judged.
    """
    counted = cell[["tp", "fp", "fn", "tn"]].sum(axis=1)
    judged = cell[(counted == cell["n_patients"])].reset_index(drop=True)
    missed, missed_mcse, _ = ratio(judged, MEASURES["missed_per_100"])
    spent, spent_mcse, _ = ratio(judged, MEASURES["sessions_without_long_term_relief_per_100"])
    rows = judged[["study", "cell_id", *BY_RULE, "test_sessions", "is_headline"]].assign(
        missed_per_100=missed,
        missed_per_100_mcse=missed_mcse,
        sessions_per_100=spent,
        sessions_per_100_mcse=spent_mcse,
    )
    attainable = rows["rule"] != UNATTAINABLE
    rows["is_on_frontier"] = False
    for _, own in rows[attainable].groupby(BY_WORLD):
        rows.loc[own.index, "is_on_frontier"] = _is_on_frontier(own)
    rows["is_shortest_sufficient"] = _shortest(rows, design.performance.within_missed_per_100)
    for rate in design.performance.sessions_per_responder:
        weighted = Ratio({"n_sessions_without_relief": 1, "fn": rate}, {"n_patients": 1}, per=100)
        loss, mcse, _ = ratio(judged, weighted)
        rows[f"loss_at_{rate:g}"], rows[f"loss_at_{rate:g}_mcse"] = loss, mcse
        of_attainable = rows[f"loss_at_{rate:g}"].where(attainable)
        least = of_attainable.groupby([rows[c] for c in BY_WORLD]).transform("min")
        rows[f"is_best_at_{rate:g}"] = of_attainable == least
    return rows


def _is_on_frontier(rows: pd.DataFrame) -> np.ndarray:
    """Whether no other row misses fewer for no more sessions, or as many for fewer."""
    order = rows.sort_values(["sessions_per_100", "missed_per_100"], kind="stable")
    fewest = order["missed_per_100"].cummin().shift(fill_value=np.inf)
    on = (order["missed_per_100"] < fewest).rename("on")
    return on.reindex(rows.index).to_numpy()


def _shortest(rows: pd.DataFrame, within: float) -> np.ndarray:
    """Whether a row is the shortest of its rule and threshold that misses hardly more."""
    by_rule = rows.groupby(BY_RULE, dropna=False)
    longest = rows.loc[by_rule["test_sessions"].idxmax()]
    of_longest = rows[BY_RULE].merge(longest[[*BY_RULE, "missed_per_100"]], on=BY_RULE, how="left")
    enough = rows["missed_per_100"] <= of_longest["missed_per_100"].to_numpy() + within
    first = (
        rows["test_sessions"]
        .where(enough)
        .groupby([rows[c] for c in BY_RULE], dropna=False)
        .transform("min")
    )
    return (enough & (rows["test_sessions"] == first)).to_numpy()
