"""Sheets of a workbook as rows of one table.

Belongs here: headers below titles, hidden rows, sheets that are something else, several sheets as
one table. Does not: cells as stored (`sheets`), what their columns need (`sheet_columns`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from orchestration.ingest.assembly import rows_frame, unknown_cells, verbatim_frame
from orchestration.ingest.csv_records import WHITE, Records
from orchestration.ingest.headers import Header, NoHeader, find_header
from orchestration.ingest.refusal import Refused
from orchestration.ingest.sheet_cells import EMPTY, Cell
from orchestration.ingest.sheet_columns import Grid, fill_merged, read_column
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.text_table import (
    HEADER_SEARCH_ROWS,
    MAX_COLUMNS,
    SHEET_STRIDE,
    Remark,
    TextTable,
    no_dropped,
)
from orchestration.ingest.workbooks import Workbook

if TYPE_CHECKING:
    from expectations.dictionary import Table

FEWEST_KNOWN_HEADERS = 2  # a row with fewer is no header of the table, in whatever sheet


def read_table(book: Workbook, table: Table) -> TextTable:
    """Read every sheet that has the table's header.

    Raises
    ------
    Refused
        No sheet has it, or one has half of it.
    """
    read: list[TextTable] = []
    ignored: list[pd.DataFrame] = []
    remarks: list[Remark] = []
    for number, sheet in book.sheets.items():
        grid = _grid(sheet)
        if not grid:
            continue
        try:
            at, header = find_header(table, [_texts(r) for _, r in grid[:HEADER_SEARCH_ROWS]])
        except NoHeader as missing:
            if missing.n_known >= FEWEST_KNOWN_HEADERS:
                raise Refused(
                    missing.rule_id, f"{missing} (line {number * SHEET_STRIDE + grid[0][0]})"
                ) from None
            first = number * SHEET_STRIDE + grid[0][0]
            remarks.append(("gate_sheet_ignored", first, f"{len(grid)} rows under other headers"))
            ignored.append(_verbatim(number, grid, None))
            continue
        remarks += _about_hidden(sheet, number, is_hidden=number in book.hidden)
        read.append(_read_sheet(number, sheet, grid, at, header, table, book.epoch))
    return _joined(read, ignored, remarks)


def _grid(sheet: Sheet) -> Grid:
    """Rows up to the last that holds something."""
    width = sheet.width
    if width > MAX_COLUMNS:
        raise Refused("gate_too_large", f"a sheet has {width} columns, more than {MAX_COLUMNS}")
    numbers = sorted(sheet.rows)
    while numbers and not any(cell.text for cell in sheet.rows[numbers[-1]].values()):
        numbers.pop()
    columns = range(1, width + 1)
    return [(n, [sheet.rows[n].get(column, EMPTY) for column in columns]) for n in numbers]


def _texts(cells: list[Cell]) -> list[str]:
    return [cell.text for cell in cells]


def _about_hidden(sheet: Sheet, number: int, *, is_hidden: bool) -> Iterator[Remark]:
    first = number * SHEET_STRIDE
    if is_hidden:
        yield "gate_hidden_rows", first + 1, "the sheet is hidden; it was read"
    if rows := [n for n in sheet.hidden_rows if any(c.text for c in sheet.rows[n].values())]:
        yield "gate_hidden_rows", first + rows[0], f"{len(rows)} rows are hidden; they were read"
    if n := sheet.n_hidden_columns:
        yield "gate_hidden_rows", first + 1, f"{n} groups of columns are hidden; they were read"


def _read_sheet(
    number: int, sheet: Sheet, grid: Grid, at: int, header: Header, table: Table, epoch: datetime
) -> TextTable:
    body = grid[at + 1 :]
    remarks: list[Remark] = [*header.remarks(number * SHEET_STRIDE + grid[at][0])]
    if at:
        first = number * SHEET_STRIDE + grid[0][0]
        remarks.append(("gate_rows_above_header", first, f"{at} rows above the header skipped"))
    verbatim = _verbatim(number, grid, header)
    remarks += fill_merged(number, sheet, body)
    for position, name in header.columns.items():
        remarks += read_column(number, body, position, table.column(name), epoch)
    records = _records(number, body, header.width)
    return TextTable(
        rows=rows_frame(records, header),
        verbatim=verbatim,
        encoding="xlsx",
        header_set=header.match.header_set,
        warnings=tuple(remarks),
        unknown=unknown_cells(records, dict(header.unknown)),
        dropped=no_dropped(),
    )


def _verbatim(number: int, grid: Grid, header: Header | None) -> pd.DataFrame:
    width = header.width if header else 0
    texts = [
        (line := number * SHEET_STRIDE + row, line, json.dumps(_texts(cells), ensure_ascii=False))
        for row, cells in grid
    ]
    return verbatim_frame(texts, _records(number, [], width))


def _records(number: int, body: Grid, width: int) -> Records:
    """Rows as records; the text as written is kept apart, before anything was filled."""
    line = np.array([number * SHEET_STRIDE + row for row, _ in body], dtype=np.int64)
    columns = [
        pa.array([cells[k].text for _, cells in body], pa.large_string()) for k in range(width)
    ]
    is_empty = np.array([not "".join(_texts(cells)).strip(WHITE) for _, cells in body], dtype=bool)
    return Records(
        line=line,
        line_end=line,
        text=pa.chunked_array([], pa.large_string()),
        columns=tuple(pa.chunked_array([c], pa.large_string()) for c in columns),
        n_cells=np.full(len(line), width, dtype=np.int64),
        is_empty=is_empty,
    )


def _joined(read: list[TextTable], ignored: list[pd.DataFrame], remarks: list[Remark]) -> TextTable:
    if not read and not ignored:
        raise Refused("gate_empty_file", "no sheet has a row")
    if not read:
        raise Refused("gate_missing_column", "no sheet has a header of this table")
    rows = pd.concat([part.rows for part in read], ignore_index=True)
    texts = [str(name) for name in rows if name not in ("line", "field_count_ok")]
    rows[texts] = rows[texts].fillna("")
    if not (rows[texts] != "").to_numpy().any():
        raise Refused("gate_empty_file", "there is a header but no row")
    header_sets = {part.header_set for part in read} - {"common"}
    verbatim = pd.concat([*(p.verbatim for p in read), *ignored], ignore_index=True)
    return TextTable(
        rows=rows,
        verbatim=verbatim.sort_values("line", ignore_index=True),
        encoding="xlsx",
        header_set="mixed" if len(header_sets) > 1 else next(iter(header_sets), "common"),
        warnings=(*remarks, *(one for part in read for one in part.warnings)),
        unknown=pd.concat([part.unknown for part in read], ignore_index=True),
        dropped=no_dropped(),
    )
