"""What a defect does to a clinic's rows, and what the ledger will say of it.

Here: the kinds of change and their record. Not here: which change makes which defect, or carrying
changes into the files (`spoiling.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Table = Literal["patients", "sessions", "emcs"]
Row = tuple[Table, int]
"""A table and a place in the clinic's rows; rows that a defect adds have places of their own."""
EVER = np.datetime64("1900-01-01", "D")


@dataclass(frozen=True)
class SetCell:
    """Write another text into one cell."""

    row: Row
    column: str
    text: object
    since: np.datetime64 = EVER


@dataclass(frozen=True)
class AddRow:
    """Add a row below another one, in every delivery from a day on that has that one."""

    row: Row
    below: Row
    cells: dict[str, object]
    since: np.datetime64 = EVER


@dataclass(frozen=True)
class DropRow:
    """Leave a row out of every delivery from a day on."""

    row: Row
    since: np.datetime64 = EVER


@dataclass(frozen=True)
class EditLine:
    """Write a row's line otherwise than its cells would."""

    row: Row
    edit: Callable[[str], str]


@dataclass(frozen=True)
class InsertLine:
    """Put a line that is no row below another one; `row` is its place for the ledger."""

    row: Row
    below: Row
    line: Callable[[list[str]], str]
    """Header -> line."""


Change = SetCell | AddRow | DropRow | EditLine | InsertLine


@dataclass(frozen=True)
class Found:
    """Where a defect is to be found, and what stands there.

    Attributes
    ----------
    row
        Its row.
    column
        The cell's column; None for a whole row.
    true, injected
        Text of the cell before and after; of a whole row None.
    """

    row: Row
    column: str | None = None
    true: str | None = None
    injected: str | None = None


@dataclass(frozen=True)
class Injected:
    """One defect in the clinic's rows."""

    changes: tuple[Change, ...]
    found: tuple[Found, ...]
    innocents: tuple[Row, ...] = ()
