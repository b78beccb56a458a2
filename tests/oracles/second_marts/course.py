"""How a course ran and ended: gaps, stop or ongoing, state of the flow (R1, R2, R7, R9, R10)."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from second_marts.records import Patient, Session

from expectations.protocol import Protocol

STROKES = {
    "ischaemic_stroke": "ischaemic",
    "haemorrhagic_stroke": "haemorrhagic",
    "stroke_unspecified": "unknown",
}


@dataclass(frozen=True)
class End:
    """How the course ended; `reason` is `ongoing` and `on` None while it goes on."""

    is_ongoing: bool
    reason: str | None
    on: date | None


ONGOING = End(True, "ongoing", None)


def gaps(patient: Patient) -> list[int]:
    """Days from each numbered session to the next."""
    return [s.days_to_next for s in patient.sessions if s.days_to_next is not None]


def overlaps_covid(start: date, stop: date, protocol: Protocol) -> bool:
    """Whether the days from start to stop touch the lockdown; its first and last day count (R2)."""
    return start <= protocol.covid_end and stop >= protocol.covid_start


def covers_covid(later: Session, protocol: Protocol) -> bool:
    """Whether the gap before a session touches the lockdown."""
    start = later.on - timedelta(days=later.days_since_previous)
    return overlaps_covid(start, later.on, protocol)


def conformity(patient: Patient, protocol: Protocol) -> str | None:
    """Spacing of the test period: every gap conform, every gap tolerated, or stretched (R2)."""
    if len(patient.sessions) < protocol.test_period_sessions:
        return None
    spaces = gaps(patient)[: protocol.test_period_sessions - 1]
    for name, (least, most) in (
        ("conform", protocol.conform_gap_days),
        ("tolerated", protocol.tolerated_gap_days),
    ):
        if all(least <= space <= most for space in spaces):
            return name
    return "stretched"


def has_covid_gap(patient: Patient, protocol: Protocol) -> bool | None:
    """Whether a gap of the test period touches the lockdown (R2)."""
    later = patient.sessions[1 : protocol.test_period_sessions]
    if not later:
        return None
    return any(covers_covid(session, protocol) for session in later)


def surgery_date(patient: Patient) -> date | None:
    """Day of the first implantation (R14)."""
    days = [visit["surgery_date"] for visit in patient.visits if visit["surgery_date"] is not None]
    return min(days, default=None)


def is_operated(patient: Patient, emcs_end: date) -> bool:
    """Whether the first surgery lies within the surgical follow-up (R14)."""
    operated = surgery_date(patient)
    return operated is not None and operated <= emcs_end


def is_recent(patient: Patient, protocol: Protocol, end: date) -> bool:
    """Last session within max(90 d, 2 x own median interval) of the window's end (R7)."""
    spaces = gaps(patient)
    own = protocol.ongoing_interval_multiple * median(spaces) if spaces else 0
    return (end - patient.sessions[-1].on).days <= max(protocol.ongoing_gap_days, own)


def recorded_stop(patient: Patient) -> tuple[str | None, date | None]:
    """Reason and day of the stop: as recorded, else surgery (R7).

    `ongoing` is no stop record. A day alone is one, of unknown reason; a reason other than surgery
    is never dated by a surgery.
    """
    reason, on = patient.row["stop_reason"], patient.row["stop_date"]
    operated = surgery_date(patient)
    if reason == "ongoing":
        reason, on = None, None
    if reason is None and operated is not None:
        reason = "emcs_surgery"
    if on is None and reason == "emcs_surgery":
        on = operated
    return reason, on


def end_of(patient: Patient, protocol: Protocol, end: date) -> End:
    """How the course ended: the stop, else by the time since the last session (R7).

    Sessions after a stop make it an earlier episode: the course goes on if its last session is
    recent, and has its final stop there if not. A stop after the window's end is yet to come.
    """
    last = patient.sessions[-1].on
    reason, on = recorded_stop(patient)
    if reason is not None and on is None:
        return End(False, reason, last)
    if on is not None and on >= last:
        return End(False, reason, on) if on <= end else ONGOING
    if is_recent(patient, protocol, end):
        return ONGOING
    return End(False, "lost_to_follow_up" if on is None else reason, last)


def flow_state(patient: Patient, protocol: Protocol, end: date) -> str:
    """Exactly one state a patient: excluded before violation before analysed (R1)."""
    if patient.row["exclusion_reason"] is not None:
        return "excluded_unassessable"
    if len(patient.sessions) >= protocol.test_period_sessions:
        return "analysed"
    is_ongoing = end_of(patient, protocol, end).is_ongoing
    return "test_period_censored" if is_ongoing else "protocol_violation"


def patient_row(patient: Patient, protocol: Protocol, end: date, emcs_end: date) -> dict[str, Any]:
    """Row of the mart `patients`."""
    first, last = patient.sessions[0].on, patient.sessions[-1].on
    stop = end_of(patient, protocol, end)
    copied = ("row_key", "sex", "laterality", "topography", "lesion_level", "lesion_site",
              "aetiology", "pain_duration_years", "nrs_initial", "exclusion_reason")  # fmt: skip
    return {
        "patient_id": patient.patient_id,
        "age_years": patient.age_years,
        **{name: patient.row[name] for name in copied},
        "stroke_type": STROKES.get(patient.row["aetiology"]),
        "first_session_date": first,
        "last_session_date": last,
        "n_sessions": len(patient.sessions),
        "follow_up_years": (last - first).days / 365.25,
        "stop_reason": stop.reason,
        "stop_date": stop.on,
        "is_ongoing": stop.is_ongoing,
        "flow_state": flow_state(patient, protocol, end),
        "n_courses": patient.sessions[-1].course_no,
        "median_interval_days": median(gaps(patient)) if gaps(patient) else None,
        "test_period_conformity": conformity(patient, protocol),
        "has_covid_gap": has_covid_gap(patient, protocol),
        "is_operated": is_operated(patient, emcs_end),
    }


def interval_rows(patient: Patient, protocol: Protocol) -> list[dict[str, Any]]:
    """Rows of the mart `intervals`; relief is that of the session that opens the interval (R10)."""
    rows = []
    for earlier, later in zip(patient.sessions, patient.sessions[1:], strict=False):
        days, relief = later.days_since_previous, earlier.relief_duration_days
        in_test = later.session_no <= protocol.test_period_sessions
        rows.append(
            {
                "row_key": later.row["row_key"],
                "patient_id": patient.patient_id,
                "session_no": later.session_no,
                "interval_days": days,
                "phase": "test_period" if in_test else "maintenance",
                "is_long_gap": days > protocol.long_gap_days,
                "has_covid_gap": covers_covid(later, protocol),
                "relief_duration_days": relief,
                "relief_coverage": None if relief is None else min(relief, days) / days,
                "is_headline": later.session_no == protocol.long_term_session,
            }
        )
    return rows
