"""Epidural motor cortex stimulation against the last rTMS before it (R14)."""

from datetime import date
from typing import Any

from second_marts.course import surgery_date
from second_marts.records import Patient, Row
from second_marts.status import at_least, category

from expectations.protocol import Protocol

DAYS_A_MONTH = 30.4375


def evaluations(patient: Patient, operated: date, end: date) -> list[Row]:
    """Visits after surgery and up to the end of follow-up at which relief was reported."""
    return [
        visit
        for visit in followed(patient, end)
        if operated < visit["visit_date"] and visit["pain_relief_pct"] is not None
    ]


def last_evaluation(visits: list[Row]) -> Row | None:
    """The latest visit if conventional and not the first: one only is no pair, nor is a switch."""
    latest = visits[-1]
    is_pair = len(visits) > 1 and latest["stimulation"] == "conventional"
    return latest if is_pair else None


def is_conventional(visit: Row | None) -> bool | None:
    """Whether a visit was under conventional stimulation; None where it does not say."""
    kind = None if visit is None else visit["stimulation"]
    return None if kind is None else kind == "conventional"


def months_since(operated: date, visit: Row | None) -> float | None:
    """Delay of a visit in months of 30.4375 days."""
    return None if visit is None else (visit["visit_date"] - operated).days / DAYS_A_MONTH


def emcs_row(
    patient: Patient, status: str | None, protocol: Protocol, emcs_end: date
) -> dict[str, Any]:
    """Row of the mart `emcs`; the first surgery indexes."""
    operated = surgery_date(patient)
    visits = evaluations(patient, operated, emcs_end)
    first = visits[0] if visits else None
    last = last_evaluation(visits) if visits else None
    before = [session for session in patient.sessions if session.on < operated]
    rtms_last = before[-1].pain_relief_pct if before else None
    first_months = months_since(operated, first)
    least, most = protocol.emcs_first_window_months
    return {
        "row_key": visits_of_first_surgery(patient)[0]["row_key"],
        "patient_id": patient.patient_id,
        "surgery_date": operated,
        "rtms_last_relief_pct": rtms_last,
        "n_sessions_before": len(before),
        "emcs_first_relief_pct": first["pain_relief_pct"] if first else None,
        "emcs_first_months": first_months,
        "emcs_last_relief_pct": last["pain_relief_pct"] if last else None,
        "emcs_last_months": months_since(operated, last),
        "emcs_category": category(first["pain_relief_pct"] if first else None, protocol),
        "is_first_in_window": None if first is None else least <= first_months <= most,
        "is_first_conventional": is_conventional(first),
        "n_evaluations": len(visits),
        "n_electrodes": electrodes(patient, emcs_end),
        "has_complication": complication(patient, emcs_end),
        "rtms_last_is_responder": at_least(rtms_last, protocol.responder_threshold_pct),
        "responder_status": status,
    }


def followed(patient: Patient, emcs_end: date) -> list[Row]:
    """Visits from the first surgery up to the end of the surgical follow-up."""
    operated = surgery_date(patient)
    return [visit for visit in patient.visits if operated <= visit["visit_date"] <= emcs_end]


def visits_of_first_surgery(patient: Patient) -> list[Row]:
    """Visits whose row tells of the first implantation."""
    return [v for v in patient.visits if v["surgery_date"] == surgery_date(patient)]


def electrodes(patient: Patient, emcs_end: date) -> int | None:
    """Electrodes of the first surgery; of two numbers the larger was implanted at last."""
    visits = [v for v in visits_of_first_surgery(patient) if v["visit_date"] <= emcs_end]
    known = [v["n_electrodes"] for v in visits if v["n_electrodes"] is not None]
    return max(known, default=None)


def complication(patient: Patient, emcs_end: date) -> bool | None:
    """Whether any visit tells of a complication; None where no visit says anything."""
    answers = (visit["has_complication"] for visit in followed(patient, emcs_end))
    said = [answer for answer in answers if answer is not None]
    return any(said) if said else None
