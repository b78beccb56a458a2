"""The text of a cell as the clinic delivered it, for the places that are asked about.

Cells set aside are in the vault. A row set aside as a whole is read again from the kept file: only
there its cells are still apart. A current row's values are in the warehouse, typed, and are
written back as the clinic writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from expectations import dictionary
from orchestration.ingest import kept, readers
from orchestration.ingest.refusal import Refused
from orchestration.ingest.schema import RAW_TABLES
from orchestration.quality.items import Item
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from expectations.columns import Column


def quarantined_texts(
    vault: duckdb.DuckDBPyConnection, items: Iterable[Item]
) -> dict[tuple[str, int, str], str]:
    """Texts of cells set aside, by (file SHA-256, line, column)."""
    files = sorted({item.file_sha256 for item in items if item.is_cell})
    found = vault.execute(
        "select file_sha256, line, column_name, value from quarantined_value "
        "where file_sha256 in (select unnest($1))",
        [files],
    ).fetchall()
    return {(sha256, line, column): value for sha256, line, column, value in found}


def whole_rows(
    vault: duckdb.DuckDBPyConnection, items: Iterable[Item]
) -> dict[tuple[str, int], str]:
    """Rows as delivered, by (file SHA-256, line), for questions about a whole row."""
    asked = [(item.file_sha256, item.line) for item in items if item.column is None]
    found = vault.execute(
        "select file_sha256, line, text from verbatim_row "
        "where file_sha256 in (select unnest($1)) and line in (select unnest($2))",
        [[sha256 for sha256, _ in asked], [line for _, line in asked]],
    ).fetchall()
    return {(sha256, line): text for sha256, line, text in found}


def delivered_rows(
    settings: Settings, items: Iterable[Item]
) -> dict[tuple[str, str], pd.DataFrame]:
    """Text rows of the kept files in which a row is set aside, by (file SHA-256, table).

    Only the lines asked about are returned, with `line` as index. A file that is no longer kept or
    no longer readable is left out: the question stands without its text.
    """
    lines: dict[tuple[str, str], set[int]] = defaultdict(set)
    names = {}
    for item in items:
        if not item.is_cell and not item.is_current:
            lines[item.file_sha256, item.table].add(item.line)
            names[item.file_sha256] = item.file_name
    found = {}
    for (sha256, table_name), wanted in lines.items():
        path = kept.blob(settings, sha256)
        try:
            table = dictionary.load()[table_name]
            frame = readers.read(path, table, name=names[sha256]).rows
        except (OSError, Refused):
            continue
        found[sha256, table_name] = frame[frame["line"].isin(wanted)].set_index("line")
    return found


def current_values(
    warehouse: duckdb.DuckDBPyConnection, items: Iterable[Item]
) -> dict[tuple[str, str, str], str]:
    """Values of current rows as the clinic writes them, by (table, row key, column)."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in items:
        if item.is_current and item.column:
            wanted[item.table, item.column].append(item.row_key)
    found: dict[tuple[str, str, str], str] = {}
    for (table, name), keys in wanted.items():
        column = dictionary.load()[table].column(name)
        if column.identifying:
            continue
        values = warehouse.execute(
            f'select row_key, "{name}" from {RAW_TABLES[table]} '
            "where known_to is null and row_key in (select unnest($1))",
            [keys],
        ).fetchall()
        found |= {(table, key, name): as_written(value, column) for key, value in values}
    return found


def as_written(value: Any, column: Column) -> str:
    """A typed value in the clinic's spelling: decimal comma, dd/mm/yyyy, the list's own words."""
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case datetime():
            return f"{value:%d/%m/%Y %H:%M}"
        case date():
            return f"{value:%d/%m/%Y}"
        case float():
            return f"{value:.15g}".replace(".", ",")
        case str() if column.codes:
            return next(iter(column.codes.get(value, (value,))))
        case _:
            return str(value)
