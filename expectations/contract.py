"""The row contract of one file: text rows in; kept, quarantined and dropped rows out.

Belongs here: the order in which the rules are applied, and the count that must come out even. Does
not: the rules (`cells`, `row_rules`, `key_rules`, `file_rules`), the tables of the result
(`checked`), reading bytes, the pseudonym, or rules over several deliveries (`history/`).
"""

from datetime import date

import pandas as pd

from expectations.checked import Checked, assemble
from expectations.dictionary import Table
from expectations.fates import Fates
from expectations.key_rules import settle_shared_keys
from expectations.reading import Readings, read_column
from expectations.row_rules import (
    drop_lines_without_data,
    quarantine_unreadable_rows,
    warn_of_cells,
    warn_of_skipped_hour,
)

__all__ = ["Checked", "check_rows", "reconcile"]


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
        optionally `field_count_ok` (bool; true of a line that holds nothing). Dictionary columns
        may be absent.
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
    first_column = next((str(name) for name in rows if name in readings), table.key[0])
    wrong = ~rows.get("field_count_ok", pd.Series(True, index=rows.index)).to_numpy(dtype=bool)
    drop_lines_without_data(table, readings, fates, first_column, wrong)
    fates.quarantine(wrong, "field_count", "more or fewer fields than the header")
    quarantine_unreadable_rows(table, readings, fates)
    settle_shared_keys(table, readings, fates)
    warn_of_cells(readings, fates)
    warn_of_skipped_hour(readings, fates)
    checked = assemble(table, rows["line"].to_numpy(), readings, fates)
    reconcile(len(rows), checked)
    return checked


def _read_columns(
    table: Table, rows: pd.DataFrame, delivery_date: date, pivot_year: int
) -> Readings:
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
