"""SQL of this folder by name, and its rows as dictionaries.

Belongs here: how a query of `sql/` is run. Does not: what it asks; that is the file's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).with_name("sql")


def rows(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run `sql/<name>.sql` and return its rows.

    Parameters
    ----------
    connection
        With the warehouse (or, for `vault_*` queries, the vault) attached.
    name
        File name without its ending.
    parameters
        Values of the query's `$name` places.
    """
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    answer = connection.execute(text, parameters or {})
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
