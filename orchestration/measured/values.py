"""Whether a repaired cell holds the value that was true before it was spoilt.

Here: the stored value beside the ledger's true text, read by the contract's own parser. Not here:
counting (`scores`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from expectations import dictionary
from expectations.cells import parse_cell
from expectations.outcomes import Bad
from orchestration import vault
from orchestration.measured.scores import each_row
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from expectations.columns import Column

_KEPT = """
select f.delivery_name, f.file_name, l.line, l.patient_id, c.*
from raw_line as l
inner join ingest_file as f
    on l.delivery_id = f.delivery_id and l.file_sha256 = f.file_sha256
    and l.table_name = f.table_name
inner join content_{table} as c on l.content_hash = c.content_hash
inner join wanted_cells as w
    on f.delivery_name = w.delivery and f.file_name = w."file" and l.line = w.line
where l.table_name = '{table}' and l.fate = 'kept' and l.base_delivery_id is null
"""


def repaired_exactly(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    ledger: pd.DataFrame,
    said: pd.DataFrame,
) -> dict[tuple[str, str, int, str], bool]:
    """Compare every repaired cell of the ledger with its true value.

    Returns
    -------
    dict
        (delivery, file, line, column) -> whether the stored value is the true one. Cells of rows
        that were dropped or set aside, and cells that the vault alone holds, are left out.
    """
    repairs = said[said["action"] == "repair"]
    key = ["delivery", "file", "line", "column_name"]
    known = ledger[
        (ledger["defect_id"] > 0) & ledger["line"].notna() & ledger["column_name"].notna()
    ]
    both = known.assign(line=known["line"].astype("int64")).merge(
        repairs.assign(line=repairs["line"].astype("int64"))[key].drop_duplicates(), on=key
    )
    exact: dict[tuple[str, str, int, str], bool] = {}
    for name, table in dictionary.load().items():
        columns = {column.name: column for column in table.file_columns}
        mine = both[both["file"].map(_table_of) == name]
        if mine.empty:
            continue
        connection.register("wanted_cells", mine[["delivery", "file", "line"]].drop_duplicates())
        kept = connection.execute(_KEPT.format(table=name)).df()
        connection.unregister("wanted_cells")
        stored = {
            (row["delivery_name"], row["file_name"], row["line"]): row
            for row in kept.to_dict("records")
        }
        for cell in each_row(mine):
            row = stored.get((cell.delivery, cell.file, cell.line))
            column = columns[cell.column_name]
            if row is None or (column.identifying and column.type != "identifier"):
                continue
            place = (cell.delivery, cell.file, int(cell.line), cell.column_name)
            true = "" if pd.isna(cell.true_value) else cell.true_value
            exact[place] = _holds(row, column, true, settings, connection)
    return exact


def _holds(
    row: dict[Any, Any],
    column: Column,
    true: str,
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
) -> bool:
    if column.type == "identifier":
        key = vault.load_key(settings, "synthetic")
        return row["patient_id"] == vault.pseudonym(key, true)
    cell = parse_cell(true, column, pivot_year=2026)
    if isinstance(cell, Bad):
        return False
    stored = row[column.name]
    if cell.value is None or stored is None or pd.isna(stored):
        return cell.value is None and (stored is None or bool(pd.isna(stored)))
    if column.type in ("date", "datetime"):
        return bool(pd.Timestamp(stored) == pd.Timestamp(cell.value))
    return bool(stored == cell.value)


def _table_of(file: str) -> str | None:
    tables = dictionary.tables_for_file(file)
    return tables[0].name if tables else None
