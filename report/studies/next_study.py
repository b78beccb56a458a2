"""What a next study would do to learn one thing that the best length hinges on.

Belongs here: designs and their limits in words. Does not: how many patients they take.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Block, Heading
from report.frames import is_missing, records
from report.studies.lines import lined
from report.wording import MISSING, count, number

UNITS = {
    "noise_sd": ("points", 1, 0),
    "assessment_sd": ("points", 1, 0),
    "half_gain_sessions": ("sessions", 1, 1),
    "rise_share": ("%", 100, 0),
    "missing_responder_4": ("%", 100, 0),
    "efficacy_at_zero": ("log odds a session", 1, 1),
    "other_hazard": ("% a session", 100, 1),
}
"""Unit, factor and decimals that a thing is told with."""
SIZED = {
    "noise_sd": "{n} patients report twice, a week apart, with no session between",
    "assessment_sd": "the recorded assessment of {n} patients is taken twice, by two people, on "
    "the same day",
    "rise_share": "{n} patients are followed until each is known to have a rise or none; reports "
    "tell that only in part",
    "missing_responder_4": "the reports of session 4 of {n} responders are looked for",
    "efficacy_at_zero": "{n} who stop for want of relief, with reports near 0, are asked why, and "
    "all their sessions are counted",
    "other_hazard": "{n} who stop for any other reason are asked why, and all sessions until then "
    "are counted",
}
NOT_SIZED = {
    "half_gain_sessions": "a cohort is offered sessions to {horizon}, whatever it reports; of 100 "
    "who start {completed} then still come. Nothing here sizes it: study curve_identifiability "
    "asks how well cohorts tell it",
    "curve": "a cohort is offered sessions to {horizon}, whatever it reports. Nothing here sizes "
    "it: study curve_identifiability asks how well cohorts tell it",
    "noise": "patients report three times or more with no session between. Nothing here sizes it",
    "drop_out": "who stops is asked what is felt at that moment, beside the last report. Nothing "
    "here sizes it",
}


@dataclass(frozen=True, kw_only=True)
class NextStudy:
    """What the section reads.

    Attributes
    ----------
    designs
        Rows of `next_study.designs`.
    part_of_sd, left
        Standard error aimed at in SDs between worlds, and share of the variance that it leaves.
    horizon_session, completed
        Longest test studied; share of those who start who still come.
    """

    designs: pd.DataFrame
    part_of_sd: float
    left: float
    horizon_session: int
    completed: float


def learned(questions: Sequence[str], told: NextStudy) -> list[Block]:
    """Return the table of designs, in the order of the questions; nothing where none differs."""
    by = {row["question"]: row for row in records(told.designs)}
    lines = []
    for question in questions:
        if question not in by:
            continue
        row = by[question]
        start = MISSING if is_missing(row["n_start"]) else count(row["n_start"])
        error = MISSING if is_missing(row["standard_error"]) else _value(row, "standard_error")
        lines.append((question, _spread(row), error, _design(row, told), start))
    if not lines:
        return []
    labels = {
        "question": "To learn",
        "spread": "Nine worlds of ten",
        "error": "To within (standard error)",
        "design": "A design that would",
        "start": "Patients who start, at least",
    }
    shown = lined(
        lines,
        "table-designs",
        "What a next study would do, and how many patients it takes",
        labels,
        [
            f"Standard error: {number(told.part_of_sd)} of the SD between these worlds, which "
            f"leaves {number(100 * told.left, 0)} % of the variance between them.",
            "Closed forms at the mean world: of an SD from pairs, SD / √(2n) (Bland and Altman "
            "1996); of a share, √(p(1 − p)/n); of a rate from D stops, rate / √D (Clayton and "
            "Hills 1993). Patients who start: from the share who respond, who stop and who still "
            "come in this study’s own cohorts.",
            "At least: errors are taken as normal and independent. Outlying reports, heaped "
            "numbers and missing answers ask for more.",
        ],
        prose=("design",),
    )
    return [Heading("A design that would learn it"), shown]


def _value(row: dict[str, float], name: str) -> str:
    unit, factor, digits = UNITS[str(row["column"])]
    return f"{number(factor * row[name], digits + (name == 'standard_error'))} {unit}"


def _spread(row: dict[str, float]) -> str:
    if is_missing(row["lo"]):
        return "differs in kind"
    factor, digits = UNITS[str(row["column"])][1:]
    return f"{number(factor * row['lo'], digits)} to {_value(row, 'hi')}"


def _design(row: dict[str, float], told: NextStudy) -> str:
    column = str(row["column"])
    if column in SIZED:
        text = SIZED[column].format(n=count(row["n"]))
    else:
        text = NOT_SIZED[column].format(
            horizon=told.horizon_session, completed=number(100 * told.completed, 0)
        )
    return text[:1].upper() + text[1:]
