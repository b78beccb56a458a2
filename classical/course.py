"""The long course of responders: the rows of `estimate_course`.

Here: follow-up, number of sessions, intervals, landmark shares as the study prints them with
Kaplan-Meier and Aalen-Johansen beside them, relief by session with a smooth. Not here: the marts'
rules of stopping and of who is ongoing (R7, R8), the Bayesian curve.
"""

import numpy as np
import pandas as pd

from classical.describe import Row, count_and_share, estimate_frame, extremes, mean_and_sd, row
from classical.smooth import smooth_by_session
from classical.survival import aalen_johansen, kaplan_meier, median_time

LANDMARKS = (15, 30, 90)
REASONS = ("loss_of_efficacy", "emcs_surgery", "other")
FEWEST = 10  # patients with a known relief at a session below which no smooth is drawn
LANDMARK = "stopped before, of responders without those ongoing before: no probability (R8)"
KM = "Kaplan-Meier over session number, ongoing censored at their last session, log-log interval"
AJ = "Aalen-Johansen, other reasons competing, ongoing censored, log-log interval"
SMOOTH = "natural cubic spline of relief on log session, errors clustered by patient"


def course_table(
    patients: pd.DataFrame, status: pd.DataFrame, intervals: pd.DataFrame, sessions: pd.DataFrame
) -> pd.DataFrame:
    """Describe how long responders stay, why they stop, and what they report.

    Parameters
    ----------
    patients, status, intervals, sessions
        The marts of these names.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates of responders. analysis 'course' (follow_up_years, n_sessions, intervals),
        'landmark' (`stopped_before_<L>` of the study's denominator), 'retention' (percent stopped
        before session L: `stopped_before_<L>`, and `.<reason>`), 'relief' (populations
        responders and responders_ge15: `session_<k>.mean`, `.sd`; `session_<k>.smooth` where at
        least ten patients are known).
    """
    decided = status.set_index("patient_id")["responder_status"]
    responders = patients[patients["patient_id"].map(decided) == "responder"]
    ids = set(responders["patient_id"])
    mine = sessions[sessions["patient_id"].isin(ids)]
    long = set(responders.loc[responders["n_sessions"] >= LANDMARKS[0], "patient_id"])
    headline = intervals[intervals["patient_id"].isin(ids) & intervals["is_headline"].astype(bool)]
    rows = [
        *mean_and_sd("course", "responders", "follow_up_years", responders["follow_up_years"]),
        *extremes("course", "responders", "follow_up_years", responders["follow_up_years"]),
        *mean_and_sd("course", "responders", "n_sessions", responders["n_sessions"]),
        *extremes("course", "responders", "n_sessions", responders["n_sessions"]),
        *mean_and_sd("course", "responders", "interval_14_15_days", headline["interval_days"]),
        *count_and_share("course", "responders", "at_least_15_sessions", len(long),
                         n=len(responders)),
        *count_and_share("course", "responders", "more_than_100_sessions",
                         int((responders["n_sessions"] > 100).sum()), n=len(responders)),
        _last_known(mine),
        *_landmarks(responders),
        *_retention(responders),
        *_relief("responders", mine),
        *_relief("responders_ge15", mine[mine["patient_id"].isin(long)
                                         & (mine["session_no"] <= LANDMARKS[0])]),
    ]  # fmt: skip
    return estimate_frame(rows)


def _last_known(sessions: pd.DataFrame) -> Row:
    known = sessions[sessions["pain_relief_pct"].notna()]
    found = row("course", "responders", "last_session_with_relief", method="maximum",
                n=len(known), n_missing=len(sessions) - len(known))  # fmt: skip
    if known.empty:
        return found | {"status": "not_estimable: no known values"}
    return found | {"estimate": float(known["session_no"].max())}


def _landmarks(responders: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    ongoing = responders["is_ongoing"].astype(bool)
    for mark in LANDMARKS:
        early = responders["n_sessions"] < mark
        denominator = int((~(early & ongoing)).sum())
        found = count_and_share(
            "landmark", "responders", f"stopped_before_{mark}", int((early & ~ongoing).sum()),
            n=denominator, n_missing=len(responders) - denominator,
        )  # fmt: skip
        rows += [one | {"method": f"{LANDMARK}; Wilson interval"} for one in found]
        rows += count_and_share(
            "landmark", "responders", f"denominator_{mark}", denominator, n=len(responders)
        )
    return rows


def _retention(responders: pd.DataFrame) -> list[Row]:
    """Percent stopped before each landmark: a stop at L has received session L."""
    n = len(responders)
    counts = {"n": n, "n_missing": 0}
    if n == 0:
        status = "not_estimable: no responder"
        return [row("retention", "responders", f"stopped_before_{mark}", method=KM, status=status,
                    **counts) for mark in LANDMARKS]  # fmt: skip
    time = responders["n_sessions"].to_numpy(dtype=float)
    stopped = ~responders["is_ongoing"].to_numpy(dtype=bool)
    reason = responders["stop_reason"].where(responders["stop_reason"].isin(REASONS), "other")
    cause = [one if ended else None for one, ended in zip(reason, stopped, strict=True)]
    curve = kaplan_meier(time, stopped)
    by_reason = {one: aalen_johansen(time, cause, one) for one in REASONS}
    rows = []
    for mark in LANDMARKS:
        left, se, lo, hi = (100 * part for part in curve.at(mark - 1, 1.0))
        term = f"stopped_before_{mark}"
        rows.append(
            row("retention", "responders", term, estimate=100 - left, se=se, lo=100 - hi,
                hi=100 - lo, method=KM, **counts)
        )  # fmt: skip
        for name, incidence in by_reason.items():
            share, se, lo, hi = (100 * part for part in incidence.at(mark - 1, 0.0))
            rows.append(
                row("retention", "responders", f"{term}.{name}", estimate=share, se=se, lo=lo,
                    hi=hi, method=AJ, **counts)
            )  # fmt: skip
    middle, lo, hi = median_time(curve)
    found = row("retention", "responders", "median_sessions", lo=lo, hi=hi, method=KM, **counts)
    if np.isnan(middle):
        return [*rows, found | {"status": "not_estimable: fewer than half have stopped"}]
    return [*rows, found | {"estimate": middle}]


def _relief(population: str, sessions: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    values = sessions["pain_relief_pct"].to_numpy(dtype=float, na_value=np.nan)
    known = sessions[np.isfinite(values)]
    observed = known.groupby("session_no")["patient_id"].nunique()
    smoothed = [int(k) for k in observed.index[observed >= FEWEST]]
    for number, group in sessions.groupby("session_no"):
        rows += mean_and_sd("relief", population, f"session_{number}", group["pain_relief_pct"])
    used = known[known["session_no"].isin(smoothed)]
    found = smooth_by_session(used, "pain_relief_pct", np.array(smoothed, dtype=float))
    for k, number in enumerate(smoothed):
        treated = int((sessions["session_no"] == number).sum())
        n = int(observed[number])
        one = row("relief", population, f"session_{number}.smooth", method=SMOOTH, n=n,
                  n_missing=treated - n)  # fmt: skip
        if isinstance(found, str):
            rows.append(one | {"status": f"not_estimable: {found}"})
        else:
            estimate, se, lo, hi = found[k]
            rows.append(one | {"estimate": estimate, "se": se, "lo": lo, "hi": hi})
    return rows
