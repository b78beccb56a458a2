"""Which deliveries a warehouse holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.settings import Settings
from orchestration.warehouse import connect, meta_of, tables

if TYPE_CHECKING:
    import duckdb


def known_deliveries(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Ids of the deliveries whose files are in the attached warehouse."""
    if "ingest_file" not in tables(connection):
        return set()
    rows = connection.execute("select distinct delivery_id from ingest_file").fetchall()
    return {delivery_id for (delivery_id,) in rows}


def published_deliveries(settings: Settings) -> set[str]:
    """Ids of the deliveries in the published warehouse (none where nothing is published)."""
    if meta_of(settings.live) is None:
        return set()
    with connect(settings.live, read_only=True) as connection:
        return known_deliveries(connection)
