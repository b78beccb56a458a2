"""Net benefit over decision thresholds, of rules at one length beside all and none going on.

Here: a pure choice and mean of rows of `study_net_benefit`. Not here: the measure
(`performance.py`).
"""

import numpy as np
import pandas as pd

from simulate.studies.over_worlds import SPREAD

ALL, NONE = "treat_all", "treat_none"
OWN_THRESHOLD = ("bayes_fixed",)
"""Rules whose score is a chance: at a decision threshold of p they accept from p on."""
_LINE = ["rule", "parameters", "decision_threshold_pct"]


def curves(
    net_benefit: pd.DataFrame, cell: pd.DataFrame, test_sessions: int, threshold_pct: float
) -> pd.DataFrame:
    """Return the decision curves of a study, worlds weighing alike.

    Parameters
    ----------
    net_benefit, cell
        `study_net_benefit` and `study_cell`.
    test_sessions
        Length of the test period, at most where a rule may stop earlier.
    threshold_pct
        Least report of rules on reports, in percent; rules on a predicted chance are read at the
        decision threshold itself, and only where it was among theirs.

    Returns
    -------
    pandas.DataFrame
        rule, parameters, decision_threshold_pct, mean (long-term responders per 100 who start,
        less those without at the threshold's odds), mcse, lo, hi (nine worlds of ten), n_worlds;
        `treat_all` and `treat_none` are rules among them. Of reports known before the next visit.
    """
    about = cell[["cell_id", "parameters", "decision_n_lag_visits"]]
    rows = net_benefit.merge(about, on="cell_id", validate="many_to_one")
    rows = rows[(rows["test_sessions"] == test_sessions) & (rows["decision_n_lag_visits"] == 0)]
    by_chance = rows["rule"].isin(OWN_THRESHOLD)
    meant = np.where(by_chance, rows["decision_threshold_pct"], threshold_pct)
    rules = rows[rows["threshold_pct"] == meant]
    each = rows.drop_duplicates(["scenario_id", "decision_threshold_pct"])
    everybody = each.assign(
        rule=ALL, parameters="", net_benefit=each["treat_all"], mcse=each["treat_all_mcse"]
    )
    nobody = each.assign(rule=NONE, parameters="", net_benefit=0.0, mcse=0.0)
    drawn = pd.concat([rules, everybody, nobody]).dropna(subset=["net_benefit"])
    drawn[["net_benefit", "mcse"]] *= 100
    grouped = drawn.groupby(_LINE, sort=False)
    found = grouped["net_benefit"].agg(
        mean="mean", lo=lambda x: x.quantile(SPREAD[0]), hi=lambda x: x.quantile(SPREAD[1]),
        n_worlds="size",
    )  # fmt: skip
    errors = grouped["mcse"].agg(lambda x: float(np.sqrt((x**2).sum()) / len(x)))
    return found.assign(mcse=errors).reset_index()
