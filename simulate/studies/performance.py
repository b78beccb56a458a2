"""Performance measures from counts, each with its Monte Carlo standard error.

Here: one pure function, sums in, figures out. Not here: who is counted (`counting.py`).

Every measure is a ratio of linear combinations of sums over replicates, A / B with A = sum of a_r
and B = sum of b_r over replicates r. Replicates are independent, patients of one need not be (all
share the member of an ensemble that drew them), so the error is clustered by replicate (delta
method; Morris, White and Crowther 2019, section 5.2; Cochran 1977, equation 2.39):

    Var(A / B) = R / (R - 1) * sum over r of (a_r - (A / B) b_r)^2 / B^2

which needs only sums, squares and products, added up exactly in whole numbers. A measure that
nobody defines (no patient in its denominator) is NaN with n 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Combination = Mapping[str, float]

COUNTS = ("tp", "fp", "fn", "tn")
SUMS = (
    *COUNTS,
    "n_late",
    "n_test_sessions",
    "n_test_days",
    "n_sessions_without_relief",
    "n_days_without_relief",
    "n_completed",
    "n_missed_completed",
    "n_sessions_without_relief_completed",
    "n_carried",
    "n_without_report",
)
"""Sums over the patients of a replicate; docs/studies.md says what each is."""

MOMENTS = (
    ("tp", "tp"), ("tp", "fp"), ("tp", "fn"), ("tp", "tn"), ("fp", "fp"),
    ("fp", "fn"), ("fp", "tn"), ("fn", "fn"), ("fn", "tn"), ("tn", "tn"),
    ("n_late", "n_late"),
    ("n_test_sessions", "n_test_sessions"), ("n_test_sessions", "tp"), ("n_test_sessions", "fn"),
    ("n_test_days", "n_test_days"), ("n_test_days", "tp"),
    ("n_sessions_without_relief", "n_sessions_without_relief"),
    ("n_days_without_relief", "n_days_without_relief"),
    ("n_completed", "n_completed"), ("n_missed_completed", "n_missed_completed"),
    ("n_missed_completed", "n_completed"),
    ("n_sessions_without_relief_completed", "n_sessions_without_relief_completed"),
    ("n_sessions_without_relief_completed", "n_completed"),
    ("n_carried", "n_carried"), ("n_without_report", "n_without_report"),
)  # fmt: skip
"""Pairs whose products are summed over replicates, as far as a measure needs them."""
_SAME_EACH = ("n_patients", "n_replicates")
"""Columns that are the same in every replicate: their products need no column."""


def moment(a: str, b: str) -> str:
    """Name of the column that holds the sum over replicates of a_r b_r."""
    return f"{a}__{b}"


@dataclass(frozen=True)
class Ratio:
    """A measure: `per` times a combination of sums over another one.

    `everyone` says that it is about all who start, and undefined where a truth leaves some out.
    """

    over: Combination
    under: Combination
    per: float = 1.0
    everyone: bool = True


def _share(over: str, *rest: str) -> Ratio:
    return Ratio({over: 1}, dict.fromkeys((over, *rest), 1), everyone=False)


def _per_100(**over: float) -> Ratio:
    return Ratio(over, {"n_patients": 1}, per=100)


MEASURES: Mapping[str, Ratio] = MappingProxyType(
    {
        "sensitivity": _share("tp", "fn"),
        "specificity": _share("tn", "fp"),
        "ppv": _share("tp", "fp"),
        "npv": _share("tn", "fn"),
        "prevalence": Ratio({"tp": 1, "fn": 1}, dict.fromkeys(COUNTS, 1), everyone=False),
        "accepted_per_100": _per_100(tp=1, fp=1),
        "missed_per_100": _per_100(fn=1),
        "missed_per_100_completers": Ratio({"n_missed_completed": 1}, {"n_completed": 1}, per=100),
        "sessions_without_long_term_relief_per_100": _per_100(n_sessions_without_relief=1),
        "sessions_without_long_term_relief_per_100_completers": Ratio(
            {"n_sessions_without_relief_completed": 1}, {"n_completed": 1}, per=100
        ),
        "weeks_without_long_term_relief_per_100": _per_100(n_days_without_relief=1 / 7),
        "expected_test_sessions": Ratio({"n_test_sessions": 1}, {"n_patients": 1}),
        "expected_test_weeks": Ratio({"n_test_days": 1 / 7}, {"n_patients": 1}),
        "test_sessions_per_responder_found": Ratio({"n_test_sessions": 1}, {"tp": 1}),
        "test_weeks_per_responder_found": Ratio({"n_test_days": 1 / 7}, {"tp": 1}),
        "late_responders_per_100": _per_100(n_late=1),
        "report_carried_forward_per_100": _per_100(n_carried=1),
        "without_report_per_100": _per_100(n_without_report=1),
    }
)


def ratio(rows: pd.DataFrame, measure: Ratio) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return estimate, Monte Carlo standard error and denominator of a measure, row by row.

    Parameters
    ----------
    rows
        One row a cell with `n_replicates`, `n_patients`, the sums and the moments that the measure
        needs; `n_patients` is the same in every replicate.

    Returns
    -------
    tuple of numpy.ndarray
        NaN and 0 where nothing stands in the denominator; the error is NaN for one replicate
        alone, which says nothing of the spread between replicates.

    Raises
    ------
    KeyError
        If a moment that the error needs was not counted.
    """
    n_replicates = rows["n_replicates"].to_numpy(np.float64)
    over, under = _total(rows, measure.over), _total(rows, measure.under)
    is_defined = under > 0
    base = np.where(is_defined, under, nan)
    share = over / base
    squares = (
        _product(rows, measure.over, measure.over)
        - 2 * share * _product(rows, measure.over, measure.under)
        + share**2 * _product(rows, measure.under, measure.under)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n_replicates / (n_replicates - 1) * np.maximum(squares, 0) / base**2
    error = np.where(n_replicates > 1, np.sqrt(np.maximum(variance, 0)), nan)
    return measure.per * share, measure.per * error, np.where(is_defined, under, 0.0)


def _total(rows: pd.DataFrame, combination: Combination) -> FloatArray:
    return np.sum([w * rows[name].to_numpy(np.float64) for name, w in combination.items()], axis=0)


def _product(rows: pd.DataFrame, left: Combination, right: Combination) -> FloatArray:
    """Sum over replicates of the product of two combinations."""
    parts = [
        a * b * _sum_of_products(rows, one, other)
        for one, a in left.items()
        for other, b in right.items()
    ]
    return np.sum(parts, axis=0)


def _sum_of_products(rows: pd.DataFrame, a: str, b: str) -> FloatArray:
    n_replicates = rows["n_replicates"].to_numpy(np.float64)
    if a in _SAME_EACH and b in _SAME_EACH:
        each = rows[a].to_numpy(np.float64) * rows[b].to_numpy(np.float64) / n_replicates**2
        return np.asarray(n_replicates * each)
    if a in _SAME_EACH:
        a, b = b, a
    if b in _SAME_EACH:
        return np.asarray(rows[b].to_numpy(np.float64) / n_replicates * rows[a].to_numpy())
    name = moment(a, b)
    return rows[name if name in rows else moment(b, a)].to_numpy(np.float64)


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell, as `ratio` takes them, with `cell_id`.
    measures
        Names of `MEASURES`. Those about everyone who starts are NaN with n 0 where the truth of a
        cell leaves patients out.
    """
    counted = rows[list(COUNTS)].sum(axis=1).to_numpy()
    leaves_out = counted < rows["n_patients"].to_numpy()
    frames = []
    for name in measures:
        estimate, mcse, n = ratio(rows, MEASURES[name])
        hidden = leaves_out & MEASURES[name].everyone
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
