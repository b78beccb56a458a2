"""Column types of the tables that ingest writes: `raw_*` from the dictionary, the logs literally.

`raw_*` tables are append-only facts over all deliveries and begin with the lineage columns; the
dictionary's identifying and free-text columns never appear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations import dictionary

if TYPE_CHECKING:
    import duckdb

    from expectations.dictionary import Column, Table

RAW_TABLES = {"patients": "raw_patients", "sessions": "raw_sessions", "emcs": "raw_emcs"}
"""Dictionary table -> warehouse table."""

LINEAGE = {
    "row_key": "varchar",
    "delivery_date": "date",
    "delivery_mode": "varchar",
    "file_sha256": "varchar",
    "line": "bigint",
    "content_hash": "varchar",
    "patient_id": "varchar",
}

_SQL_TYPES = {
    "text": "varchar",
    "code": "varchar",
    "time": "varchar",
    "date": "date",
    "datetime": "timestamp",
    "decimal": "double",
    "integer": "integer",
    "boolean": "boolean",
}

_PLACE = {"row_key": "varchar", "file_sha256": "varchar", "line": "bigint", "table_name": "varchar"}

LOGS: dict[str, dict[str, str]] = {
    "quarantine_row": {**_PLACE, "rule_id": "varchar", "reason": "varchar", "run_id": "varchar"},
    "quarantine_cell": {
        **_PLACE,
        "column_name": "varchar",
        "rule_id": "varchar",
        "reason": "varchar",
        "run_id": "varchar",
    },
    "repair_log": {**_PLACE, "column_name": "varchar", "rule_id": "varchar", "run_id": "varchar"},
    "ingest_file": {
        "file_sha256": "varchar",
        "file_name": "varchar",
        "delivery_id": "varchar",
        "delivery_date": "date",
        "table_name": "varchar",
        "delivery_mode": "varchar",
        "encoding": "varchar",
        "header_set": "varchar",
        "n_rows": "bigint",
        "n_kept": "bigint",
        "n_quarantined": "bigint",
        "n_dropped": "bigint",
        "n_repaired_cells": "bigint",
        "n_quarantined_cells": "bigint",
        "status": "varchar",
        "reason": "varchar",
        "run_id": "varchar",
        "loaded_at": "timestamp",
    },
    "dq_result": {
        "run_id": "varchar",
        "at": "timestamp",
        "rule_id": "varchar",
        "owner": "varchar",
        "table_name": "varchar",
        "status": "varchar",
        "severity": "varchar",
        "numerator": "bigint",
        "denominator": "bigint",
        "detail": "varchar",
    },
}


def warehouse_columns(table: Table) -> list[Column]:
    """Columns of a dictionary table that enter the warehouse: no identifier, no free text."""
    return [c for c in table.columns if not c.identifying and c.type != "free_text"]


def raw_columns(table: Table) -> dict[str, str]:
    """Column name -> SQL type of a raw table."""
    return LINEAGE | {c.name: _SQL_TYPES[c.type] for c in warehouse_columns(table)}


def descriptions() -> dict[str, str]:
    """What each column holds, in the words of the dictionary."""
    own = {
        "row_key": "First 16 hex digits of the file's SHA-256 and the physical line.",
        "delivery_date": "Date of the delivery that the row came with.",
        "delivery_mode": "complet (the file holds everything) or increment.",
        "file_sha256": "SHA-256 of the delivered file.",
        "line": "Physical line; in a workbook sheet x 10,000,000 + row.",
        "content_hash": "Hash of the row as delivered.",
        "patient_id": "Pseudonym, 32 hex digits.",
    }
    tables = dictionary.load().values()
    return {c.name: c.description for t in tables for c in warehouse_columns(t)} | own


def all_tables() -> dict[str, dict[str, str]]:
    """Every table that ingest writes, with its columns and SQL types."""
    tables = dictionary.load()
    return {raw: raw_columns(tables[name]) for name, raw in RAW_TABLES.items()} | LOGS


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet."""
    for name, columns in all_tables().items():
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f'create table if not exists "{name}" ({listed})')
