"""Epidural motor cortex stimulation (eMCS) after rTMS: date of surgery, visits, relief.

Here: operated patients of one clinic, visit by visit. Not here: the decision to operate
(`engine/stopping.py`), relief at the first and the last visit (`engine/course.py`).
"""

import numpy as np
import pandas as pd

from simulate.batch import Batch
from simulate.dates import DAYS_PER_MONTH, DayArray, day, in_days, weekday
from simulate.engine.records import Stop
from simulate.scenario import Scenario
from simulate.streams import FloatArray, Stream, scores, uniforms

MAX_VISITS = 24
LATEST_FIRST_VISIT_MONTHS = 7
DRAWS = 8 + 5 * MAX_VISITS


def draw_visits(batch: Batch, session_day: DayArray) -> pd.DataFrame:
    """Draw the surgery and the visits of every operated patient.

    Parameters
    ----------
    batch
        One cohort with `surgery`.
    session_day
        Days of the sessions, shape (patients, sessions).

    Returns
    -------
    pandas.DataFrame
        One row a visit: patient (row number), surgery_day, visit_day, n_electrodes, stimulation,
        months_post_op, pain_relief_pct, relief_duration_days, npsi_total, frequency_hz,
        amplitude_v, pulse_width_us, complication, remarks (free text, in French). Every
        operated patient has at least one visit.
    """
    scenario = batch.parameters.scenario
    block = batch.first_patient, len(session_day)
    address = scenario, batch.seed, Stream.SURGERY, batch.replicates, block, DRAWS
    u = uniforms(*address, first=1)[0]
    last_day = session_day[np.arange(len(session_day)), batch.n_sessions[0] - 1]
    frames = [
        _one_patient(batch, int(patient), last_day[patient], u[patient])
        for patient in np.flatnonzero(batch.stop_reason[0] == Stop.EMCS_SURGERY)
    ]
    return pd.concat(frames, ignore_index=True) if frames else _no_visits()


def _one_patient(
    batch: Batch, patient: int, last_day: np.datetime64, u: FloatArray
) -> pd.DataFrame:
    scenario = batch.parameters.scenario
    z = scores(u[8 : 8 + 4 * MAX_VISITS]).reshape(MAX_VISITS, 4)
    surgery_day = _surgery_day(scenario, last_day, u[0])
    months = _visit_months(scenario, surgery_day, z[:, 0], u[8 + 4 * MAX_VISITS :])
    visits = len(months)
    later = np.arange(visits) > 0
    relief, is_switched = _relief(batch, patient, z[:visits, 1])
    duration = np.where(relief > 0, np.round(np.clip(14 + 8 * z[:visits, 2], 1, 30)), 0)
    return pd.DataFrame(
        {
            "patient": patient,
            "surgery_day": surgery_day,
            "visit_day": weekday(surgery_day + in_days(months * DAYS_PER_MONTH), "backward"),
            "n_electrodes": 1 + int(u[2] < 0.6),
            "stimulation": np.where(is_switched & later, "theta_burst", "conventional"),
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
    law = scenario.visits.delay_months
    variance = np.log1p((law.sd / law.mean) ** 2)
    delay = np.exp(
        np.log(law.mean) - variance / 2 + np.sqrt(variance) * float(scores(np.asarray(u)))
    )
    room = in_days(1 + LATEST_FIRST_VISIT_MONTHS * DAYS_PER_MONTH)
    latest = day(scenario.clinic.emcs_end) - room
    planned = last_day + in_days(max(7, delay * DAYS_PER_MONTH))
    days: DayArray = weekday(np.array([min(planned, latest)]), "backward")
    return days[0]


def _visit_months(
    scenario: Scenario, surgery_day: np.datetime64, z: FloatArray, u: FloatArray
) -> FloatArray:
    law = scenario.visits
    first = law.first_visit_months.mean + law.first_visit_months.sd * z[:1]
    first = np.clip(first, 2, LATEST_FIRST_VISIT_MONTHS)
    gaps = law.visit_interval_months.mean + law.visit_interval_months.sd * z[1:]
    months = np.concatenate([first, first + np.cumsum(np.maximum(gaps, 2))])
    followed = np.arange(len(months)) <= np.argmax(np.append(u < law.lost_per_visit, True))
    open_days = (day(scenario.clinic.emcs_end) - surgery_day).astype(int)
    return months[followed & (months * DAYS_PER_MONTH <= open_days)]


def _relief(batch: Batch, patient: int, z: FloatArray) -> tuple[FloatArray, bool]:
    """First and last relief are the engine's; other visits follow the law of later ones."""
    row = batch.parameters.rows[0]
    first, last = batch.emcs_first[0, patient], batch.emcs_last[0, patient]
    later = 45.0 + row["emcs_later_slope"] * (first - 45.0) + row["emcs_later_sd"] * z
    relief = 5.0 * np.floor(np.clip(later, 0, 100) / 5.0 + 0.5)
    relief[0] = first
    is_switched = bool(np.isnan(last))
    if not is_switched and len(relief) > 1:
        relief[-1] = last
    return relief, is_switched


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
