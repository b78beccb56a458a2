"""What every asset tells the Dagster UI in the same words: owners, columns, row counts."""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

from orchestration.build import Build
from orchestration.warehouse import tables

OWNERS = ["team:data-engineering"]
SCIENCE = ["team:biostatistics"]


def table_schema(
    columns: Mapping[str, str], descriptions: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Column schema metadata from name -> SQL type, and name -> description."""
    said = descriptions or {}
    listed = [
        dg.TableColumn(name, kind, description=said.get(name)) for name, kind in columns.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=listed)}


def row_counts(build: Build, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Row count metadata by table, under the UI's own key; empty for absent tables."""
    with build.read() as connection:
        held = set(tables(connection))
        counts = {
            name: connection.execute(f'select count(*) from "{name}"').fetchall()[0][0]
            for name in held.intersection(names)
        }
    return {
        name: {"dagster/row_count": int(counts[name])} if name in counts else {} for name in names
    }
