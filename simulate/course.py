"""When sessions happen and why they end.

Here: session dates, stopping by reason, the end of the window. Not here: relief itself
(`relief.py`, drawn for whole courses first) or the surgery that may follow (`surgery.py`).
Stopping depends on what the patient felt, recorded or not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.dates import NO_DAY, DayArray, day, in_days, weekday
from simulate.population import FloatArray, pick
from simulate.relief import TEST_SESSIONS, Reports
from simulate.scenario import Scenario
from simulate.streams import Stream, generator


@dataclass(frozen=True)
class CourseTaken:
    """How far each patient came.

    Attributes
    ----------
    n_sessions
        Sessions delivered inside the window, shape (patients,).
    session_day
        Day of each session, NaT after the last, shape (patients, sessions).
    stop_reason
        Code of the warehouse, `ongoing` for those still treated when the window closes.
    """

    n_sessions: NDArray[np.int64]
    session_day: DayArray
    stop_reason: NDArray[np.object_]


def take_course(scenario: Scenario, reports: Reports, seed: int, replicate: int = 0) -> CourseTaken:
    """Walk through the sessions and stop each patient by one cause."""
    n, horizon = reports.reported.shape
    u = generator(scenario, seed, Stream.DROPOUT, replicate).random((n, 2 * horizon + 3))
    frailty = _frailty(scenario, u[:, 0])
    reason = np.full(n, "", dtype=object)
    n_sessions = np.zeros(n, dtype=np.int64)
    days = np.full((n, horizon), NO_DAY)
    planned = reports.patients["planned_first_day"].to_numpy().astype("datetime64[D]")
    today = _when_open(scenario, planned, u[:, -1])
    for k in range(1, horizon + 1):
        reason[(reason == "") & (today > day(scenario.clinic.rtms_end))] = "ongoing"
        active = reason == ""
        if not active.any():
            break
        days[active, k - 1] = today[active]
        n_sessions[active] = k
        stop = _stop_after(scenario, reports, k, u[:, k + 1], frailty)
        reason[active] = stop[active]
        today = _next_day(scenario, today, k, u[:, horizon + k + 1])
    reason[reason == ""] = "other"  # the horizon: more sessions than anyone had
    other = reason == "other"
    reason[other] = pick(dict(scenario.course.other_reasons), u[other, 1])
    return CourseTaken(n_sessions, days, reason)


def _stop_after(
    scenario: Scenario, reports: Reports, k: int, u: FloatArray, frailty: FloatArray
) -> NDArray[np.object_]:
    """Return the reason that ends each course after session k, empty where it goes on."""
    law = scenario.course
    planned = reports.patients["planned_sessions"].to_numpy()
    reason = np.full(len(u), "", dtype=object)
    if k >= TEST_SESSIONS:
        efficacy = _efficacy_hazard(scenario, reports, k)
        proposed = TEST_SESSIONS < k <= law.surgery_last_session
        surgery = efficacy + law.surgery_per_session * proposed
        other = surgery + law.other_per_session.mean * frailty
        reason = np.select(
            [u < efficacy, u < surgery, u < other],
            ["loss_of_efficacy", "emcs_surgery", "other"],
            default="",
        ).astype(object)
    reason = np.where(planned > k, "", reason)
    reason[planned == k] = "other"
    return reason


def _efficacy_hazard(scenario: Scenario, reports: Reports, k: int) -> FloatArray:
    """Chance to stop for want of relief: the lower the last three reports, the higher."""
    law = scenario.course
    recent = reports.reported[:, k - 3 : k].mean(axis=1)
    logit = law.efficacy_logit.at_zero + law.efficacy_logit.per_relief_point * recent
    hazard = 1 / (1 + np.exp(-logit))
    if k == TEST_SESSIONS:
        hazard = np.where(reports.is_responder, 0.0, law.stop_below_10_after_test)
    return hazard


def _frailty(scenario: Scenario, u: FloatArray) -> FloatArray:
    from scipy.special import gammaincinv

    shape = scenario.course.other_per_session.frailty_shape
    return np.asarray(gammaincinv(shape, u) / shape)


def _next_day(scenario: Scenario, today: DayArray, k: int, u: FloatArray) -> DayArray:
    """Return the day of session k + 1: a weekday, never while the clinic was closed."""
    law = scenario.course
    if k < TEST_SESSIONS:
        span = law.test_period_days
        gap = span.low + np.floor(u * (span.high - span.low + 1))
        middle = (span.low + span.high) / 2
    else:
        gap, middle = _maintenance_gap(scenario, u), np.inf
    planned = today + in_days(gap)
    planned = np.where(gap <= middle, weekday(planned), weekday(planned, "backward"))
    return _when_open(scenario, planned, u)


def _when_open(scenario: Scenario, planned: DayArray, u: FloatArray) -> DayArray:
    """Move days on which the clinic was closed to the four weeks after it reopened."""
    law = scenario.course
    closed = (planned >= day(law.closed_from)) & (planned <= day(law.closed_to))
    return np.where(closed, weekday(day(law.closed_to) + in_days(1 + 28 * u)), planned)


def _maintenance_gap(scenario: Scenario, u: FloatArray) -> FloatArray:
    """Whole days from a shifted gamma law with the scenario's mean and SD."""
    from scipy.special import gammaincinv

    law = scenario.course.interval_days
    scale = law.sd**2 / (law.mean - law.low)
    return np.round(law.low + scale * gammaincinv((law.mean - law.low) / scale, u))
