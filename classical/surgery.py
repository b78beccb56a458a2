"""Operated patients: rTMS before, implanted stimulation after. The rows of `estimate_emcs`.

Here: Table 3, Figure 3 and section 3.5 of the study, and the operated patients without result,
which the discussion says are no longer observed. Not here: which visit is first or last (R14).
"""

import numpy as np
import pandas as pd

from classical.association import line, spearman
from classical.comparisons import compare_pairs
from classical.describe import (
    Row,
    count_and_share,
    counts_and_shares,
    estimate_frame,
    extremes,
    flag,
    mean_and_sd,
    row,
)
from classical.safety import clopper_pearson

DAYS_A_MONTH, DAYS_A_YEAR = 30.4375, 365.25
CATEGORY_BOUNDS, CATEGORIES = (10, 40, 70), ("failure", "poor", "good", "excellent")
POINTS = np.arange(0.0, 101.0, 10.0)
SPEARMAN = "Spearman, t approximation; Fisher z interval (Bonett and Wright)"
SPEARMAN_EXACT = "Spearman, exact distribution without ties (AS 89)"
LINE = "least squares of the first evaluation on the last rTMS relief"
PAIRS = {
    "rtms_vs_first": ("rtms_last_relief_pct", "emcs_first_relief_pct"),
    "first_vs_last": ("emcs_first_relief_pct", "emcs_last_relief_pct"),
}
NUMBERS = (
    "n_sessions_before", "rtms_years", "rtms_last_relief_pct", "rtms_last_duration_days",
    "emcs_first_relief_pct", "emcs_last_relief_pct", "emcs_first_months", "emcs_last_months",
    "months_rtms_to_surgery", "age_years", "pain_duration_years",
    *(f"pain_relief_pct_s{k}" for k in range(1, 5)),
)  # fmt: skip
CODES = ("sex", "laterality", "topography", "lesion_level")


