"""Epidural motor cortex stimulation (eMCS) after rTMS: date of surgery, visits, relief.

Here: operated patients only. Not here: the decision to operate (`course.py`).
"""

import numpy as np
import pandas as pd

from simulate.course import CourseTaken
from simulate.dates import DAYS_PER_MONTH, DayArray, day, in_days, weekday
from simulate.population import FloatArray
from simulate.relief import heaped
from simulate.scenario import Scenario
from simulate.streams import Stream, generator

MAX_VISITS = 24
LATEST_FIRST_VISIT_MONTHS = 7


def draw_visits(
    scenario: Scenario, course: CourseTaken, last_relief: FloatArray, seed: int, replicate: int = 0
) -> pd.DataFrame:
    """Draw the surgery and the visits of every operated patient.

    Parameters
    ----------
    last_relief
        Last recorded relief of rTMS, shape (patients,); NaN counts as the centre of the law.

    Returns
    -------
    pandas.DataFrame
        One row a visit: patient (row number), surgery_day, visit_day, n_electrodes, stimulation,
        months_post_op, pain_relief_pct, relief_duration_days, npsi_total, frequency_hz,
        amplitude_v, pulse_width_us, complication, remarks (free text, in French). Every
        operated patient has at least one visit.
    """
    rng = generator(scenario, seed, Stream.SURGERY, replicate)
    n = len(last_relief)
    z = rng.standard_normal((n, MAX_VISITS, 4))
    u = rng.random((n, 4 + MAX_VISITS))
    frames = [
        _one_patient(scenario, int(patient), course, last_relief[patient], z[patient], u[patient])
        for patient in np.flatnonzero(course.stop_reason == "emcs_surgery")
    ]
    return pd.concat(frames, ignore_index=True) if frames else _no_visits()


def _one_patient(
    scenario: Scenario,
    patient: int,
    course: CourseTaken,
    last_relief: float,
    z: FloatArray,
    u: FloatArray,
) -> pd.DataFrame:
    last_day = course.session_day[patient, course.n_sessions[patient] - 1]
    surgery_day = _surgery_day(scenario, last_day, u[0])
    months = _visit_months(scenario, surgery_day, z[:, 0], u[4:])
    visits = len(months)
    switched = u[1] < scenario.surgery.theta_burst_share
    later = np.arange(visits) > 0
    relief = _relief(scenario, last_relief, z[:visits, 1])
    duration = np.where(relief > 0, np.round(np.clip(14 + 8 * z[:visits, 2], 1, 30)), 0)
    return pd.DataFrame(
        {
            "patient": patient,
            "surgery_day": surgery_day,
            "visit_day": weekday(surgery_day + in_days(months * DAYS_PER_MONTH), "backward"),
            "n_electrodes": 1 + int(u[2] < 0.6),
            "stimulation": np.where(switched & later, "theta_burst", "conventional"),
            "pain_relief_pct": relief,
            "relief_duration_days": duration,
            "npsi_total": np.round(np.clip(34 - 0.15 * relief + 14 * z[:visits, 3], 0, 100)),
            "frequency_hz": [25.0, 30.0, 40.0, 50.0][int(4 * u[3])],
            "amplitude_v": np.round(np.clip(2.0 + 0.2 * np.arange(visits) + u[3], 1.5, 4.5), 1),
            "pulse_width_us": 60.0,
            "complication": np.where(~later & (u[2] > 0.9), "hématome résorbé", ""),
            "remarks": np.where(later, "", "premier contrôle"),
        }
    )


def _surgery_day(scenario: Scenario, last_day: np.datetime64, u: float) -> np.datetime64:
    """Log-normal delay after the last session, early enough for a first visit in the window."""
    from scipy.special import ndtri

    law = scenario.surgery.delay_months
    variance = np.log1p((law.sd / law.mean) ** 2)
    delay = np.exp(np.log(law.mean) - variance / 2 + np.sqrt(variance) * ndtri(u))
    room = in_days(1 + LATEST_FIRST_VISIT_MONTHS * DAYS_PER_MONTH)
    latest = day(scenario.clinic.emcs_end) - room
    planned = last_day + in_days(max(7, delay * DAYS_PER_MONTH))
    days: DayArray = weekday(np.array([min(planned, latest)]), "backward")
    return days[0]


def _visit_months(
    scenario: Scenario, surgery_day: np.datetime64, z: FloatArray, u: FloatArray
) -> FloatArray:
    law = scenario.surgery
    first = law.first_visit_months.mean + law.first_visit_months.sd * z[:1]
    first = np.clip(first, 2, LATEST_FIRST_VISIT_MONTHS)
    gaps = law.visit_interval_months.mean + law.visit_interval_months.sd * z[1:]
    months = np.concatenate([first, first + np.cumsum(np.maximum(gaps, 2))])
    followed = np.arange(len(months)) <= np.argmax(np.append(u < law.lost_per_visit, True))
    open_days = (day(scenario.clinic.emcs_end) - surgery_day).astype(int)
    return months[followed & (months * DAYS_PER_MONTH <= open_days)]


def _relief(scenario: Scenario, last_relief: float, z: FloatArray) -> FloatArray:
    """First relief follows the last one of rTMS, later ones the first, each with a residual."""
    law, later = scenario.surgery.first_relief, scenario.surgery.later_relief
    known = later.centre if np.isnan(last_relief) else last_relief
    first = law.intercept + law.slope * known + law.residual_sd * z[0]
    rest = later.centre + later.slope * (first - later.centre) + later.residual_sd * z[1:]
    return heaped(np.append(first, rest), np.full(len(z), 5.0))


def _no_visits() -> pd.DataFrame:
    days = pd.Series([], dtype="datetime64[s]")
    numbers = ["pain_relief_pct", "relief_duration_days", "npsi_total", "frequency_hz"]
    numbers += ["amplitude_v", "pulse_width_us"]
    words = ["stimulation", "complication", "remarks"]
    return pd.DataFrame(
        {"patient": pd.Series([], dtype="int64"), "surgery_day": days, "visit_day": days}
        | {name: pd.Series([], dtype="float64") for name in numbers}
        | {name: pd.Series([], dtype="str") for name in words}
        | {"n_electrodes": pd.Series([], dtype="int64")}
    )
