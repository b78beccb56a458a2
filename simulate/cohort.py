"""A whole simulated clinic: who came, what was felt, what was written down, and when.

Here: the parts put together into one frozen record. Not here: the parts themselves, or files
(`extracts.py`). Everything is simulated; nothing here was observed in anyone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate import questionnaire
from simulate.course import CourseTaken, take_course
from simulate.dates import DAYS_PER_YEAR, NO_DAY, DayArray, days_between, in_days, weekday
from simulate.population import FloatArray
from simulate.relief import TEST_SESSIONS, Reports, draw_durations, draw_reports
from simulate.scenario import Scenario
from simulate.streams import Stream, generator
from simulate.surgery import draw_visits

LATEST_EVALUATION_DAYS = 60


@dataclass(frozen=True)
class Cohort:
    """One simulated clinic. Arrays are (patients, sessions), session k at index k - 1.

    Attributes
    ----------
    scenario, seed, replicate
        What made it.
    patients
        One row a patient, codes and column names of the warehouse, plus birth_date.
    reports
        Whole uninterrupted courses: the truth behind.
    n_sessions
        Sessions delivered, shape (patients,).
    session_day, evaluation_day, recorded_day
        Day of the session, of the question about it, of writing it down; NaT where none.
    pain_relief_pct, relief_duration_days
        What was written down; NaN where missing or not delivered.
    npsi
        Item answers, shape (patients, 5, 12); visit 0 is the baseline.
    side_effect
        Code of the warehouse, shape (patients, sessions).
    emcs
        One row a visit of `surgery.draw_visits`.
    """

    scenario: Scenario
    seed: int
    replicate: int
    patients: pd.DataFrame
    reports: Reports
    n_sessions: NDArray[np.int64]
    session_day: DayArray
    evaluation_day: DayArray
    recorded_day: DayArray
    pain_relief_pct: FloatArray
    relief_duration_days: FloatArray
    npsi: FloatArray
    side_effect: NDArray[np.object_]
    emcs: pd.DataFrame


def generate(
    scenario: Scenario, seed: int, *, n_patients: int | None = None, replicate: int = 0
) -> Cohort:
    """Make one synthetic clinic.

    Parameters
    ----------
    scenario
        The world, from `scenario.load`.
    seed, replicate
        Address of the random numbers: the same pair gives the same clinic.
    n_patients
        Instead of the scenario's number; the first patients stay the same.
    """
    reports = draw_reports(scenario, seed, replicate, n_patients=n_patients)
    course = take_course(scenario, reports, seed, replicate)
    u = generator(scenario, seed, Stream.FILES, replicate).random((*reports.reported.shape, 3))
    evaluation = _evaluation_days(course, u[:, :, 0])
    relief = _recorded_relief(scenario, reports, course, u[:, :, 1])
    duration = draw_durations(scenario, reports, seed, replicate)
    until_asked = days_between(course.session_day, evaluation)
    capped = np.where(np.isnan(relief), np.nan, np.minimum(duration, until_asked))
    npsi = questionnaire.draw_answers(scenario, reports, seed, replicate)
    npsi[:, 1:][np.isnat(course.session_day[:, :TEST_SESSIONS])] = np.nan
    emcs = draw_visits(scenario, course, last_known(relief), seed, replicate)
    return Cohort(
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        patients=_patient_rows(reports, course, npsi, emcs),
        reports=reports,
        n_sessions=course.n_sessions,
        session_day=course.session_day,
        evaluation_day=np.where(np.isnan(relief), NO_DAY, evaluation),
        recorded_day=evaluation,
        pain_relief_pct=relief,
        relief_duration_days=capped,
        npsi=npsi,
        side_effect=_side_effects(reports, course, u[:, 0, 2]),
        emcs=emcs,
    )


def last_known(values: FloatArray) -> FloatArray:
    """Return the last value of each row that is not NaN, NaN where there is none."""
    known = ~np.isnan(values)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    picked = values[np.arange(len(values)), last]
    return np.where(known.any(axis=1), picked, np.nan)


def _evaluation_days(course: CourseTaken, u: FloatArray) -> DayArray:
    """Relief is asked at the next session, or by a call three to four weeks after the last."""
    call = weekday(course.session_day + in_days(21 + 8 * u), "backward")
    following = np.full_like(course.session_day, NO_DAY)
    following[:, :-1] = course.session_day[:, 1:]
    soon = days_between(course.session_day, following) <= LATEST_EVALUATION_DAYS
    return np.where(soon, following, call)


def _recorded_relief(
    scenario: Scenario, reports: Reports, course: CourseTaken, u: FloatArray
) -> FloatArray:
    """Return recorded reports of delivered sessions; the last one is missed more often."""
    sessions = np.arange(1, reports.reported.shape[1] + 1)[None, :]
    last = sessions == course.n_sessions[:, None]
    test = sessions <= TEST_SESSIONS
    operated = (course.stop_reason == "emcs_surgery")[:, None]
    missed = last & ~test & ~operated & (u < scenario.measurement.missing_last)
    relief = np.where(last & operated, reports.reported, reports.recorded)
    excluded = reports.patients["exclusion_reason"].notna().to_numpy()[:, None]
    hidden = missed | excluded | (sessions > course.n_sessions[:, None])
    return np.where(hidden, np.nan, relief)


def _side_effects(reports: Reports, course: CourseTaken, u: FloatArray) -> NDArray[np.object_]:
    """One mild, reversible effect at one session of those who have any."""
    effect = np.full(course.session_day.shape, "none", dtype=object)
    affected = np.flatnonzero(reports.patients["has_adverse_event"].to_numpy())
    at = np.minimum(np.floor(4 * u[affected]).astype(int), course.n_sessions[affected] - 1)
    effect[affected, at] = np.where(u[affected] % 0.1 < 0.06, "headache", "pain_increase")
    return effect


def _patient_rows(
    reports: Reports, course: CourseTaken, npsi: FloatArray, emcs: pd.DataFrame
) -> pd.DataFrame:
    """Patients as the clinic's master list knows them when everything is over."""
    drawn = reports.patients
    first = course.session_day[:, 0]
    age = drawn["age_years"].to_numpy()
    birth = first - in_days(age * DAYS_PER_YEAR + drawn["birthday_offset"].to_numpy())
    assessable = drawn["exclusion_reason"].isna().to_numpy()
    tested = course.n_sessions >= TEST_SESSIONS
    components = np.array([*questionnaire.DIMENSION_ITEMS, None], dtype=object)
    later_steps = ["planned_first_day", "days_since_consultation", "birthday_offset"]
    rows = drawn.drop(columns=later_steps).assign(
        birth_date=birth,
        first_consultation_date=weekday(first - in_days(drawn["days_since_consultation"])),
        most_painful_component=pd.Series(components[questionnaire.most_painful(npsi)], dtype="str"),
        npsi_baseline_total=questionnaire.total(npsi[:, 0]),
        test_period_relief_pct=np.where(assessable & tested, reports.assessment, np.nan),
        stop_reason=course.stop_reason,
        stop_date=_stop_days(course, emcs),
    )
    items = pd.DataFrame(
        npsi[:, 0], columns=[f"npsi_baseline_{k}" for k in range(1, questionnaire.N_ITEMS + 1)]
    )
    return pd.concat([rows, items], axis=1)


def _stop_days(course: CourseTaken, emcs: pd.DataFrame) -> DayArray:
    """Day the stop was written down; none for those ongoing or lost to follow-up (rule R7)."""
    rows = np.arange(len(course.n_sessions))
    last = course.session_day[rows, course.n_sessions - 1]
    stop = weekday(last + in_days(28))
    open_ended = np.isin(course.stop_reason.astype(str), ["ongoing", "lost_to_follow_up"])
    stop[open_ended] = NO_DAY
    operated = emcs.drop_duplicates("patient")
    surgery_day = operated["surgery_day"].to_numpy().astype("datetime64[D]")
    stop[operated["patient"].to_numpy()] = surgery_day
    return stop
