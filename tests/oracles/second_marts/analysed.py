"""Flow of the cohort; its analysed patients at baseline and in the test period (R1, R2)."""

from typing import Any

from second_marts.landmarks import Member
from second_marts.npsi import DIMENSIONS, baseline_scores, component, questionnaires
from second_marts.records import Patient
from second_marts.relief import relief_at

STATES = ("excluded_unassessable", "protocol_violation", "test_period_censored", "analysed")
STATUSES = {"responder": "responder", "non_responder": "non_responder", "status_unknown": "unknown"}


def flow_rows(
    treated: list[Patient], states: dict[str, str], members: list[Member]
) -> list[dict[str, Any]]:
    """Rows of the mart `flow`, every step also where nobody is in it (R1)."""
    groups = {"treated": treated}
    for state in STATES:
        groups[state] = [p for p in treated if states[p.patient_id] == state]
    for step, status in STATUSES.items():
        groups[step] = [m.patient for m in members if m.status == status]
    return [
        {
            "step_no": step_no,
            "step": step,
            "n_patients": len(group),
            "n_sessions": sum(len(p.sessions) for p in group),
        }
        for step_no, (step, group) in enumerate(groups.items(), start=1)
    ]


def baseline_row(patient: Patient) -> dict[str, Any]:
    """Row of the mart `baseline`."""
    copied = ("sex", "laterality", "topography", "lesion_level", "lesion_site", "aetiology",
              "pain_duration_years", "nrs_initial")  # fmt: skip
    scores = baseline_scores(patient)
    return {
        "patient_id": patient.patient_id,
        "age_years": patient.age_years,
        **{name: patient.row[name] for name in copied},
        "gnpsi_baseline": scores.gnpsi,
        **{f"{name}_baseline": scores.dimensions[name] for name in DIMENSIONS},
        "most_painful_component": component(patient).name,
    }


def long_rows(member: Member) -> list[dict[str, Any]]:
    """Five rows of the mart `test_period_long`: there is no relief before the first session."""
    patient = member.patient
    asked = {row["session_no"]: row for row in questionnaires(patient)}
    rows = []
    for session_no in range(5):
        session = patient.sessions[session_no - 1] if session_no else None
        rows.append(
            {
                "row_key": asked[session_no]["row_key"],
                "patient_id": patient.patient_id,
                "session_no": session_no,
                "pain_relief_pct": relief_at(patient, session_no) if session else None,
                "relief_duration_days": session.relief_duration_days if session else None,
                "gnpsi": asked[session_no]["gnpsi"],
                "ssnpsi": asked[session_no]["ssnpsi"],
                "responder_status": member.status,
                "lesion_level": patient.row["lesion_level"],
            }
        )
    return rows


def wide_row(member: Member) -> dict[str, Any]:
    """Row of the mart `test_period`: the same numbers side by side."""
    row = {"patient_id": member.patient.patient_id, "responder_status": member.status}
    for at in long_rows(member):
        k = at["session_no"]
        row |= {f"gnpsi_s{k}": at["gnpsi"], f"ssnpsi_s{k}": at["ssnpsi"]}
        if k:
            row[f"pain_relief_pct_s{k}"] = at["pain_relief_pct"]
            row[f"relief_duration_days_s{k}"] = at["relief_duration_days"]
    return row
