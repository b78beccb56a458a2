"""Whether two warehouses say the same, table by table: counts and hashes that know no row order.

Columns that name a run or a time are left out, and so is what only a live warehouse has (checks,
profiles of deliveries, models, estimates): the comparison is of what follows from the deliveries
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.warehouse import connect

if TYPE_CHECKING:
    import duckdb

OF_A_RUN = frozenset({"run_id", "at", "loaded_at"})
"""Columns that differ between two runs on the same deliveries."""
NOT_FROM_DELIVERIES = frozenset(
    {"warehouse_meta", "dq_profile", "dq_result", "delivery_override", "delivery_processed"}
)
ONLY = {"ingest_file": "status = 'accepted'"}
"""Rows to compare: a refused file is noted but not kept, so nothing can be made of it again."""


@dataclass(frozen=True, slots=True)
class Content:
    """Rows of a table, and a hash of them in any order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One table; `equal` is `None` where there was nothing to compare with."""

    table: str
    rows: int
    equal: bool | None = None

    def as_json(self) -> dict[str, object]:
        """For a program."""
        return {"table": self.table, "rows": self.rows, "equal": self.equal}

    def line(self) -> str:
        """For a person."""
        verdict = {True: "equal", False: "DIFFERENT", None: ""}[self.equal]
        return f"{self.table:<24} {self.rows:>10} rows  {verdict}".rstrip()


def contents(path: Path) -> dict[str, Content]:
    """Content of every table of a warehouse that follows from the deliveries."""
    with connect(path, read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where database_name = 'plateau' and schema_name = 'main' order by 1, 2"
        ).fetchall()
        columns: dict[str, list[str]] = {}
        for table, column, kind in rows:
            if table not in NOT_FROM_DELIVERIES and column not in OF_A_RUN:
                columns.setdefault(table, []).append(_comparable(column, kind))
        return {table: _content(connection, table, listed) for table, listed in columns.items()}


def compare(made: Path, live: Path) -> list[Compared]:
    """Every table of `made` beside the table of that name in `live`."""
    theirs = contents(live)
    return [
        Compared(table, content.rows, theirs.get(table) == content)
        for table, content in contents(made).items()
    ]


def _comparable(column: str, kind: str) -> str:
    # A mean of many numbers depends in its last bits on the order in which they were added.
    return f'"{column}"::float' if kind == "DOUBLE" else f'"{column}"'


def _content(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> Content:
    row = connection.execute(
        f"select count(*), coalesce(sum(hash({', '.join(columns)})), 0)::varchar "
        f'from "{table}" where {ONLY.get(table, "true")}'
    ).fetchone()
    rows, digest = row or (0, "0")
    return Content(int(rows), str(digest))
