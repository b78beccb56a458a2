"""Which deliveries and files a warehouse holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.ingest.kept import override, unjudged
from orchestration.settings import Settings
from orchestration.warehouse import connect, meta_of, tables

if TYPE_CHECKING:
    import duckdb


def loaded_deliveries(connection: duckdb.DuckDBPyConnection, settings: Settings) -> set[str]:
    """Ids of the deliveries that the attached warehouse has taken or refused.

    One that was refused is tried again only when somebody has given a word on it since; one that
    a run left between its facts and the last block is judged again.
    """
    if "ingest_file" not in tables(connection):
        return set()
    rows = connection.execute(
        "select delivery_id, bool_or(status = 'refused') from ingest_file group by delivery_id"
    ).fetchall()
    return {
        delivery_id
        for delivery_id, is_refused in rows
        if not (is_refused and override(settings, delivery_id))
    } - unjudged(settings)


def refused_deliveries(settings: Settings) -> dict[str, str]:
    """Delivery -> why it stands refused in the published warehouse."""
    if meta_of(settings.live) is None:
        return {}
    with connect(settings.live, read_only=True) as connection:
        rows = connection.execute(
            "select delivery_id, file_name || ': ' || reason || ' (rule ' || rule_id || ')' "
            "from ingest_file where status = 'refused'"
        ).fetchall()
    return dict(rows)


def mark_processed(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that a whole chain, to the report, has worked on every delivery that is loaded."""
    connection.execute(
        "create or replace table delivery_processed as "
        "select distinct delivery_id from ingest_file where status = 'accepted' order by 1"
    )


def processed_deliveries(settings: Settings) -> set[str]:
    """Ids of the deliveries that the published warehouse has taken through the whole chain.

    A launch of single assets may publish a delivery's raw rows alone: then it is not among them,
    and the next nightly takes it up.
    """
    if meta_of(settings.live) is None:
        return set()
    with connect(settings.live, read_only=True) as connection:
        held = loaded_deliveries(connection, settings)
        refused = held - _values(connection, "ingest_file", "delivery_id", "status = 'accepted'")
        return refused | _values(connection, "delivery_processed", "delivery_id")


def _values(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, condition: str = "true"
) -> set[str]:
    if table not in tables(connection):
        return set()
    rows = connection.execute(f"select distinct {column} from {table} where {condition}").fetchall()
    return {value for (value,) in rows}
