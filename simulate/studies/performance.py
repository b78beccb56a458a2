"""Performance measures of test periods from counts, each with its Monte Carlo standard error.

Here: pure functions, sums in, figures out. Not here: what is added up (`sums.py`), and the error of
a ratio (`ratios.py`).
"""

from collections.abc import Mapping
from math import nan
from types import MappingProxyType

import numpy as np
import pandas as pd

from simulate.studies.ratios import Ratio, error_of_all_alike, ratio
from simulate.studies.sums import COUNTS

LATE = "late_responders_per_100"
HAS_LATE = "has_reference"
"""Column of a cell: its test is longer than the reference, and its method was studied at that."""


def _share(over: str, *rest: str) -> Ratio:
    return Ratio({over: 1}, dict.fromkeys((over, *rest), 1), everyone=False, is_share=True)


def _per_100(**over: float) -> Ratio:
    return Ratio(over, {"n_patients": 1}, per=100)


def _of_100(**over: float) -> Ratio:
    return Ratio(over, {"n_patients": 1}, per=100, is_share=True)


MEASURES: Mapping[str, Ratio] = MappingProxyType(
    {
        "sensitivity": _share("tp", "fn"),
        "specificity": _share("tn", "fp"),
        "ppv": _share("tp", "fp"),
        "npv": _share("tn", "fn"),
        "prevalence": Ratio(
            {"tp": 1, "fn": 1}, dict.fromkeys(COUNTS, 1), everyone=False, is_share=True
        ),
        "accepted_per_100": _of_100(tp=1, fp=1),
        "missed_per_100": _of_100(fn=1),
        "missed_per_100_completers": Ratio(
            {"n_missed_completed": 1}, {"n_completed": 1}, per=100, is_share=True
        ),
        "sessions_without_long_term_relief_per_100": _per_100(n_sessions_without_relief=1),
        "sessions_without_long_term_relief_per_100_completers": Ratio(
            {"n_sessions_without_relief_completed": 1}, {"n_completed": 1}, per=100
        ),
        "weeks_without_long_term_relief_per_100": _per_100(n_days_without_relief=1 / 7),
        "expected_test_sessions": Ratio({"n_test_sessions": 1}, {"n_patients": 1}),
        "expected_test_weeks": Ratio({"n_test_days": 1 / 7}, {"n_patients": 1}),
        "test_sessions_per_responder_found": Ratio({"n_test_sessions": 1}, {"tp": 1}),
        "test_weeks_per_responder_found": Ratio({"n_test_days": 1 / 7}, {"tp": 1}),
        LATE: _of_100(n_late=1),
        "report_carried_forward_per_100": _of_100(n_carried=1),
        "without_report_per_100": _of_100(n_without_report=1),
    }
)


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell, as `ratio` takes them, with `cell_id` and, where some have nothing to be
        later than, `HAS_LATE`.
    measures
        Names of `MEASURES`. Those about everyone who starts are NaN with n 0 where the truth of a
        cell leaves patients out, late responders where there is no shorter test to compare with.
    """
    counted = rows[list(COUNTS)].sum(axis=1).to_numpy()
    leaves_out = counted < rows["n_patients"].to_numpy()
    frames = []
    for name in measures:
        estimate, mcse, n = ratio(rows, MEASURES[name])
        hidden = leaves_out & MEASURES[name].everyone
        if name == LATE and HAS_LATE in rows:
            hidden = hidden | ~rows[HAS_LATE].to_numpy(bool)
        frames.append(
            pd.DataFrame(
                {
                    "cell_id": rows["cell_id"].to_numpy(),
                    "measure": name,
                    "estimate": np.where(hidden, nan, estimate),
                    "mcse": np.where(hidden, nan, mcse),
                    "n": np.where(hidden, 0, n).astype(np.int64),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def net_benefit(rows: pd.DataFrame, decision_threshold_pct: float) -> pd.DataFrame:
    """Return net benefit of each cell, of treating all and of treating none, with errors.

    Net benefit is (tp - fp p / (1 - p)) / n at a decision threshold of probability p (Vickers and
    Elkin 2006): true responders per patient, less those who go on without long-term relief at the
    rate of exchange that the threshold states. Treating none is 0.

    Returns
    -------
    pandas.DataFrame
        `cell_id`, `decision_threshold_pct`, `net_benefit`, `mcse`, `treat_all`, `treat_all_mcse`;
        NaN where the truth of a cell leaves patients out.
    """
    odds = decision_threshold_pct / (100 - decision_threshold_pct)
    rule = Ratio({"tp": 1, "fp": -odds}, {"n_patients": 1})
    everyone = Ratio({"tp": 1, "fn": 1, "fp": -odds, "tn": -odds}, {"n_patients": 1})
    hidden = rows[list(COUNTS)].sum(axis=1).to_numpy() < rows["n_patients"].to_numpy()
    columns = dict(
        zip(
            ("net_benefit", "mcse", "treat_all", "treat_all_mcse"),
            (*ratio(rows, rule)[:2], *ratio(rows, everyone)[:2]),
            strict=True,
        )
    )
    nobody = (rows["tp"] + rows["fp"]).to_numpy() == 0  # is accepted: a share that is 0
    at_most = max(1.0, odds) * error_of_all_alike(rows["n_replicates"])
    columns["mcse"] = np.where(nobody, at_most, columns["mcse"])
    named = {
        "cell_id": rows["cell_id"].to_numpy(),
        "decision_threshold_pct": decision_threshold_pct,
    }
    return pd.DataFrame(named | {k: np.where(hidden, nan, v) for k, v in columns.items()})


def observed(rows: pd.DataFrame, followed_share_of_declined: float) -> pd.DataFrame:
    """Return what a centre would find that knows the outcome only of those who go on.

    Sensitivity and the like of cells whose truth is `observable_survivors` (a score on record at
    the horizon), where of the declined only a share is followed at all: verification bias (Begg and
    Greenes 1983). The measures are named `observed_sensitivity` and so on.
    """
    v = followed_share_of_declined
    weight = {"tp": 1.0, "fp": 1.0, "fn": v, "tn": v}
    ratios = {
        f"observed_{name}": Ratio(
            {k: weight[k] for k in MEASURES[name].over},
            {k: weight[k] for k in MEASURES[name].under},
            is_share=True,
        )
        for name in ("sensitivity", "specificity", "ppv", "npv")
    }
    frames = []
    for name, measure in ratios.items():
        estimate, mcse, n = ratio(rows, measure)
        values = {"estimate": estimate, "mcse": mcse, "n": np.round(n).astype(np.int64)}
        frames.append(
            pd.DataFrame({"cell_id": rows["cell_id"].to_numpy(), "measure": name} | values)
        )
    return pd.concat(frames, ignore_index=True)
