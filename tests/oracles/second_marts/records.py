"""Raw rows as plain Python: which of them are current, and what a patient's are.

Here: the step from frames to one `Patient` a person, with None for every missing cell. Not here:
any rule of the study.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

Row = dict[str, Any]


@dataclass
class Session:
    """One numbered session; the fields of relief are those that describe this session (R3)."""

    row: Row
    session_no: int
    on: date
    course_no: int = 1
    days_since_previous: int | None = None
    days_to_next: int | None = None
    pain_relief_pct: float | None = None
    relief_duration_days: float | None = None
    evaluation_date: date | None = None
    relief_row_key: str | None = None


@dataclass
class Patient:
    """The current rows of one person; `sessions` are the numbered ones, in order."""

    patient_id: str
    row: Row | None
    age_years: float | None = None
    raw_sessions: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)


def plain(value: Any) -> Any:
    """The cell as Python writes it: None where missing, a date where it is a day."""
    if isinstance(value, list | tuple):
        return value
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, datetime):
        return value.date()
    return value


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Rows of a frame as dictionaries of plain cells."""
    columns = [[plain(value) for value in frame[name]] for name in frame.columns]
    return [dict(zip(frame.columns, cells, strict=True)) for cells in zip(*columns, strict=True)]


def current(frame: pd.DataFrame) -> list[Row]:
    """Rows that say what is known now: the version stands and no set rule holds it back."""
    stands = frame["known_to"].isna() & frame["set_aside_rule"].isna()
    return rows_of(frame[stands])


def patients_of(raw: dict[str, pd.DataFrame]) -> list[Patient]:
    """Everybody with a current row in any table, by pseudonym."""
    master = {row["patient_id"]: row for row in current(raw["raw_patients"])}
    ages = {row["patient_id"]: row["age_years"] for row in rows_of(raw["raw_patient_age"])}
    sessions: dict[str, list[Row]] = defaultdict(list)
    for row in current(raw["raw_sessions"]):
        sessions[row["patient_id"]].append(row)
    visits: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(current(raw["raw_emcs"]), key=lambda row: row["visit_date"]):
        visits[row["patient_id"]].append(row)
    return [
        Patient(who, master.get(who), ages.get(who), sessions[who], visits[who])
        for who in sorted({*master, *sessions, *visits})
    ]
