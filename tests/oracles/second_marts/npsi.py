"""Scores of the neuropathic pain symptom inventory (R12)."""

from dataclasses import dataclass
from typing import Any

from second_marts.records import Patient, Row

INTENSITY_ITEMS = (1, 2, 3, 5, 6, 8, 9, 10, 11, 12)
DIMENSIONS = {
    "burning": (1,),
    "deep": (2, 3),
    "paroxysmal": (5, 6),
    "evoked": (8, 9, 10),
    "paresthesia": (11, 12),
}
ITEMS_NEEDED = {"burning": 1, "deep": 2, "paroxysmal": 2, "evoked": 2, "paresthesia": 2}


@dataclass(frozen=True)
class Scores:
    """One questionnaire: the five dimensions out of 10 and the totals out of 100."""

    dimensions: dict[str, float | None]
    n_items: int
    gnpsi: float | None
    gnpsi_prorated: float | None
    gnpsi_equal_weight: float | None


def score(items: dict[int, int | None]) -> Scores:
    """Score the items 1 to 12 of one questionnaire; 4 and 7 never count."""
    dimensions: dict[str, float | None] = {}
    for name, members in DIMENSIONS.items():
        known = [items[item] for item in members if items[item] is not None]
        enough = len(known) >= ITEMS_NEEDED[name]
        dimensions[name] = sum(known) / len(known) if enough else None
    said = [items[item] for item in INTENSITY_ITEMS if items[item] is not None]
    parts = list(dimensions.values())
    return Scores(
        dimensions,
        n_items=len(said),
        gnpsi=sum(said) if len(said) == 10 else None,
        gnpsi_prorated=sum(said) * 10 / len(said) if len(said) in (8, 9) else None,
        gnpsi_equal_weight=None if None in parts else 2 * sum(parts),
    )


def baseline_scores(patient: Patient) -> Scores:
    """Scores before the first session."""
    return score({item: patient.row[f"npsi_baseline_{item}"] for item in range(1, 13)})


def session_scores(row: Row) -> Scores:
    """Scores of the questionnaire on a session's row."""
    return score({item: row[f"npsi_{item}"] for item in range(1, 13)})


@dataclass(frozen=True)
class Component:
    """The component followed from baseline on, how it was chosen, and whether the order decided."""

    name: str | None = None
    source: str | None = None
    is_tie: bool | None = None


def component(patient: Patient) -> Component:
    """The one that the patient named, else the largest at baseline; never chosen again (R12).

    With a dimension unknown nobody knows the largest; of two alike the first in order counts.
    """
    named = patient.row["most_painful_component"]
    if named is not None:
        return Component(named, "named_by_patient")
    scores = baseline_scores(patient).dimensions
    if None in scores.values():
        return Component()
    largest = [name for name in DIMENSIONS if scores[name] == max(scores.values())]
    return Component(largest[0], "largest_dimension", len(largest) > 1)


def questionnaires(patient: Patient) -> list[dict[str, Any]]:
    """Rows of the mart `npsi`: the baseline, then one a numbered session."""
    said = [(0, patient.row, baseline_scores(patient), "npsi_baseline_total", None)]
    said += [
        (s.session_no, s.row, session_scores(s.row), "npsi_total", "ssnpsi")
        for s in patient.sessions
    ]
    chosen = component(patient)
    rows = []
    for session_no, row, scores, total, recorded_component in said:
        recorded = row[total]
        both = recorded is not None and scores.gnpsi is not None
        rows.append(
            {
                "row_key": row["row_key"],
                "patient_id": patient.patient_id,
                "session_no": session_no,
                **scores.dimensions,
                "n_items": scores.n_items,
                "gnpsi": scores.gnpsi,
                "gnpsi_prorated": scores.gnpsi_prorated,
                "gnpsi_equal_weight": scores.gnpsi_equal_weight,
                "gnpsi_recorded": recorded,
                "recorded_difference": recorded - scores.gnpsi if both else None,
                "most_painful_component": chosen.name,
                "component_source": chosen.source,
                "is_component_tie": chosen.is_tie,
                "ssnpsi": scores.dimensions[chosen.name] if chosen.name else None,
                "ssnpsi_recorded": row[recorded_component] if recorded_component else None,
            }
        )
    return rows
