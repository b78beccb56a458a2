"""The rules that decide where a row of one file goes.

Belongs here: lines that are no data, rows without a readable key, duplicates and conflicts within
the file. Does not: single cells (`cells`), or anything over several files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.columns import fold_header
from expectations.dictionary import Table
from expectations.reading import ColumnReading

FOOTERS = ("total", "exporte le", "nombre de lignes")

Mask = NDArray[np.bool_]


@dataclass
class Fates:
    """Where each row goes; a row that is no longer kept stays where its first cause put it."""

    n_rows: int
    kept: Mask = field(init=False)
    dropped: Mask = field(init=False)
    rule_id: NDArray[np.object_] = field(init=False)
    reason: NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        """Start with every row kept."""
        self.kept = np.ones(self.n_rows, dtype=bool)
        self.dropped = np.zeros(self.n_rows, dtype=bool)
        self.rule_id = np.full(self.n_rows, None, dtype=object)
        self.reason = np.full(self.n_rows, None, dtype=object)

    def drop(self, rows: Mask, rule_id: str) -> None:
        """Take rows that are no data, or no new data, out of the count of patients' rows."""
        chosen = rows & self.kept
        self.dropped |= chosen
        self.quarantine(rows, rule_id, None)

    def quarantine(
        self, rows: Mask, rule_id: str | NDArray[np.object_], reason: str | NDArray | None
    ) -> None:
        """Set rows aside under a rule; rule and reason may be given row by row."""
        chosen = rows & self.kept
        self.rule_id[chosen] = rule_id if isinstance(rule_id, str) else rule_id[chosen]
        self.reason[chosen] = reason[chosen] if isinstance(reason, np.ndarray) else reason
        self.kept &= ~chosen


def drop_lines_without_data(table: Table, readings: dict[str, ColumnReading], fates: Fates) -> None:
    """Drop blank lines, repeated headers and footers; only lines without identifier can be one."""
    identifier = readings[table.key[0]]
    headers = [{fold_header(h) for h in r.column.headers} for r in readings.values()]
    rules = np.full(fates.n_rows, "", dtype=object)
    for row in np.flatnonzero(identifier.typed.isna()):
        rules[row] = _line_rule([str(r.text[row]) for r in readings.values()], headers)
    for rule_id in ("row_blank", "row_repeated_header", "row_footer"):
        fates.drop(rules == rule_id, rule_id)


def _line_rule(cells: Sequence[str], headers: Sequence[set[str]]) -> str:
    filled = [
        (fold_header(cell), names)
        for cell, names in zip(cells, headers, strict=True)
        if cell.strip()
    ]
    if not filled:
        return "row_blank"
    if len(filled) > 1 and all(cell in names for cell, names in filled):
        return "row_repeated_header"
    if any(filled[0][0].startswith(fold_header(footer)) for footer in FOOTERS):
        return "row_footer"
    return ""


def quarantine_unreadable_rows(
    table: Table, readings: dict[str, ColumnReading], fates: Fates
) -> None:
    """Quarantine rows with a required cell that is missing or bad, under the cell's own rule."""
    for column in table.columns:
        if not column.required:
            continue
        reading = readings[column.name]
        named = np.array([f"{column.name}: {reason}" for reason in reading.reason], dtype=object)
        fates.quarantine(reading.is_bad, reading.rule_id, named)
        missing = reading.typed.isna().to_numpy() & ~reading.is_bad
        fates.quarantine(missing, "required_missing", f"{column.name}: no value")


def settle_shared_keys(table: Table, readings: dict[str, ColumnReading], fates: Fates) -> None:
    """Keep the first of equal rows; quarantine all rows of a key that says different things."""
    key = pd.DataFrame({name: readings[name].typed for name in table.key})[fates.kept]
    rows = key.index[key.duplicated(keep=False)].to_numpy()
    if not len(rows):
        return
    content = pd.DataFrame(
        {name: reading.signatures(rows) for name, reading in readings.items()}, index=rows
    )
    fates.drop(_mask(fates.n_rows, rows[content.duplicated()]), "row_duplicate")
    distinct = rows[~content.duplicated()]
    conflict = distinct[key.loc[distinct].duplicated(keep=False)]
    fates.quarantine(
        _mask(fates.n_rows, conflict), "key_conflict", "same key, different values in one file"
    )


def _mask(n_rows: int, rows: NDArray) -> Mask:
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask
