"""Versions, tombstones, orphans and open questions, derived from the facts of all deliveries.

The facts (`raw_line`, `raw_cell`, `content_*`, `ingest_file`) only grow; everything here is derived
from them in delivery order, so that the order of arrival, a delivery repeated and a state as known
on a day are one and the same question. The rules are SQL in `expectations/history/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import expectations
from expectations.rules import rule
from orchestration.ingest import schema

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

RULES = Path(expectations.__file__).parent / "history"
DEPENDENT = ("patients", "sessions", "emcs")
LEAST_ROWS_GONE = 5
"""A handful of withdrawn rows is a clinic's own correction, whatever share they are."""


@dataclass(frozen=True, slots=True)
class Block:
    """Why a delivery may not be taken without somebody's word. No value of a patient in it."""

    rule_id: str
    table_name: str
    reason: str


def place_deliveries(connection: duckdb.DuckDBPyConnection, *, as_of: date | None = None) -> None:
    """Give every accepted delivery its place; temp tables `delivery_place`, `delivered_table`."""
    connection.execute("set variable as_of = $1::date", [as_of])
    _run(connection, "delivery_order")


def derive(
    connection: duckdb.DuckDBPyConnection,
    births: pd.DataFrame | None = None,
    *,
    as_of: date | None = None,
) -> None:
    """Derive `raw_*`, `raw_patient_age`, the quarantine and the state of answers from the facts.

    Parameters
    ----------
    connection
        The attached warehouse build; the caller holds the transaction.
    births
        `file_sha256`, `line`, `birth_date` of patient rows, from the vault; dropped at the end.
    as_of
        Derive what was known on this day: later deliveries are left out. None = everything.
    """
    place_deliveries(connection, as_of=as_of)
    connection.execute(
        "create or replace temp table births (file_sha256 varchar, line bigint, birth_date date)"
    )
    if births is not None and len(births):
        connection.register("incoming_births", births)
        connection.execute("insert into births by name select * from incoming_births")
        connection.unregister("incoming_births")
    for table in DEPENDENT:
        connection.execute("set variable of_table = $1", [table])
        _run(connection, "versions")
        _write_versions(connection, table)
        if table == "patients":
            connection.execute(_DOUBTFUL)
    _run(connection, "set_aside")
    connection.execute(_SET_ASIDE)
    _run(connection, "quarantine")
    _run(connection, "corrections")
    for name in ("births", "usable_patient"):
        connection.execute(f"drop table {name}")


_DOUBTFUL = (
    "create or replace temp table doubtful_patient as "
    "select record_key from observed group by record_key having arg_max(is_conflict, n) "
    "union all select record_key from observed_once where is_conflict"
)

_SET_ASIDE = "create or replace temp table set_aside_version as " + " union all ".join(
    f"select '{table}' as table_name, delivery_id, row_key, file_sha256, line, patient_id, "
    f"record_key, set_aside_rule from raw_{table} where set_aside_rule is not null"
    for table in DEPENDENT
)


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((RULES / f"{name}.sql").read_text(encoding="utf-8"))


def _write_versions(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Bring a raw table to the versions, joined with the contents that they held.

    Only rows that differ are touched: after a thousand new rows, a million stand as they are.
    """
    name = f"raw_{table}"
    shape = schema.VERSION | schema.value_columns(table)
    held = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
    if held != list(shape):
        listed = ", ".join(f'"{column}" {kind}' for column, kind in shape.items())
        connection.execute(f"create or replace table {name} ({listed})")
    same = " and ".join(f"r.{column} is not distinct from v.{column}" for column in _OF_A_VERSION)
    connection.execute(
        "create or replace temp table standing_row as "
        f"select r.rowid as place, v.record_key, v.version_no from {name} as r "
        f"inner join versions as v on {same}"
    )
    connection.execute(f"delete from {name} where rowid not in (select place from standing_row)")
    connection.execute(f"update {name} set set_aside_rule = null where set_aside_rule is not null")
    columns = ", ".join(f'c."{column}"' for column in schema.value_columns(table))
    connection.execute(
        f"insert into {name} by name select v.*, v.known_from as delivery_date, {columns} "
        f"from versions as v inner join content_{table} as c on v.content_hash = c.content_hash "
        "anti join standing_row as s on v.record_key = s.record_key "
        "and v.version_no = s.version_no "
        "order by v.patient_id, v.record_key, v.version_no"
    )


_OF_A_VERSION = (
    "record_key",
    "version_no",
    "known_from",
    "known_to",
    "end_reason",
    "delivery_id",
    "delivery_mode",
    "file_sha256",
    "line",
    "content_hash",
)
"""Columns of a version from which all its others follow."""


def rows_vanished(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> Block | None:
    """Whether a full dump lacks more records of the full dump before it than rule 37 allows.

    Returns
    -------
    Block or None
        Rule `contract_rows_vanished`; None also where there is no earlier full dump.
    """
    limit = rule("contract_rows_vanished").threshold or 0
    place_deliveries(connection)
    rows = connection.execute(
        (RULES / "vanished.sql").read_text(encoding="utf-8"), [delivery_id]
    ).fetchall()
    for table, before, gone in rows:
        if gone > LEAST_ROWS_GONE and gone > limit * before:
            return Block(
                "contract_rows_vanished",
                table,
                f"{gone} of {before} records of the full dump before it are not in it",
            )
    return None


def landmark_values(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Keep, in temp table `name`, the reported relief that decides a status or a landmark."""
    connection.execute(
        f"create or replace temp table {name} as "
        "select record_key, pain_relief_pct as value from raw_sessions "
        "where known_to is null and set_aside_rule is null and session_no_recorded in (4, 15) "
        "union all select record_key, test_period_relief_pct from raw_patients "
        "where known_to is null and set_aside_rule is null"
    )


def landmarks_changed(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the values of temp table `landmark_before` that `landmark_after` has otherwise."""
    rows = connection.execute(
        "select count(*) from landmark_before as b left join landmark_after as a using (record_key)"
        " where b.value is not null and b.value is distinct from a.value"
    ).fetchall()
    return int(rows[0][0])


def any_accepted(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the build holds any delivery at all."""
    return newest_day(connection) is not None


def newest_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Date of the newest accepted delivery."""
    rows = connection.execute(
        "select max(delivery_date) from ingest_file where status = 'accepted'"
    ).fetchall()
    newest: date | None = rows[0][0]
    return newest


def is_late(connection: duckdb.DuckDBPyConnection, day: date) -> bool:
    """Whether a delivery of this date comes after a newer one was taken."""
    newest = newest_day(connection)
    return newest is not None and day < newest


def kind_of(connection: duckdb.DuckDBPyConnection) -> str:
    """'synthetic' or 'real', of the deliveries that the build holds."""
    rows = connection.execute(
        "select any_value(kind) from ingest_file where status = 'accepted'"
    ).fetchall()
    return str(rows[0][0])
