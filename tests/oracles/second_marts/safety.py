"""Adverse events, one row each (R15).

Here: what a session, a patient, a surgery says of an event: yes, no, or nothing. Not here: counts.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from second_marts.course import End
from second_marts.npsi import baseline_scores, session_scores
from second_marts.records import Patient, Row, Session
from second_marts.surgery import followed

from expectations.protocol import Protocol

PLACE = ("table_name", "file_sha256", "line")
RECORD = ("patient_id", "record_no", "record_date")
SIDE_EFFECTS = ("headache", "pain_increase", "other")


@dataclass(frozen=True)
class Cohort:
    """Treated patients, operated patients, how courses ended, and rows whose relief was below 0."""

    treated: list[Patient]
    operated: list[Patient]
    emcs_end: date
    ends: dict[str, End]
    negative_rows: set[str]
    protocol: Protocol


def negative_rows(raw: dict[str, list[Row]], patients: list[Patient]) -> set[str]:
    """Current rows without a relief of which a cell below zero was set aside.

    The cell lies in the newest delivery of the record, or in what an answer made of its row; the
    current row may have come with an older one. A relief in the current row is the clinic's answer.
    """
    below_zero = {
        tuple(cell[name] for name in PLACE)
        for cell in raw["quarantine_cell"]
        if cell["rule_id"] == "pr_negative"
    }
    newest = newest_rows(raw)
    negative = {record for record, places in newest.items() if places & below_zero}
    keys = {
        ("patients", p.patient_id, "", None): p.row["row_key"]
        for p in patients
        if p.row and p.row["test_period_relief_pct"] is None
    }
    # an answer may have changed the day of a session: it stays the record it was delivered as
    delivered = {
        f"{line['file_sha256'][:16]}:{line['line']}": line["record_date"]
        for line in raw["raw_line"]
        if line["table_name"] == "sessions" and line["fate"] == "kept"
    }
    for row in (row for p in patients for row in p.raw_sessions):
        number, day = str(row["session_no_recorded"]), row["session_date"]
        if row["pain_relief_pct"] is None:
            day = delivered.get(row["row_key"], day)
            keys["sessions", row["patient_id"], number, day] = row["row_key"]
    return {key for record, key in keys.items() if record in negative}


def newest_rows(raw: dict[str, list[Row]]) -> dict[tuple, set[tuple]]:
    """Record -> places of its readable rows in the newest delivery that holds it."""
    order = {
        file["delivery_id"]: (
            file["delivery_date"],
            str(file["extracted_at"] or ""),
            file["received_no"] or 0,
        )
        for file in raw["ingest_file"]
        if file["status"] == "accepted"
    }
    found: dict[tuple, dict[tuple, set[tuple]]] = defaultdict(lambda: defaultdict(set))
    for line in raw["raw_line"]:
        delivery = line["base_delivery_id"] or line["delivery_id"]
        if line["fate"] == "kept" and delivery in order:
            record = tuple(line[name] for name in ("table_name", *RECORD))
            found[record][*order[delivery], delivery].add(tuple(line[name] for name in PLACE))
    return {record: rows[max(rows)] for record, rows in found.items()}


def is_worse(before: float | None, now: float | None, protocol: Protocol) -> bool | None:
    """NPSI above baseline, by at least 30 % of it; None where either total is unknown."""
    if before is None or now is None:
        return None
    rise = Fraction(now) - Fraction(before)
    return rise > 0 and rise >= Fraction(str(protocol.npsi_worsening_share)) * Fraction(before)


def worsening(patient: Patient, session: Session, protocol: Protocol) -> bool | None:
    """Whether the NPSI of a session is worse than before the first one."""
    now = session_scores(session.row).gnpsi
    return is_worse(baseline_scores(patient).gnpsi, now, protocol)


def has_negative_relief(patient: Patient, session: Session, cohort: Cohort) -> bool | None:
    """Whether the relief of a session was reported as worsening; None where nothing was said."""
    if session.relief_row_key in cohort.negative_rows:
        return True
    return None if session.pain_relief_pct is None else False


def said_of_session(
    event_type: str, patient: Patient, session: Session, cohort: Cohort
) -> bool | None:
    """Whether a session has the event; None where it could not have been said."""
    side_effect = session.row["side_effect"]
    if event_type == "any_side_effect":
        return None if side_effect is None else side_effect in SIDE_EFFECTS
    if event_type in SIDE_EFFECTS:
        return None if side_effect is None else side_effect == event_type
    if event_type == "negative_relief":
        return has_negative_relief(patient, session, cohort)
    return worsening(patient, session, cohort.protocol)


def is_serious(event_type: str, session: Session) -> bool | None:
    """Seriousness belongs to the recorded side effect; of anything else it is not recorded."""
    written = event_type in (*SIDE_EFFECTS, "any_side_effect")
    return session.row["side_effect_serious"] if written else None


def event(row_key: str, patient: Patient, event_type: str, **rest: Any) -> dict[str, Any]:
    """Row of the mart `safety`."""
    known = {"session_no": None, "event_date": None, "is_serious": None} | rest
    return {
        "row_key": row_key,
        "patient_id": patient.patient_id,
        "event_type": event_type,
        **known,
    }


def session_events(patient: Patient, cohort: Cohort) -> list[dict[str, Any]]:
    """Events of the numbered sessions of a patient."""
    rows = []
    for session in patient.sessions:
        for event_type in (*SIDE_EFFECTS, "negative_relief", "npsi_worsening"):
            if not said_of_session(event_type, patient, session, cohort):
                continue
            negative = event_type == "negative_relief"
            key = session.relief_row_key if negative else session.row["row_key"]
            serious = is_serious(event_type, session)
            rows.append(
                event(key, patient, event_type, session_no=session.session_no,
                      event_date=session.on, is_serious=serious)
            )  # fmt: skip
    return rows


def patient_events(patient: Patient, cohort: Cohort) -> list[dict[str, Any]]:
    """A stop for tolerance, and a recorded assessment below zero."""
    key, end = patient.row["row_key"], cohort.ends[patient.patient_id]
    rows = []
    if end.reason == "tolerance":
        rows.append(event(key, patient, "tolerance_stop", event_date=end.on))
    if key in cohort.negative_rows:
        rows.append(event(key, patient, "negative_relief"))
    return rows


def surgery_events(patient: Patient, emcs_end: date) -> list[dict[str, Any]]:
    """One event for each visit that tells of a complication."""
    return [
        event(visit["row_key"], patient, "surgery_complication", event_date=visit["visit_date"])
        for visit in followed(patient, emcs_end)
        if visit["has_complication"]
    ]


def safety_rows(cohort: Cohort) -> list[dict[str, Any]]:
    """Rows of the mart `safety`."""
    rows = [row for p in cohort.treated for row in session_events(p, cohort)]
    rows += [row for p in cohort.treated for row in patient_events(p, cohort)]
    return rows + [row for p in cohort.operated for row in surgery_events(p, cohort.emcs_end)]