def emcs_table(emcs: pd.DataFrame, patients: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Describe operated patients and compare their relief before and after.

    Parameters
    ----------
    emcs, patients, sessions
        The marts of these names; patients gives the baseline, sessions the last rTMS session.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates, analysis 'emcs', population 'operated' (site within 'central' and
        'peripheral'). A comparison `rtms_vs_first` or `first_vs_last` has `.rho`, `.rho_exact`,
        `.V`, `.V_exact`, `.shift`, `.higher_first.n`, `.equal.n`, `.higher_second.n`;
        `regression.intercept`, `.slope`, `.at_<relief>`; `no_result` counts first evaluations
        below 10 %.
    """
    frame = _with_rtms(emcs, patients, sessions)
    rows: list[Row] = [
        row("emcs", "operated", "patients", estimate=len(frame), method="count", n=len(frame),
            n_missing=0)
    ]  # fmt: skip
    for name in NUMBERS:
        rows += mean_and_sd("emcs", "operated", name, frame[name])
        if name == "n_sessions_before":
            rows += extremes("emcs", "operated", name, frame[name])
    for name in CODES:
        rows += counts_and_shares("emcs", "operated", name, frame[name])
    for level in ("central", "peripheral"):
        members = frame[frame["lesion_level"] == level]
        rows += counts_and_shares("emcs", level, "lesion_site", members["lesion_site"])
    rows += counts_and_shares("emcs", "operated", "emcs_category", frame["emcs_category"])
    rows += counts_and_shares("emcs", "operated", "rtms_category", frame["rtms_category"])
    rows += flag("emcs", "operated", "rtms_last_is_responder", frame["rtms_last_is_responder"])
    for name, (one, two) in PAIRS.items():
        rows += _compare(name, frame[one], frame[two])
    return estimate_frame([*rows, *_regression(frame), *_no_result(frame)])


def _with_rtms(emcs: pd.DataFrame, patients: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "patient_id",
        "age_years",
        "pain_duration_years",
        "lesion_site",
        "first_session_date",
    ]
    frame = emcs.merge(patients[[*columns, *CODES]], on="patient_id", how="left")
    last = sessions[["patient_id", "session_no", "session_date", "relief_duration_days"]].rename(
        columns={"session_no": "n_sessions_before", "relief_duration_days":
                 "rtms_last_duration_days", "session_date": "rtms_last_date"}
    )  # fmt: skip
    frame = frame.merge(last, on=["patient_id", "n_sessions_before"], how="left")
    for k in range(1, 5):
        at = sessions[sessions["session_no"] == k].set_index("patient_id")["pain_relief_pct"]
        before = frame["n_sessions_before"] >= k
        frame[f"pain_relief_pct_s{k}"] = frame["patient_id"].map(at).where(before)
    dates = {
        name: pd.to_datetime(frame[name])
        for name in ("rtms_last_date", "surgery_date", "first_session_date")
    }
    gap = dates["surgery_date"] - dates["rtms_last_date"]
    frame["months_rtms_to_surgery"] = gap.dt.days / DAYS_A_MONTH
    course = dates["rtms_last_date"] - dates["first_session_date"]
    frame["rtms_years"] = course.dt.days / DAYS_A_YEAR
    relief = frame["rtms_last_relief_pct"].to_numpy(dtype=float, na_value=np.nan)
    frame["rtms_category"] = [
        CATEGORIES[int(np.digitize(one, CATEGORY_BOUNDS))] if np.isfinite(one) else None
        for one in relief
    ]
    return frame


def _compare(name: str, first: pd.Series, second: pd.Series) -> list[Row]:
    a = first.to_numpy(dtype=float, na_value=np.nan)
    b = second.to_numpy(dtype=float, na_value=np.nan)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    found = spearman(a, b)
    counts = {"n": int(both.sum()), "n_missing": int((~both).sum())}
    rows = [
        row("emcs", "operated", f"{name}.rho", estimate=found.estimate, se=found.se, df=found.df,
            lo=found.lo, hi=found.hi, p=found.p, method=SPEARMAN, status=found.status, **counts),
    ]  # fmt: skip
    tied = found.status == "ok" and np.isnan(found.p_exact)
    status = "not_estimable: ties, see the t approximation" if tied else found.status
    exact = np.nan if status != "ok" else found.estimate
    rows.append(
        row("emcs", "operated", f"{name}.rho_exact", estimate=exact, p=found.p_exact,
            method=SPEARMAN_EXACT, status=status, **counts)
    )  # fmt: skip
    rows += compare_pairs("emcs", "operated", name, first, second)
    for term, events in (("higher_first", a > b), ("equal", a == b), ("higher_second", a < b)):
        rows += count_and_share("emcs", "operated", f"{name}.{term}", int(events.sum()), **counts)
    rows += mean_and_sd("emcs", "operated", f"{name}.difference", first - second)
    return rows


def _regression(frame: pd.DataFrame) -> list[Row]:
    x = frame["rtms_last_relief_pct"].to_numpy(dtype=float, na_value=np.nan)
    y = frame["emcs_first_relief_pct"].to_numpy(dtype=float, na_value=np.nan)
    both = np.isfinite(x) & np.isfinite(y)
    found = line(x[both], y[both], POINTS)
    shared = {
        "df": found.df, "method": LINE, "status": found.status, "n": int(both.sum()),
        "n_missing": int((~both).sum()),
    }  # fmt: skip
    rows = [
        row("emcs", "operated", f"regression.{name}", estimate=found.estimate[k], se=found.se[k],
            lo=found.lo[k], hi=found.hi[k], p=found.p[k], **shared)
        for k, name in enumerate(("intercept", "slope"))
    ]  # fmt: skip
    band = [
        row("emcs", "operated", f"regression.at_{at:.0f}", estimate=mean, lo=lo, hi=hi, **shared)
        for at, (mean, lo, hi) in zip(POINTS, found.band, strict=True)
    ]
    return rows + band


def _no_result(frame: pd.DataFrame) -> list[Row]:
    """First evaluations below 10 %, with the exact interval: 'no longer observed' is 0."""
    known = frame["emcs_category"].dropna()
    events, n = int((known == CATEGORIES[0]).sum()), len(known)
    rows = count_and_share("emcs", "operated", "no_result", events, n=n, n_missing=len(frame) - n)
    if n:
        lo, hi = clopper_pearson(events, n)
        rows.append(
            rows[1] | {"term": "no_result.percent_exact", "lo": 100 * lo, "hi": 100 * hi,
                       "method": "percent of known, Clopper-Pearson interval"}
        )  # fmt: skip
    return rows
