"""One column of text rows -> typed values and what happened to each cell.

Belongs here: evaluation once per distinct text, so that a million rows cost as much as their
different spellings. Does not: the parsers themselves (`cells`), or what a bad cell means for its
row (`contract`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.cells import Bad, Cell, Ok, Repaired, parse_cell
from expectations.columns import Column, fold_header

DTYPES: dict[str, Any] = {
    "text": "str",
    "identifier": "str",
    "code": "str",
    "time": "str",
    "free_text": "str",
    "decimal": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "datetime": "datetime64[us]",
}


@dataclass(frozen=True)
class ColumnReading:
    """A column after reading; arrays are of the rows' length and order.

    Attributes
    ----------
    column
        Its entry in the dictionary.
    text
        Cells as written, '' where absent.
    typed
        Typed values, NULL where missing or bad; dtype by `DTYPES`.
    is_bad, is_repaired
        What happened to the cell; a missing token counts as repaired to NULL.
    rule_id, reason
        Rule of a bad or repaired cell and, for a bad one, what is wrong; None elsewhere.
    """

    column: Column
    text: NDArray[np.object_]
    typed: pd.Series
    is_bad: NDArray[np.bool_]
    is_repaired: NDArray[np.bool_]
    rule_id: NDArray[np.object_]
    reason: NDArray[np.object_]

    def signatures(self, rows: NDArray[np.intp]) -> list[str]:
        """Return what two cells must share to be the same: value, or text where it is bad."""
        values = self.typed.iloc[rows].astype("object")
        written = np.where(self.is_bad[rows], self.text[rows], values)
        return ["" if pd.isna(cell) else fold_header(str(cell)) for cell in written]


def read_column(
    column: Column, text: pd.Series, *, delivery_date: date, pivot_year: int, native: bool
) -> ColumnReading:
    """Read a column, each distinct text once.

    Parameters
    ----------
    column
        Its entry in the dictionary.
    text
        Cells as written; NULL is an empty cell.
    delivery_date, pivot_year, native
        As in `cells.parse_cell`.
    """
    codes, distinct = pd.factorize(text.astype("object").fillna(""))
    cells = [
        parse_cell(str(one), column, pivot_year=pivot_year, native=native, not_after=delivery_date)
        for one in distinct
    ]
    values = pd.Series([_value(cell) for cell in cells], dtype="object")
    return ColumnReading(
        column=column,
        text=np.asarray(distinct, dtype=object)[codes],
        typed=values.astype(DTYPES[column.type]).take(codes).reset_index(drop=True),
        is_bad=np.array([isinstance(cell, Bad) for cell in cells], dtype=bool)[codes],
        is_repaired=np.array([_repair_rule(cell) is not None for cell in cells], dtype=bool)[codes],
        rule_id=np.array([_rule(cell) for cell in cells], dtype=object)[codes],
        reason=np.array(
            [cell.reason if isinstance(cell, Bad) else None for cell in cells], dtype=object
        )[codes],
    )


def _value(cell: Cell) -> object:
    return None if isinstance(cell, Bad) else cell.value


def _repair_rule(cell: Cell) -> str | None:
    match cell:
        case Repaired(rule_id=rule_id):
            return rule_id
        case Ok(reason=reason):
            return reason
        case _:
            return None


def _rule(cell: Cell) -> str | None:
    return cell.rule_id if isinstance(cell, Bad) else _repair_rule(cell)
