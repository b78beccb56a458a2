"""The row contract of one file: text rows in; kept, quarantined and dropped rows out.

Belongs here: the order in which the rules are applied, the result, and the count that must come
out even. Does not: the rules (`cells`, `row_rules`), reading bytes, the pseudonym, or rules over
several deliveries (orphans, tombstones), which are SQL over `raw_*`.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.columns import MISSING_TOKENS, fold_header
from expectations.dictionary import Table
from expectations.reading import ColumnReading, read_column
from expectations.row_rules import (
    Fates,
    Mask,
    drop_lines_without_data,
    quarantine_unreadable_rows,
    settle_shared_keys,
)

NO_COMPLICATION = ("aucune", "aucun", "non", "RAS", "0")


@dataclass(frozen=True)
class Checked:
    """What became of the rows of one file.

    Attributes
    ----------
    kept
        `line` and every column of the dictionary, typed, identifying ones as text; a bad cell is
        NULL. Columns absent from the file are NULL throughout.
    quarantined_rows
        line, rule_id, reason: one row a line, the first cause wins.
    quarantined_cells
        line, column_name, rule_id, reason, value: bad cells of kept rows, as written.
    repairs
        line, column_name, rule_id, before, after: repaired cells of kept rows, as text.
    dropped
        line, rule_id: lines that are no data, and exact duplicates.
    """

    kept: pd.DataFrame
    quarantined_rows: pd.DataFrame
    quarantined_cells: pd.DataFrame
    repairs: pd.DataFrame
    dropped: pd.DataFrame


def check_rows(
    table: Table, rows: pd.DataFrame, *, delivery_date: date, pivot_year: int | None = None
) -> Checked:
    """Apply the contract to the rows of one file.

    Parameters
    ----------
    table
        The file's table of the dictionary.
    rows
        Column `line` (int, physical line of the file), text columns under dictionary names, and
        optionally `field_count_ok` (bool). Dictionary columns may be absent.
    delivery_date
        Date of the delivery; a session cannot be later.
    pivot_year
        Last year that a two-digit year can mean; by default the year of the delivery.

    Raises
    ------
    ValueError
        If `rows` lacks `line`, holds a column that the dictionary does not know, or does not come
        out even (`reconcile`).
    """
    _require_known_columns(table, rows)
    rows = rows.reset_index(drop=True)
    readings = _read_columns(table, rows, delivery_date, pivot_year or delivery_date.year)
    fates = Fates(len(rows))
    drop_lines_without_data(table, readings, fates)
    if "field_count_ok" in rows:
        wrong = ~rows["field_count_ok"].to_numpy(dtype=bool)
        fates.quarantine(wrong, "field_count", "more or fewer fields than the header")
    quarantine_unreadable_rows(table, readings, fates)
    settle_shared_keys(table, readings, fates)
    checked = _assemble(table, rows["line"].to_numpy(), readings, fates)
    reconcile(len(rows), checked)
    return checked


def _read_columns(
    table: Table, rows: pd.DataFrame, delivery_date: date, pivot_year: int
) -> dict[str, ColumnReading]:
    return {
        column.name: read_column(
            column,
            rows.get(column.name, pd.Series("", index=rows.index)),
            delivery_date=delivery_date,
            pivot_year=pivot_year,
            native=table.file_format == "xlsx",
        )
        for column in table.file_columns
    }


def reconcile(n_rows: int, checked: Checked) -> None:
    """Raise ValueError unless rows in = kept + quarantined + dropped, each line exactly once."""
    parts = {
        name: getattr(checked, name)["line"] for name in ("kept", "quarantined_rows", "dropped")
    }
    counts = ", ".join(f"{name} {len(lines)}" for name, lines in parts.items())
    if sum(len(lines) for lines in parts.values()) != n_rows:
        raise ValueError(f"rows do not reconcile: {n_rows} in, but {counts}")
    if pd.concat(list(parts.values())).duplicated().any():
        raise ValueError(f"rows do not reconcile: a line is counted twice ({counts})")


def _require_known_columns(table: Table, rows: pd.DataFrame) -> None:
    known = {column.name for column in table.file_columns} | {"line", "field_count_ok"}
    unknown = sorted(set(map(str, rows.columns)) - known)
    if "line" not in rows or unknown:
        raise ValueError(
            f"rows of table {table.name} need the column line and only dictionary columns; "
            f"unknown: {', '.join(unknown) or 'none'}"
        )


def _assemble(
    table: Table, lines: NDArray, readings: dict[str, ColumnReading], fates: Fates
) -> Checked:
    kept = pd.DataFrame({"line": lines} | {name: r.typed for name, r in readings.items()})
    for column in table.columns:
        if column.derived_from:
            kept[column.name] = _presence(readings[column.derived_from])
    gone = pd.DataFrame({"line": lines, "rule_id": fates.rule_id, "reason": fates.reason})
    order = ["line", *(column.name for column in table.columns)]
    return Checked(
        kept=kept.loc[fates.kept, order].reset_index(drop=True),
        quarantined_rows=gone[~fates.kept & ~fates.dropped].reset_index(drop=True),
        quarantined_cells=_cells(lines, readings, fates.kept, repaired=False),
        repairs=_cells(lines, readings, fates.kept, repaired=True),
        dropped=gone.loc[fates.dropped, ["line", "rule_id"]].reset_index(drop=True),
    )


def _presence(reading: ColumnReading) -> pd.Series:
    """Whether something is written down; words for nothing are no, a missing value is unknown."""
    nothing = {fold_header(word) for word in NO_COMPLICATION}
    unknown = {fold_header(token) for token in MISSING_TOKENS}
    folded = reading.typed.map(fold_header, na_action="ignore")
    stated = (~folded.isin(nothing)).astype("boolean")
    return stated.mask(folded.isna() | folded.isin(unknown))


def _cells(
    lines: NDArray, readings: dict[str, ColumnReading], kept: Mask, *, repaired: bool
) -> pd.DataFrame:
    """List repaired or bad cells of kept rows, in the order of lines."""
    parts = []
    for name, reading in readings.items():
        rows = np.flatnonzero(kept & (reading.is_repaired if repaired else reading.is_bad))
        part = {"line": lines[rows], "column_name": name, "rule_id": reading.rule_id[rows]}
        if repaired:
            after = reading.typed.iloc[rows].astype("str").to_numpy()
            part |= {"before": reading.text[rows], "after": after}
        else:
            part |= {"reason": reading.reason[rows], "value": reading.text[rows]}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True).sort_values("line", kind="stable", ignore_index=True)
