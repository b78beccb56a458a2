"""All marts of a warehouse, from its current rows and the protocol: the second implementation.

Written from the rules of the study, patient by patient, and not from the SQL. Here: the order of
the steps and the frames. Not here: any rule.
"""

from datetime import date
from typing import Any

import pandas as pd
from second_marts import analysed, course, landmarks, npsi, safety, safety_counts, status, surgery
from second_marts.columns import COLUMNS
from second_marts.landmarks import Member
from second_marts.numbering import number
from second_marts.records import Patient, patients_of, rows_of
from second_marts.relief import attribute, is_asked_late, is_capped

from expectations.protocol import Protocol

Rows = list[dict[str, Any]]


def marts(
    raw: dict[str, pd.DataFrame], newest: date, protocol: Protocol, *, is_synthetic: bool
) -> dict[str, pd.DataFrame]:
    """Compute every mart.

    Parameters
    ----------
    raw
        `raw_patients`, `raw_sessions`, `raw_emcs`, `raw_patient_age`, `quarantine_cell`, and the
        `raw_line` and `ingest_file` that say which record a cell is about, and when it came.
    newest
        Date of the newest delivery: the end of a window that the protocol leaves open.
    protocol
        Constants of the study.
    is_synthetic
        What the marts say of themselves.
    """
    end, emcs_end = protocol.window_end or newest, protocol.emcs_end or newest
    everybody = patients_of(raw)
    for patient in everybody:
        patient.sessions = number(patient.raw_sessions, protocol, end)
        attribute(patient.sessions, protocol)
    treated = [p for p in everybody if p.sessions]
    operated = [p for p in treated if course.is_operated(p, emcs_end)]
    ends = {p.patient_id: course.end_of(p, protocol, end) for p in treated}
    facts = {name: rows_of(raw[name]) for name in ("raw_line", "quarantine_cell", "ingest_file")}
    negative = safety.negative_rows(facts, everybody)
    rows = course_rows(treated, protocol, end, emcs_end)
    rows |= analysed_rows(treated, ends, protocol, end)
    statuses = {row["patient_id"]: row["responder_status"] for row in rows["status"]}
    rows["emcs"] = [
        surgery.emcs_row(p, statuses.get(p.patient_id), protocol, emcs_end) for p in operated
    ]
    cohort = safety.Cohort(treated, operated, emcs_end, ends, negative, protocol)
    rows["safety"] = safety.safety_rows(cohort)
    rows["safety_counts"] = safety_counts.safety_count_rows(cohort)
    return {name: frame(name, rows[name], is_synthetic) for name in COLUMNS}


def course_rows(
    treated: list[Patient], protocol: Protocol, end: date, emcs_end: date
) -> dict[str, Rows]:
    """Marts of every treated patient."""
    return {
        "patients": [course.patient_row(p, protocol, end, emcs_end) for p in treated],
        "sessions": [row for p in treated for row in session_rows(p, protocol)],
        "intervals": [row for p in treated for row in course.interval_rows(p, protocol)],
        "npsi": [row for p in treated for row in npsi.questionnaires(p)],
    }


def session_rows(patient: Patient, protocol: Protocol) -> Rows:
    """Rows of the mart `sessions`."""
    scores = {row["session_no"]: row for row in npsi.questionnaires(patient)}
    copied = ("row_key", "session_no_recorded", "session_date", "side_effect",
              "side_effect_serious")  # fmt: skip
    return [
        {
            "patient_id": patient.patient_id,
            **{name: s.row[name] for name in copied},
            "session_no": s.session_no,
            "days_since_previous": s.days_since_previous,
            "pain_relief_pct": s.pain_relief_pct,
            "relief_duration_days": s.relief_duration_days,
            "gnpsi": scores[s.session_no]["gnpsi"],
            "ssnpsi": scores[s.session_no]["ssnpsi"],
            "course_no": s.course_no,
            "days_to_next": s.days_to_next,
            "relief_row_key": s.relief_row_key,
            "evaluation_date": s.evaluation_date,
            "is_asked_late": is_asked_late(s, protocol),
            "is_relief_duration_capped": is_capped(s),
        }
        for s in patient.sessions
    ]


def analysed_rows(
    treated: list[Patient], ends: dict[str, course.End], protocol: Protocol, end: date
) -> dict[str, Rows]:
    """Marts of the analysed patients, and the flow that leads to them."""
    states = {p.patient_id: course.flow_state(p, protocol, end) for p in treated}
    members = [
        Member(p, ends[p.patient_id], status.responder(status.status_value(p)[0], protocol))
        for p in treated
        if states[p.patient_id] == "analysed"
    ]
    bands = (status.band_row(m.patient, m.end, protocol) for m in members)
    return {
        "flow": analysed.flow_rows(treated, states, members),
        "baseline": [analysed.baseline_row(m.patient) for m in members],
        "test_period": [analysed.wide_row(m) for m in members],
        "test_period_long": [row for m in members for row in analysed.long_rows(m)],
        "status": [
            status.status_row(m.patient, protocol, course.STROKES.get(m.patient.row["aetiology"]))
            for m in members
        ],
        "bands": [row for row in bands if row is not None],
        "transitions": [status.transition_row(m.patient, m.end, protocol) for m in members],
        "landmarks": [landmarks.landmark_row(members, at) for at in protocol.landmark_sessions],
        "long_term": landmarks.long_term_rows(members, protocol),
    }


def frame(name: str, rows: Rows, is_synthetic: bool) -> pd.DataFrame:
    """Rows as the frame that the mart's contract promises."""
    columns = COLUMNS[name]
    stamped = [{**row, "is_synthetic": is_synthetic} for row in rows]
    return pd.DataFrame(stamped, columns=columns, dtype=object)
