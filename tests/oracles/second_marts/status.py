"""Responder status and its sensitivities, bands, and who changed afterwards (R4, R5, R6)."""

from typing import Any

from second_marts.course import End
from second_marts.records import Patient
from second_marts.relief import relief_at

from expectations.protocol import Protocol


def status_value(patient: Patient) -> tuple[float | None, str | None]:
    """The relief that decides: the recorded assessment, else that of session 4 (R4)."""
    recorded = patient.row["test_period_relief_pct"]
    if recorded is not None:
        return recorded, "test_period_assessment"
    fourth = relief_at(patient, 4)
    return (None, None) if fourth is None else (fourth, "session_4")


def responder(relief: float | None, protocol: Protocol) -> str:
    """Status of a relief on the raw number, without rounding first (R4)."""
    if relief is None:
        return "unknown"
    return "responder" if relief >= protocol.responder_threshold_pct else "non_responder"


def category(relief: float | None, protocol: Protocol) -> str | None:
    """Half-open classes: failure, poor, good, excellent (R4)."""
    if relief is None:
        return None
    if relief >= protocol.excellent_threshold_pct:
        return "excellent"
    if relief >= protocol.good_threshold_pct:
        return "good"
    return "poor" if relief >= protocol.responder_threshold_pct else "failure"


def band(relief: float | None, protocol: Protocol) -> str | None:
    """Half-open bands of the responder thresholds 10, 30 and 50 (R4)."""
    if relief is None:
        return None
    if relief >= protocol.substantial_threshold_pct:
        return "ge_50"
    if relief >= protocol.moderate_threshold_pct:
        return "30_49"
    return "10_29" if relief >= protocol.responder_threshold_pct else "below_10"


def at_least(relief: float | None, bound: float) -> bool | None:
    """Relief of at least the bound; None where unknown."""
    return None if relief is None else relief >= bound


def sensitivities(patient: Patient, protocol: Protocol) -> dict[str, str]:
    """The status under four other readings of the test period (R4)."""
    first, second, third, fourth = (relief_at(patient, k) for k in (1, 2, 3, 4))
    value, _ = status_value(patient)
    known = [relief for relief in (first, second, third, fourth) if relief is not None]
    both = third is not None and fourth is not None
    readings = {
        "locf": responder(third if value is None else value, protocol),
        "worst": "non_responder" if value is None else responder(value, protocol),
        "max_1_4": responder(max(known, default=None), protocol),
        "mean_3_4": responder((third + fourth) / 2 if both else None, protocol),
    }
    return {f"responder_status_{name}": status for name, status in readings.items()}


def status_row(patient: Patient, protocol: Protocol, stroke_type: str | None) -> dict[str, Any]:
    """Row of the mart `status`."""
    value, source = status_value(patient)
    return {
        "patient_id": patient.patient_id,
        "status_relief_pct": value,
        "status_source": source,
        "responder_status": responder(value, protocol),
        "relief_category": category(value, protocol),
        "is_ge10": at_least(value, protocol.responder_threshold_pct),
        "is_ge30": at_least(value, protocol.moderate_threshold_pct),
        "is_ge50": at_least(value, protocol.substantial_threshold_pct),
        "is_gt30": None if value is None else value > protocol.moderate_threshold_pct,
        "relief_band": band(value, protocol),
        **sensitivities(patient, protocol),
        "lesion_level": patient.row["lesion_level"],
        "stroke_type": stroke_type,
    }


def band_row(patient: Patient, end: End, protocol: Protocol) -> dict[str, Any] | None:
    """Row of the mart `bands`; None outside the two middle bands (R8, last paragraph)."""
    relief_band = band(status_value(patient)[0], protocol)
    if relief_band not in ("10_29", "30_49"):
        return None
    n, landmark = len(patient.sessions), protocol.long_term_session
    at_landmark = relief_at(patient, landmark)
    is_ge30 = at_least(at_landmark, protocol.moderate_threshold_pct)
    if n < landmark and not end.is_ongoing:
        is_ge30 = False
    return {
        "row_key": patient.row["row_key"],
        "patient_id": patient.patient_id,
        "relief_band": relief_band,
        "n_sessions": n,
        "is_stopped_for_inefficacy": end.reason == "loss_of_efficacy",
        "has_reached_15": n >= landmark,
        "relief_at_15_pct": at_landmark,
        "relief_at_30_pct": relief_at(patient, 30),
        "is_ge30_at_15": is_ge30,
    }


def transition_row(patient: Patient, end: End, protocol: Protocol) -> dict[str, Any]:
    """Row of the mart `transitions`: ephemeral and late responders (R5, R6)."""
    status = responder(status_value(patient)[0], protocol)
    n, test = len(patient.sessions), protocol.test_period_sessions
    lost_effect = status == "responder" and end.reason == "loss_of_efficacy"
    ge10 = {
        s.session_no
        for s in patient.sessions
        if s.session_no > test
        and s.pain_relief_pct is not None
        and s.pain_relief_pct >= protocol.responder_threshold_pct
    }
    if status != "non_responder":
        ge10 = set()
    conversion = min(ge10, default=None)
    lasting = min((k for k in ge10 if k + 1 in ge10), default=None)
    return {
        "row_key": patient.row["row_key"],
        "patient_id": patient.patient_id,
        "responder_status": status,
        "n_extra_sessions": n - test,
        "is_ephemeral": lost_effect and n < protocol.long_term_session,
        "session_at_stop": None if end.is_ongoing else n,
        "is_late_loss": lost_effect and n >= protocol.long_term_session,
        "is_late_responder": conversion is not None,
        "conversion_session_no": conversion,
        "is_late_responder_two_consecutive": lasting is not None,
        "conversion_two_consecutive_session_no": lasting,
    }
