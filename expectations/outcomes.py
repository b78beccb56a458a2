"""What reading a cell can come to.

Belongs here: the three outcomes, shared by every parser. Does not: any parsing.
"""

from dataclasses import dataclass
from datetime import date, datetime

FORMULA_NO_VALUE = "\x00formula"
"""Text of a workbook cell whose formula has no saved result; no cell of a file can hold it."""

type Value = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Ok:
    """A value as the dictionary writes it; `reason` says which rule read a token as missing."""

    value: Value
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Repaired:
    """A value whose spelling was put right, without doubt about its meaning."""

    value: Value
    rule_id: str


@dataclass(frozen=True, slots=True)
class Bad:
    """No value of the column; `reason` is for the clinic and never quotes the cell."""

    rule_id: str
    reason: str


type Cell = Ok | Repaired | Bad
