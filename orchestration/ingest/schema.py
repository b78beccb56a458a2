"""Tables that ingest writes: facts that only grow, and what is derived from them.

Facts: each delivered row (`raw_line`), each cell set aside (`raw_cell`) or repaired, the content of
accepted rows once per keyed hash (`content_*`), files, warnings, answers. Derived in each run by
`history`: the versions in `raw_*`, the quarantine, the state of the answers. Identifying and
free-text columns of the dictionary never appear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations import dictionary
from expectations.lineage import LINEAGE, SQL_TYPES
from expectations.profile import PROFILE_COLUMNS

if TYPE_CHECKING:
    import duckdb


RAW_TABLES = {"patients": "raw_patients", "sessions": "raw_sessions", "emcs": "raw_emcs"}
"""Dictionary table -> warehouse table."""

_PLACE = {
    "delivery_id": "varchar",
    "file_sha256": "varchar",
    "line": "bigint",
    "table_name": "varchar",
}

VERSION = {name: sql_type for name, (sql_type, _) in LINEAGE.items()}
"""First columns of every `raw_*` table: one row a version of a record."""

FACTS: dict[str, dict[str, str]] = {
    "ingest_file": {
        "delivery_id": "varchar",
        "delivery_name": "varchar",
        "delivery_date": "date",
        "extracted_at": "timestamp",
        "received_no": "bigint",
        "kind": "varchar",
        "file_name": "varchar",
        "file_sha256": "varchar",
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
        "rule_id": "varchar",
        "reason": "varchar",
        "run_id": "varchar",
        "loaded_at": "timestamp",
    },
    "file_warning": {
        **_PLACE,
        "column_name": "varchar",
        "rule_id": "varchar",
        "detail": "varchar",
        "run_id": "varchar",
    },
    "raw_line": {
        **_PLACE,
        "base_delivery_id": "varchar",
        "fate": "varchar",
        "rule_id": "varchar",
        "reason": "varchar",
        "patient_id": "varchar",
        "record_no": "varchar",
        "record_date": "date",
        "content_hash": "varchar",
    },
    "raw_cell": {
        **_PLACE,
        "base_delivery_id": "varchar",
        "column_name": "varchar",
        "rule_id": "varchar",
        "reason": "varchar",
    },
    "repair_log": {
        **_PLACE,
        "row_key": "varchar",
        "column_name": "varchar",
        "rule_id": "varchar",
        "run_id": "varchar",
    },
    "correction_line": {
        "delivery_id": "varchar",
        "line": "bigint",
        "table_name": "varchar",
        "patient_id": "varchar",
        "record_no": "varchar",
        "column_name": "varchar",
        "rule_id": "varchar",
    },
    "amended_by": {
        "correction_delivery_id": "varchar",
        "correction_line": "bigint",
        "base_delivery_id": "varchar",
        "file_sha256": "varchar",
        "line": "bigint",
        "outcome": "varchar",
    },
    "delivery_override": {
        "delivery_id": "varchar",
        "rule_id": "varchar",
        "because": "varchar",
        "at": "timestamp",
        "run_id": "varchar",
    },
    "dq_result": {
        "run_id": "varchar",
        "at": "timestamp",
        "rule_id": "varchar",
        "owner": "varchar",
        "table_name": "varchar",
        "column_name": "varchar",
        "status": "varchar",
        "severity": "varchar",
        "numerator": "bigint",
        "denominator": "bigint",
        "detail": "varchar",
    },
}

MEASURED = {"dq_profile": PROFILE_COLUMNS}
"""What was measured of each delivery, so that drift needs no reading again."""

DERIVED: dict[str, dict[str, str]] = {
    "quarantine_row": {
        **_PLACE,
        "row_key": "varchar",
        "patient_id": "varchar",
        "record_no": "varchar",
        "rule_id": "varchar",
        "reason": "varchar",
        "run_id": "varchar",
        "is_open": "boolean",
    },
    "quarantine_cell": {
        **_PLACE,
        "row_key": "varchar",
        "column_name": "varchar",
        "rule_id": "varchar",
        "reason": "varchar",
        "run_id": "varchar",
        "is_open": "boolean",
    },
    "raw_correction": {
        "delivery_id": "varchar",
        "delivery_date": "date",
        "line": "bigint",
        "table_name": "varchar",
        "patient_id": "varchar",
        "record_no": "varchar",
        "column_name": "varchar",
        "rule_id": "varchar",
        "status": "varchar",
    },
    "raw_patient_age": {"patient_id": "varchar", "age_years": "double"},
}


def value_columns(table_name: str) -> dict[str, str]:
    """Column name -> SQL type of the values that a table holds."""
    table = dictionary.load()[table_name]
    return {c.name: SQL_TYPES[c.type] for c in table.warehouse_columns}


def descriptions() -> dict[str, str]:
    """What each column holds, in the words of the dictionary."""
    own = {name: said for name, (_, said) in LINEAGE.items()} | {
        "base_delivery_id": "Delivery of the row that an answer of the clinic amends.",
        "fate": "kept, quarantined or dropped.",
        "record_no": "Rest of the natural key: session number, visit date, or nothing.",
        "received_no": "Order of first arrival.",
        "is_open": "Still a question to the clinic.",
    }
    tables = dictionary.load().values()
    return {c.name: c.description for t in tables for c in t.warehouse_columns} | own


def all_tables() -> dict[str, dict[str, str]]:
    """Every table that ingest writes, with its columns and SQL types."""
    raw = {warehouse: VERSION | value_columns(name) for name, warehouse in RAW_TABLES.items()}
    return raw | contents() | FACTS | MEASURED | DERIVED


def contents() -> dict[str, dict[str, str]]:
    """The stores of row contents, once per keyed hash."""
    return {
        f"content_{name}": {"content_hash": "varchar"} | value_columns(name) for name in RAW_TABLES
    }


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet."""
    for name, columns in all_tables().items():
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f'create table if not exists "{name}" ({listed})')
