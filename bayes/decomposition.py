"""Accumulation or selection: the rise of the observed mean from session 4 to 15, split exactly.

With O_s the mean report at s of those who gave one, and M_s the mean of m_i(s) over all status
responders had none stopped (fading included), equation (13) of docs/models.md:

    O15 - O4 = (M4 - O4)    selection and missing reports at session 4
             + (M15 - M4)   accumulation net of fading
             + (O15 - M15)  attrition and missing reports at session 15

Here: the split by definition of status, with the tipping point: after a stop for lost efficacy
the unseen curve lies delta points below what the model predicts of it (never below 0). Delta is
set, not estimated: no data can tell it. The cohort is taken as it is: intervals are those of its
patients' curves, and O has none. Not here: the curves (`posterior.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import LOST_EFFICACY, MISSING, Cohort

if TYPE_CHECKING:
    from bayes.fit import Fit

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

FROM, TO = 4, 15
DELTAS_PCT = (0, 10, 20, 30)
RESPONDER_PCT = 10
TERMS = ("selection_at_4", "accumulation", "attrition")
INTERVAL = (0.05, 0.5, 0.95)


def decomposition(fit: "Fit", course: FloatArray) -> pd.DataFrame:
    """Return the split of a fitted cohort.

    Parameters
    ----------
    fit
        Fitted relief model.
    course
        m_i(s) of its draws, sessions 1-30, shape (draws, patients, sessions).

    Returns
    -------
    pandas.DataFrame
        One row a definition of status, delta and term. status_definition (recorded_status:
        rule R4; fourth_report: reported relief of at least 10 % at session 4), delta_pct, term
        (observed_change, which the three of `TERMS` sum to, then observed_mean_4, mean_4,
        mean_15, observed_mean_15), mean_pct, q05_pct, q50_pct, q95_pct (NaN for what is
        observed), p_above_0 (chance that the term is), n_responders, n_observed_4,
        n_observed_15. Empty where nobody responds; NaN where no responder reports at a session.
    """
    cohort = fit.posterior.cohort
    rows = []
    for definition, members in responders(cohort).items():
        if not members.any():
            continue
        seen, numbers = observed(cohort, members)
        for delta in DELTAS_PCT:
            had_none_stopped = lowered(cohort, course, delta)[:, members].mean(axis=1)
            means = had_none_stopped[:, FROM - 1], had_none_stopped[:, TO - 1]
            label = {"status_definition": definition, "delta_pct": delta}
            rows += [label | row | numbers for row in _rows(*seen, *means)]
    names = ["status_definition", "delta_pct", "term", "mean_pct", "q05_pct", "q50_pct", "q95_pct"]
    names += ["p_above_0", "n_responders", "n_observed_4", "n_observed_15"]
    return pd.DataFrame(rows, columns=names)


def responders(cohort: Cohort) -> dict[str, Mask]:
    """Return who responds, by definition of status; the unknown do not."""
    fourth = report_at(cohort, FROM)
    return {
        "recorded_status": cohort.is_responder == 1,
        "fourth_report": np.nan_to_num(fourth, nan=-1.0) >= RESPONDER_PCT,
    }


def report_at(cohort: Cohort, session: int) -> FloatArray:
    """Return each patient's report at a session, NaN where there is none."""
    result = np.full(len(cohort.patients), np.nan)
    rows = (cohort.session == session) & (cohort.kind != MISSING)
    result[cohort.patient[rows]] = cohort.relief[rows]
    return result


def observed(cohort: Cohort, members: Mask) -> tuple[tuple[float, float], dict[str, int]]:
    """Return O4 and O15 of the members, and how many there are and report at each."""
    reports = [report_at(cohort, session)[members] for session in (FROM, TO)]
    given = [report[np.isfinite(report)] for report in reports]
    means = [float(report.mean()) if len(report) else np.nan for report in given]
    numbers = {
        "n_responders": int(members.sum()),
        "n_observed_4": len(given[0]),
        "n_observed_15": len(given[1]),
    }
    return (means[0], means[1]), numbers


def lowered(cohort: Cohort, course: FloatArray, delta: float) -> FloatArray:
    """Return m_i(s) less delta after a stop for lost efficacy, not below 0."""
    if delta == 0:
        return course
    stopped = np.zeros(len(cohort.patients), dtype=bool)
    stopped[cohort.patient[cohort.fate == LOST_EFFICACY]] = True
    session = np.arange(1, course.shape[-1] + 1)
    unseen = stopped[:, None] & (session > cohort.n_sessions[:, None])
    return np.where(unseen, np.maximum(course - delta, 0.0), course)


def split(
    observed_4: float, observed_15: float, mean_4: FloatArray, mean_15: FloatArray
) -> dict[str, FloatArray]:
    """Return the three terms by draw; their sum is O15 - O4 in every draw."""
    return {
        "selection_at_4": mean_4 - observed_4,
        "accumulation": mean_15 - mean_4,
        "attrition": observed_15 - mean_15,
    }


def _rows(
    observed_4: float, observed_15: float, mean_4: FloatArray, mean_15: FloatArray
) -> list[dict[str, object]]:
    seen = {
        "observed_change": observed_15 - observed_4,
        "observed_mean_4": observed_4,
        "observed_mean_15": observed_15,
    }
    rows: list[dict[str, object]] = [{"term": k, "mean_pct": v} for k, v in seen.items()]
    terms = split(observed_4, observed_15, mean_4, mean_15)
    for term, draws in (terms | {"mean_4": mean_4, "mean_15": mean_15}).items():
        low, middle, high = np.quantile(draws, INTERVAL)
        row = {"term": term, "mean_pct": draws.mean(), "q05_pct": low, "q50_pct": middle}
        above = float((draws > 0).mean()) if np.isfinite(draws).all() else np.nan
        rows.append(row | {"q95_pct": high, "p_above_0": above if term in TERMS else np.nan})
    return rows
