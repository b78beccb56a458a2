"""Whether the answers would be others with another family of curves, other years, another clock.

Each analysis is the fit again with something changed: a parameter held, patients or sessions left
out, time in the place of the session number. What is asked of each are the population's S90 and
the split of the rise. Here: the analyses by name, and their table. Not here: how a variant is
fitted (`variant.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.checks.clocks import LONG_GAP_DAYS, clock_of, days_before, restarted
from bayes.checks.near import NearFit
from bayes.cohort import MISSING, Cohort, prepare
from bayes.decomposition import FROM, TO, observed, responders, split
from bayes.fit import Fit
from bayes.population import groups
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, saturation_session

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Frames = tuple[pd.DataFrame, pd.DataFrame]

SHIPPED = "shipped"
DIFFERENT_BY = 2.0
"""Sessions of S90 between families of curves from which they are said to differ."""
INTERVAL = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Analysis:
    """A fit with something changed.

    Attributes
    ----------
    frames
        Changes sessions and patients before they are laid out.
    needs
        Columns of sessions that it reads; without a value in each it is not made.
    held
        Parameters held, natural values by name.
    clock
        What stands for the session number of each patient's sessions 1-30, from cohort and
        sessions, shape (patients, 30); the session number where it is None.
    """

    frames: Callable[[pd.DataFrame, pd.DataFrame], Frames] = lambda sessions, patients: (
        sessions,
        patients,
    )
    needs: tuple[str, ...] = ()
    held: dict[str, float] = field(default_factory=dict)
    clock: Callable[[Cohort, pd.DataFrame], FloatArray] | None = None


def cut(sessions: pd.DataFrame, patients: pd.DataFrame, last: pd.Series) -> Frames:
    """Leave out the sessions after a patient's last one kept; of what came then nothing is known.

    Parameters
    ----------
    last
        Last session kept by patient_id; patients who are not in it keep all.
    """
    end = sessions["patient_id"].map(last).fillna(np.inf)
    kept = sessions[sessions["session_no"] <= end]
    people = patients.copy()
    own = people["patient_id"].map(last)
    is_cut = own < people["n_sessions"]
    people.loc[is_cut, "n_sessions"] = own[is_cut].astype(people["n_sessions"].dtype)
    people.loc[is_cut, "stop_reason"] = "ongoing"
    return kept, people


def before(flag: str) -> Callable[[pd.DataFrame, pd.DataFrame], Frames]:
    """Return the change that leaves out each patient's first flagged session and what follows."""

    def change(sessions: pd.DataFrame, patients: pd.DataFrame) -> Frames:
        flagged = sessions[flag].fillna(False).astype(bool) & (sessions["session_no"] > 1)
        first = sessions[flagged].groupby("patient_id")["session_no"].min()
        return cut(sessions, patients, first - 1)

    return change


def before_long_gap(sessions: pd.DataFrame, patients: pd.DataFrame) -> Frames:
    """Leave out each patient's first session after a long gap and what follows."""
    after = sessions[days_before(sessions) > LONG_GAP_DAYS]
    return cut(sessions, patients, after.groupby("patient_id")["session_no"].min() - 1)


def begun(late: bool) -> Callable[[pd.DataFrame, pd.DataFrame], Frames]:
    """Return the change that keeps the patients who began in the earlier or later half."""

    def change(sessions: pd.DataFrame, patients: pd.DataFrame) -> Frames:
        first = pd.to_datetime(sessions.groupby("patient_id")["session_date"].min())
        kept = first.index[(first > first.median()) == late]
        return (
            sessions[sessions["patient_id"].isin(kept)],
            patients[patients["patient_id"].isin(kept)],
        )

    return change


FAMILIES = {f"shape_{shape}": {"curve_shape": shape} for shape in (0.7, 1.0, 1.5)}
ANALYSES: dict[str, Analysis] = {
    **{name: Analysis(held=held) for name, held in FAMILIES.items()},
    "early_years": Analysis(begun(False), ("session_date",)),
    "late_years": Analysis(begun(True), ("session_date",)),
    "before_covid_gap": Analysis(before("has_covid_gap"), ("has_covid_gap",)),
    "before_long_gap": Analysis(before_long_gap, ("session_date",)),
    "restart_after_gap": Analysis(needs=("session_date",), clock=restarted),
    "by_time": Analysis(needs=("session_date",), clock=clock_of),
    "before_drug_change": Analysis(before("analgesics_changed"), ("analgesics_changed",)),
}


