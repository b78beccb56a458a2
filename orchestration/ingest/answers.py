"""Answers to the query sheet: `corrections.csv` of a delivery.

An answer names a patient, a file, a session, a field, what the clinic had written and what it
should have been. Here it is read, addressed to a record and kept; which rows it then amends is
`amendments`.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pandas as pd

from expectations import dictionary
from expectations.cells import parse_cell, parse_date, parse_identifier
from expectations.columns import fold_header
from expectations.outcomes import Bad
from orchestration import vault
from orchestration.ingest.decoding import as_utf8
from orchestration.ingest.deliveries import CORRECTIONS, Delivery
from orchestration.ingest.refusal import Refused
from orchestration.settings import Settings
from orchestration.warehouse import append_table

if TYPE_CHECKING:
    import duckdb

    from expectations.columns import Column
    from expectations.dictionary import Table

FIELDS = {
    "ipp": "ipp",
    "fichier": "file_name",
    "num_seance": "session_no",
    "champ": "field",
    "ancienne": "old_value",
    "nouvelle": "new_value",
    "motif": "reason",
    "auteur": "author",
    "date": "answered_on",
}
"""Header of the file -> column of the vault's table `correction`."""

_TEXTS = list(FIELDS.values())


def read_answers(delivery: Delivery) -> pd.DataFrame:
    """Read the delivery's `corrections.csv`; rows that answer nothing are left out.

    Returns
    -------
    DataFrame
        `line` and the texts of `FIELDS`; no row where there is no such file.

    Raises
    ------
    Refused
        The file cannot be decoded, is no CSV, or lacks a column (rule `gate_missing_column`).
    """
    for file in delivery.files:
        if file.name == CORRECTIONS:
            try:
                return _answers(as_utf8(file.path.read_bytes())[0].decode())
            except Refused as refusal:
                refusal.file_name = CORRECTIONS
                raise
            except csv.Error as error:
                reason = f"it is not CSV ({error})"
                raise Refused("gate_unclosed_quote", reason, CORRECTIONS) from None
    return pd.DataFrame(columns=["line", *_TEXTS])


def _answers(text: str) -> pd.DataFrame:
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=";", strict=True)
    header = [fold_header(cell) for cell in next(reader, [])]
    missing = [name for name in FIELDS if fold_header(name) not in header]
    if missing:
        reason = f"required columns not found in its header: {', '.join(missing)}"
        raise Refused("gate_missing_column", reason, CORRECTIONS)
    places = {header.index(fold_header(name)): column for name, column in FIELDS.items()}
    rows = []
    for cells in reader:
        said = {
            column: _unescaped(cells[place]) if place < len(cells) else ""
            for place, column in places.items()
        }
        if said["new_value"] or said["reason"] or said["author"]:
            rows.append({"line": reader.line_num} | said)
    return pd.DataFrame(rows, columns=["line", *_TEXTS])


def _unescaped(text: str) -> str:
    """Take off the apostrophe with which the query sheet keeps a formula from being one."""
    stripped = text.strip()
    return stripped[1:] if stripped[:2] in {"'=", "'+", "'-", "'@"} else stripped


def write_answers(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    answers: pd.DataFrame,
    key: bytes,
) -> None:
    """Append `correction_line`: to which record and column each answer speaks, or why to none."""
    rows = [_address(row, key) for _, row in answers.iterrows()]
    frame = pd.DataFrame(rows).assign(delivery_id=delivery.delivery_id) if rows else pd.DataFrame()
    append_table(connection, "correction_line", frame)


def keep_answers(settings: Settings, delivery: Delivery, answers: pd.DataFrame) -> None:
    """Write the texts to the vault; a delivery's answers replace what an earlier try wrote."""
    if answers.empty:
        return
    with vault.connect(settings) as connection:
        connection.execute("begin")
        connection.execute("delete from correction where delivery_id = ?", [delivery.delivery_id])
        append_table(connection, "correction", answers.assign(delivery_id=delivery.delivery_id))
        connection.execute("commit")


def _address(row: pd.Series, key: bytes) -> dict[str, object]:
    """Where one answer points; `rule_id` says why it cannot be read."""
    found: dict[str, object] = {"line": row["line"]}
    table = _table(row["file_name"])
    if table is None:
        return found | {"rule_id": "correction_file"}
    found["table_name"] = table.name
    column = _column(table, row["field"])
    if column is None or column.name in table.key:
        return found | {"rule_id": "correction_field"}
    found["column_name"] = column.name
    number = parse_identifier(row["ipp"].strip(), table.column(table.key[0]))
    record = _record(table, row["session_no"].strip())
    if isinstance(number, Bad) or record is None:
        return found | {"rule_id": "correction_record"}
    return found | {"patient_id": vault.pseudonym(key, str(number.value)), "record_no": record}


def _table(file_name: str) -> Table | None:
    named = dictionary.tables_for_file(file_name.strip())
    if named:
        return named[0]
    folded = fold_header(file_name)
    for table in dictionary.load().values():
        if any(fold_header(p).rstrip("_") in folded for p in table.file_prefixes):
            return table
    return None


def _column(table: Table, field: str) -> Column | None:
    by_name = {column.name: column for column in table.file_columns}
    return table.by_header.get(fold_header(field)) or by_name.get(field.strip())


def _record(table: Table, text: str) -> str | None:
    """The natural key without the patient, as `records.record_no` writes it."""
    if len(table.key) == 1:
        return ""
    column = table.column(table.key[1])
    cell = (
        parse_date(text, pivot_year=2099)
        if column.type == "date"
        else parse_cell(text, column, pivot_year=2099)
    )
    return None if isinstance(cell, Bad) or cell.value is None else str(cell.value)
