"""The study's tables as tidy estimates: mart frame in, one row an estimate out.

Here: Table 1 (baseline), Table 2 with its slopes and the odds ratios of section 3.6. The other
tables have a module each (`cohort.py`, `slopes.py`, `bands.py`, `groups.py`, `course.py`,
`surgery.py`, `agreement.py`, `safety.py`). Not here: the methods themselves (`mixed.py`,
`contingency.py`), printing.

Every frame has the columns `describe.ESTIMATE_COLUMNS`. What cannot be computed is a row with
status 'not_estimable: <cause>'; a NaN beside status 'ok' means not applicable.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from classical.comparisons import LOGISTIC
from classical.contingency import odds_ratio
from classical.describe import (
    Row,
    counts_and_shares,
    estimate_frame,
    extremes,
    flag,
    mean_and_sd,
    row,
    share,
)
from classical.mixed import MixedFit, fit_random_intercept
from classical.random_slope import RandomSlopeFit

BASELINE_NUMBERS = (
    "age_years", "pain_duration_years", "nrs_initial", "gnpsi_baseline", "burning_baseline",
    "deep_baseline", "paroxysmal_baseline", "evoked_baseline", "paresthesia_baseline",
)  # fmt: skip
BASELINE_CODES = ("sex", "laterality", "topography", "lesion_level", "most_painful_component")
# Site and cause are percentages within their lesion level in Table 1 (146 central, 46 peripheral).
CODES_WITHIN_LEVEL = ("lesion_site", "aetiology")
LEVELS = ("central", "peripheral")
# The study's "post-stroke" counts strokes of either kind and of unknown kind together.
STROKES = ("ischaemic_stroke", "haemorrhagic_stroke", "stroke_unspecified")

# First session at which each outcome exists: relief needs a session, the NPSI has a baseline.
OUTCOME_FROM = {"pain_relief_pct": 1, "relief_duration_days": 1, "gnpsi": 0, "ssnpsi": 0}
STATUS_OF = {"all": None, "responders": "responder", "non_responders": "non_responder"}

COMPARISONS = {
    "central_vs_peripheral": ("lesion_level", "central", "peripheral"),
    "ischaemic_vs_haemorrhagic": ("stroke_type", "ischaemic", "haemorrhagic"),
}
LMM = "random intercept, REML, Satterthwaite"


def baseline_table(baseline: pd.DataFrame) -> pd.DataFrame:
    """Describe the analysed patients (Table 1).

    Parameters
    ----------
    baseline
        Mart `baseline`, one row an analysed patient.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates: `<variable>.mean` and `.sd` in the variable's unit, `<variable>=<code>.n`
        and `.percent`; n is the denominator (patients with a known value) of that row.
    """
    rows: list[Row] = []
    for name in BASELINE_NUMBERS:
        rows += mean_and_sd("baseline", "all", name, baseline[name])
        rows += extremes("baseline", "all", name, baseline[name])
    for name in BASELINE_CODES:
        rows += counts_and_shares("baseline", "all", name, baseline[name])
    for level in LEVELS:
        at_level = baseline[baseline["lesion_level"] == level]
        for name in CODES_WITHIN_LEVEL:
            rows += counts_and_shares("baseline", level, name, at_level[name])
    central = baseline.loc[baseline["lesion_level"] == "central", "aetiology"]
    stroke = central.isin(STROKES).where(central.notna())
    return estimate_frame([*rows, *flag("baseline", "central", "post_stroke", stroke)])


def test_period_table(test_period_long: pd.DataFrame) -> pd.DataFrame:
    """Describe the four outcomes of the test period and their slopes (Table 2).

    Parameters
    ----------
    test_period_long
        Mart `test_period_long`, one row an analysed patient x session 0-4.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates for all, responders and non_responders. `<outcome>.session_<k>.mean` and
        `.sd` count patients in n; `<outcome>.slope` (per session) and
        `<outcome>.slope_difference` (responders minus non-responders, population 'all') count
        observations.
    """
    rows: list[Row] = []
    for population, status in STATUS_OF.items():
        keep = test_period_long["responder_status"] == status
        members = test_period_long if status is None else test_period_long[keep]
        for outcome, first in OUTCOME_FROM.items():
            course = members[members["session_no"] >= first]
            rows += _by_session(population, outcome, course, _sessions(test_period_long, first))
            rows.append(_slope(population, outcome, course))
    for outcome, first in OUTCOME_FROM.items():
        course = test_period_long[test_period_long["session_no"] >= first]
        rows.append(_slope_difference(outcome, course))
    return estimate_frame(rows)


def odds_ratios(status: pd.DataFrame) -> pd.DataFrame:
    """Compare the odds of responder status between lesion levels and between stroke types.

    Parameters
    ----------
    status
        Mart `status`, one row an analysed patient. Unknown status leaves the denominators and is
        counted in n_missing (rule R4).

    Returns
    -------
    pandas.DataFrame
        For each comparison the responder share of both groups (percent, Wilson) and the odds
        ratio with profile-likelihood interval and Fisher p.
    """
    return estimate_frame(r for name in COMPARISONS for r in _comparison(name, status))


def _sessions(frame: pd.DataFrame, first: int) -> list[int]:
    """Return the session numbers from the first on, ascending."""
    sessions = frame["session_no"].unique()
    return sorted(int(number) for number in sessions if number >= first)


def _by_session(
    population: str, outcome: str, course: pd.DataFrame, sessions: list[int]
) -> Iterator[Row]:
    for number in sessions:
        values = course.loc[course["session_no"] == number, outcome]
        yield from mean_and_sd("test_period", population, f"{outcome}.session_{number}", values)


def _slope(population: str, outcome: str, course: pd.DataFrame) -> Row:
    """Slope per session, session as a number."""
    known = course.dropna(subset=[outcome])
    session = known["session_no"].to_numpy(dtype=float)
    fit = fit_random_intercept(
        known[outcome], np.column_stack([np.ones(len(known)), session]), known["patient_id"]
    )
    term, missing = f"{outcome}.slope", len(course) - len(known)
    return effect_row("test_period", population, term, fit, 1, LMM, missing)


def _slope_difference(outcome: str, course: pd.DataFrame) -> Row:
    """Interaction status x session: slope of responders minus slope of non-responders."""
    course = course[course["responder_status"].isin(["responder", "non_responder"])]
    known = course.dropna(subset=[outcome])
    session = known["session_no"].to_numpy(dtype=float)
    responder = (known["responder_status"] == "responder").to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(known)), session, responder, session * responder])
    fit = fit_random_intercept(known[outcome], design, known["patient_id"])
    term, missing = f"{outcome}.slope_difference", len(course) - len(known)
    return effect_row("test_period", "all", term, fit, 3, LMM, missing)


def effect_row(
    analysis: str,
    population: str,
    term: str,
    fit: MixedFit | RandomSlopeFit,
    k: int,
    method: str,
    n_missing: int,
) -> Row:
    """Return fixed effect k of a mixed model; a fit on the boundary is ok and says so."""
    on_boundary = fit.status == "boundary"
    return row(
        analysis, population, term, estimate=fit.estimate[k], se=fit.se[k], df=fit.df[k],
        lo=fit.lo[k], hi=fit.hi[k], p=fit.p[k],
        method=f"{method}; a variance between patients is 0" if on_boundary else method,
        n=fit.n, n_missing=n_missing, status="ok" if on_boundary else fit.status,
    )  # fmt: skip


def _comparison(name: str, status: pd.DataFrame) -> Iterator[Row]:
    column, *groups = COMPARISONS[name]
    known = status["responder_status"].isin(["responder", "non_responder"])
    counts = []
    for group in groups:
        member = status[column] == group
        n, n_missing = int((member & known).sum()), int((member & ~known).sum())
        events = int((member & (status["responder_status"] == "responder")).sum())
        counts.append((events, n, n_missing))
        yield share("responder_share", group, name, events, n=n, n_missing=n_missing)
    (events_a, n_a, lost_a), (events_b, n_b, lost_b) = counts
    found = odds_ratio(events_a, n_a, events_b, n_b)
    yield row(
        "odds_ratio",
        "all",
        name,
        estimate=found.estimate,
        se=found.log_se,
        lo=found.lo,
        hi=found.hi,
        p=found.p,
        method=LOGISTIC,
        n=n_a + n_b,
        n_missing=lost_a + lost_b,
        status=found.status,
    )