def run(
    analysis: Analysis,
    sessions: pd.DataFrame,
    patients: pd.DataFrame,
    fit_one: Callable[..., NearFit],
) -> tuple[NearFit, dict[str, FloatArray]]:
    """Return the fit of an analysis, and its answers by term, see `answers`.

    `fit_one` is `fit_variant` with the shipped fit's shapes.
    """
    sessions, patients = analysis.frames(sessions, patients)
    cohort = prepare(sessions, patients)
    if analysis.clock is None:
        found = fit_one(cohort, held=analysis.held)
        course = found.fit.posterior.mean_reports(SESSIONS)
        return found, answers(found.fit, course, course)
    clock = analysis.clock(cohort, sessions)
    at_row = clock[cohort.patient, cohort.session - 1].astype(np.int64)
    found = fit_one(cohort, held=analysis.held, clock=at_row)
    posterior = found.fit.posterior
    natural, effects = posterior.flat
    each = [
        mean_reports(natural, effects[:, [i]], clock[i])[:, 0] for i in range(len(cohort.patients))
    ]
    return found, answers(found.fit, posterior.mean_reports(SESSIONS), np.stack(each, axis=1))


def answers(fit: Fit, course: FloatArray, by_session: FloatArray) -> dict[str, FloatArray]:
    """Return S90 of the groups' mean curves, and the terms of the split, by draw.

    Parameters
    ----------
    course, by_session
        m_i over sessions 1-30 or over typical intervals, and over sessions; shape (draws,
        patients, 30).
    """
    result = {
        f"saturation_mean_curve_{name}": saturation_session(course[:, members].mean(axis=1))
        for name, members in groups(fit.posterior).items()
    }
    cohort = fit.posterior.cohort
    members = responders(cohort)["recorded_status"]
    if members.any():
        seen, _ = observed(cohort, members)
        means = by_session[:, members].mean(axis=1)
        result |= split(*seen, means[:, FROM - 1], means[:, TO - 1])
    return result


def rows_of(analysis: str, fit: Fit, found: dict[str, FloatArray]) -> Iterator[dict[str, object]]:
    """Yield the rows of the table of one analysis."""
    cohort, verdict = fit.posterior.cohort, fit.diagnosis
    label = {
        "analysis": analysis,
        "n_patients": len(cohort.patients),
        "n_reports": int((cohort.kind != MISSING).sum()),
        "status": verdict.status,
        "reason": verdict.reason,
    }
    for term, draws in found.items():
        known = draws[np.isfinite(draws)]
        told = dict.fromkeys(("mean", "q05", "q50", "q95"), np.nan)
        if verdict.status == "converged" and known.size:
            low, middle, high = np.quantile(known, INTERVAL)
            told = {"mean": known.mean(), "q05": low, "q50": middle, "q95": high}
        yield {**label, "term": term, **told}


def not_made(analysis: str, reason: str) -> dict[str, object]:
    """Return the row of an analysis that was not made."""
    return {"analysis": analysis, "status": "not_made", "reason": reason}


def why_not(analysis: Analysis, sessions: pd.DataFrame) -> str:
    """Return why an analysis cannot be made of these sessions, or nothing."""
    absent = [
        name for name in analysis.needs if name not in sessions or sessions[name].isna().all()
    ]
    return f"{', '.join(absent)} was not delivered" if absent else ""


def families_differ(table: pd.DataFrame) -> pd.DataFrame:
    """Add whether families of curves differ by more than 2 sessions in the median of an S90.

    Missing where it is no S90, or fewer than two families have one.
    """
    own = table[table["analysis"].isin([*FAMILIES, SHIPPED])]
    own = own[own["term"].str.startswith("saturation")].dropna(subset=["q50"])
    by = own.groupby("term")["q50"].agg(["min", "max", "size"])
    by = by[by["size"] > 1]
    differ = ((by["max"] - by["min"]) > DIFFERENT_BY).astype("boolean")
    said = table["term"].map(differ).astype("boolean")
    return table.assign(families_differ=said.where(table.index.isin(own.index), pd.NA))
