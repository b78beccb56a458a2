"""Which deliveries and files a warehouse holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.settings import Settings
from orchestration.warehouse import connect, meta_of, tables

if TYPE_CHECKING:
    import duckdb


def loaded_files(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """SHA-256 of the files whose rows are in the attached warehouse."""
    return _values(connection, "ingest_file", "file_sha256")


def loaded_deliveries(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Ids of the deliveries whose files are in the attached warehouse."""
    return _values(connection, "ingest_file", "delivery_id")


def mark_processed(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that a whole chain, to the report, has worked on every delivery that is loaded."""
    connection.execute(
        "create or replace table delivery_processed as "
        "select distinct delivery_id from ingest_file order by 1"
    )


def processed_deliveries(settings: Settings) -> set[str]:
    """Ids of the deliveries that the published warehouse has taken through the whole chain.

    A launch of single assets may publish a delivery's raw rows alone: then it is not among them,
    and the next nightly takes it up.
    """
    if meta_of(settings.live) is None:
        return set()
    with connect(settings.live, read_only=True) as connection:
        return _values(connection, "delivery_processed", "delivery_id")


def _values(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> set[str]:
    if table not in tables(connection):
        return set()
    rows = connection.execute(f"select distinct {column} from {table}").fetchall()
    return {value for (value,) in rows}
