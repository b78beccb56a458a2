"""Adverse events counted over those who were asked (R15).

An empty side-effect cell is not `none`: it was not asked and is in no denominator of asked.
"""

from dataclasses import dataclass
from typing import Any

from second_marts.records import Patient
from second_marts.safety import SIDE_EFFECTS, Cohort, is_serious, said_of_session
from second_marts.surgery import complication


@dataclass(frozen=True)
class Unit:
    """What one unit says of an event: happened, not, or not asked; and whether seriously."""

    said: bool | None
    serious: bool | None = None


def together(units: list[Unit]) -> Unit:
    """A patient said yes if any session did, was asked if any was, seriously if any was."""
    said = [unit.said for unit in units if unit.said is not None]
    serious = [unit.serious for unit in units if unit.said and unit.serious is not None]
    return Unit(any(said) if said else None, any(serious) if serious else None)


def session_units(event_type: str, patient: Patient, cohort: Cohort) -> list[Unit]:
    """One unit a numbered session."""
    return [
        Unit(said_of_session(event_type, patient, s, cohort), is_serious(event_type, s))
        for s in patient.sessions
    ]


def patient_unit(event_type: str, patient: Patient, cohort: Cohort) -> Unit:
    """The whole patient as one unit; who was lost or gave no reason never said why."""
    if event_type == "tolerance_stop":
        reason = cohort.ends[patient.patient_id].reason
        unknown = reason in (None, "lost_to_follow_up")
        return Unit(None if unknown else reason == "tolerance")
    units = session_units(event_type, patient, cohort)
    if event_type == "negative_relief" and patient.row["row_key"] in cohort.negative_rows:
        units.append(Unit(True))
    return together(units)


def is_asked(said: bool | None) -> bool:
    """Whether the unit could say anything: an empty cell is not `none` (R15)."""
    return said is not None


def count(event_type: str, unit: str, units: list[Unit]) -> dict[str, Any]:
    """Row of the mart `safety_counts`."""
    happened = [u for u in units if u.said]
    return {
        "event_type": event_type,
        "unit": unit,
        "n_events": len(happened),
        "n_asked": sum(is_asked(u.said) for u in units),
        "n_units": len(units),
        "n_serious": sum(u.serious is True for u in happened),
        "n_seriousness_known": sum(u.serious is not None for u in happened),
    }


def safety_count_rows(cohort: Cohort) -> list[dict[str, Any]]:
    """Rows of the mart `safety_counts`, also where nothing happened."""
    rows = []
    for kind in (*SIDE_EFFECTS, "any_side_effect", "negative_relief", "npsi_worsening"):
        sessions = [u for p in cohort.treated for u in session_units(kind, p, cohort)]
        patients = [patient_unit(kind, p, cohort) for p in cohort.treated]
        rows += [count(kind, "session", sessions), count(kind, "patient", patients)]
    stops = [patient_unit("tolerance_stop", p, cohort) for p in cohort.treated]
    operated = [Unit(complication(p, cohort.emcs_end)) for p in cohort.operated]
    rows.append(count("tolerance_stop", "patient", stops))
    return [*rows, count("surgery_complication", "surgery", operated)]
